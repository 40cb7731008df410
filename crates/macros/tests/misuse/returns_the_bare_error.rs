use mainstay_resilience::with_retry;

struct Fault;

#[with_retry(FAST)]
async fn value_of(id: u64) -> Result<u64, Fault> {
    Ok(id)
}

fn main() {}
