//! What people will ask first, by the database's own records: asked for before they do.

mod homes;
mod ranked;
mod run;
mod statistics;
mod suburbs;
mod trending;
