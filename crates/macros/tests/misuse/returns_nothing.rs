use mainstay_resilience::with_retry;

#[with_retry(FAST)]
async fn notify(id: u64) {
    println!("{id}");
}

fn main() {}
