#![allow(unused_imports)]

use mainstay_resilience::{Error, with_retry};

#[with_retry(FAST, clone(reqest))]
async fn value_of(request: String) -> Result<usize, Error<String>> {
    Ok(request.len())
}

fn main() {}
