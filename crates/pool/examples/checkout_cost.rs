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

const ROUNDS: usize = 400;
const PAIRS: u32 = 10_000;

/// The least and the middle of the rounds: a busy machine makes rounds slower, never faster.
fn print(what: &str, mut rounds: Vec<f64>) {
    rounds.sort_by(f64::total_cmp);
    println!("{what:<24} least {:6.1} ns, middle {:6.1} ns", rounds[0], rounds[rounds.len() / 2]);
}

fn per_pair(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1e9 / f64::from(PAIRS)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pool = Pool::new("cost", Nothing, PoolConfig::default().min(16))?;
    pool.warm().await?;
    let (mut pairs, mut clocks) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let began = Instant::now();
        for _ in 0..PAIRS {
            black_box(&mut *pool.get().await?);
        }
        pairs.push(per_pair(began));
        let began = Instant::now();
        for _ in 0..PAIRS {
            black_box(tokio::time::Instant::now());
        }
        clocks.push(per_pair(began));
    }
    print("get + drop", pairs);
    print("of which the clock", clocks);
    Ok(())
}
