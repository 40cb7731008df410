//! Keyset pagination: pages that cost the same at any depth, and cursors nobody can forge.
//!
//! An [`Order`] says by what rows are sorted, a [`BaseQuery`] which rows there are, a [`Position`] where a page starts.
//! [`Keyset::page`] makes the query, [`PageQuery::page`] the page out of its rows, and [`CursorSigner`] turns the page's
//! ends into tokens for a client and back.

mod base;
mod cursor;
mod error;
mod order;
mod page;
mod position;
mod predicate;
mod query;

pub use base::BaseQuery;
pub use cursor::{CursorError, CursorSigner, ListIdentity, Secret};
pub use error::KeysetError;
pub use order::{ColumnType, KeyColumn, Nulls, Order};
pub use page::Page;
pub use position::Position;
pub use query::{Form, Keyset, PageQuery};
