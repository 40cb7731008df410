#![allow(unused_imports)]

use mainstay_resilience::{Error, with_retry};

#[with_retry(FAST)]
async fn value_of(mut request: String) -> Result<usize, Error<String>> {
    request.push('!');
    Ok(request.len())
}

fn main() {}
