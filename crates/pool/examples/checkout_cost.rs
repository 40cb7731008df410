//! What a checkout and its return cost with a manager that does nothing: `cargo run --release -p mainstay-pool --example checkout_cost`.

use std::convert::Infallible;
use std::hint::black_box;
use std::time::Instant;

use mainstay_pool::{Manager, Pool, PoolConfig};

struct Nothing;

impl Manager for Nothing {
    type Connection = u64;
    type Error = Infallible;

    async fn connect(&self) -> Result<u64, Infallible> {
        Ok(0)
    }

    async fn check(&self, _: &mut u64) -> Result<(), Infallible> {
        Ok(())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    const PAIRS: u32 = 2_000_000;
    let pool = Pool::new("cost", Nothing, PoolConfig::default().min(16))?;
    pool.warm().await?;
    for _ in 0..5 {
        let began = Instant::now();
        for _ in 0..PAIRS {
            black_box(&mut *pool.get().await?);
        }
        let pair = began.elapsed() / PAIRS;
        let began = Instant::now();
        for _ in 0..PAIRS {
            black_box(tokio::time::Instant::now());
        }
        println!("get + drop {pair:?}, of which one clock read {:?}", began.elapsed() / PAIRS);
    }
    Ok(())
}
