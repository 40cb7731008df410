#![allow(unused_imports)]

use mainstay_resilience::{Error, resilient};

#[resilient]
async fn value_of(id: u64) -> Result<u64, Error<String>> {
    Ok(id)
}

#[resilient(idempotent)]
async fn value(id: u64) -> Result<u64, Error<String>> {
    Ok(id)
}

fn main() {}
