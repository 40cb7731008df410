//! One rule a file: what it looks for, its page, texts that fire and texts that must not.

mod large_offset;
mod leading_wildcard;
mod or_across_columns;
mod select_star;
#[cfg(test)]
mod trial;
mod wrapped_column;

use super::rule::QueryRule;

/// Every rule. A new one is a file and a line here.
pub(super) fn all() -> Vec<Box<dyn QueryRule>> {
    vec![
        Box::new(select_star::SelectStar),
        Box::new(leading_wildcard::LeadingWildcard),
        Box::new(or_across_columns::OrAcrossColumns),
        Box::new(wrapped_column::WrappedColumn),
        Box::new(large_offset::LargeOffset),
    ]
}
