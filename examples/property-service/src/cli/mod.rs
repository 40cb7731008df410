//! What the program is told, and how it says that it failed.

mod arguments;
mod error;

pub use arguments::Arguments;
pub use error::{RunError, exit_code};
