#![allow(unused_imports)]

use mainstay_resilience::{Error, resilient, with_retry};

#[with_retry(FAST, retries = 3)]
async fn value_of(id: u64) -> Result<u64, Error<String>> {
    Ok(id)
}

#[resilient(polcy = GUARD)]
async fn value(id: u64) -> Result<u64, Error<String>> {
    Ok(id)
}

fn main() {}
