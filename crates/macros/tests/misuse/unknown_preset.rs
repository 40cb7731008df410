use mainstay_resilience::{Error, with_retry};

#[with_retry(FASTER)]
async fn value_of(id: u64) -> Result<u64, Error<String>> {
    Ok(id)
}

fn main() {}
