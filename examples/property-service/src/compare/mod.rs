//! Before against after: the report in figures, in a terminal's tables and as a page.

mod charts;
mod details;
mod figures;
#[cfg(test)]
mod fixture;
mod html;
mod machine;
mod progress;
mod report;
mod side;
mod tables;
mod write;

pub use html::page;
pub use machine::Machine;
pub use progress::Progress;
pub use report::{Report, Setting};
pub use side::{Measured, Side};
pub use tables::tables;
pub use write::{Output, OutputError};
