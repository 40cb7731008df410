#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![warn(unreachable_pub)]
//! mainstay-testkit.
