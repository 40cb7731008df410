//! Indexes as data, the statements that make and drop them, and the property schema's catalogue.

mod catalogue;
mod ddl;
mod definition;

pub use catalogue::PropertySchema;
pub use ddl::Build;
pub use definition::{Direction, IndexDefinition, IndexKey, NullsPosition};
