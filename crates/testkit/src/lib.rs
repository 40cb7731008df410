#![forbid(unsafe_code)]
#![deny(missing_docs)]
//! mainstay-testkit.
