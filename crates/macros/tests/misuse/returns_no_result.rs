use mainstay_resilience::with_retry;

#[with_retry(FAST)]
async fn value_of(id: u64) -> u64 {
    id
}

fn main() {}
