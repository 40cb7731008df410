#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![warn(unreachable_pub)]
#![doc = include_str!("../README.md")]

mod account;
mod binary;
mod error;
mod home;
mod port;
mod process;
mod server;
mod wait;

pub mod postgres;
pub mod proxy;
pub mod redis;

pub use error::StartError;
