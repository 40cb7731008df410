use mainstay_resilience::with_retry;

#[with_retry(FAST)]
struct Valuer {
    asked: u64,
}

fn main() {}
