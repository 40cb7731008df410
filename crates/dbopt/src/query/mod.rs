//! What is wrong with a query, from its text alone.

mod analyzer;
mod columns;
mod config;
mod context;
mod rule;
mod rules;
mod tables;
mod walk;

pub use analyzer::QueryAnalyzer;
pub use config::{QueryConfig, QueryConfigError};
pub use rule::RulePage;
