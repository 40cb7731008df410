use mainstay_resilience::{Error, with_retry};

struct Fault;

async fn ask(id: u64) -> Result<u64, &'static str> {
    Ok(id)
}

#[with_retry(FAST)]
async fn value_of(id: u64) -> Result<u64, Error<Fault>> {
    ask(id).await
}

fn main() {}
