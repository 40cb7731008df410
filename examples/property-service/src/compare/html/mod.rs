//! The report as one page.

mod cards;
mod facts;
mod page;
mod sections;

pub use page::page;
