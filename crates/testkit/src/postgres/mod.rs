//! A PostgreSQL server that a test owns.

mod binaries;
mod server;
mod template;

pub use server::{Postgres, PostgresBuilder};
