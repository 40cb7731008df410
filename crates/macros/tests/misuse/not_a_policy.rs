use mainstay_resilience::{Error, resilient};

struct Guard;

static GUARD: Guard = Guard;

#[resilient(policy = GUARD)]
async fn value_of(id: u64) -> Result<u64, Error<String>> {
    Ok(id)
}

fn main() {}
