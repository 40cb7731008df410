use mainstay_resilience::{Error, with_retry};

async fn send(request: String) -> Result<u64, String> {
    Err(request)
}

#[with_retry(FAST)]
async fn value_of(request: String) -> Result<u64, Error<String>> {
    send(request).await
}

fn main() {}
