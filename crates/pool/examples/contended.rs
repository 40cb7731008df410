//! Pools beside each other, in turns: 64 tasks on 8 connections, and two tasks that never wait, also where connections stay with their
//! threads. A ratio is the median of those of turns taken one after the other.
//!
//! `cargo run --release -p mainstay-pool --example contended [ROUNDS]`

use std::convert::Infallible;
use std::future::Future;
use std::hint::black_box;
use std::time::{Duration, Instant};

use mainstay_pool::{Manager, Pool, PoolConfig};

#[derive(Clone, Copy)]
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

impl deadpool::managed::Manager for Nothing {
    type Type = u64;
    type Error = Infallible;

    async fn create(&self) -> Result<u64, Infallible> {
        Ok(0)
    }

    async fn recycle(
        &self,
        _: &mut u64,
        _: &deadpool::managed::Metrics,
    ) -> deadpool::managed::RecycleResult<Infallible> {
        Ok(())
    }
}

impl bb8::ManageConnection for Nothing {
    type Connection = u64;
    type Error = Infallible;

    async fn connect(&self) -> Result<u64, Infallible> {
        Ok(0)
    }

    async fn is_valid(&self, _: &mut u64) -> Result<(), Infallible> {
        Ok(())
    }

    fn has_broken(&self, _: &mut u64) -> bool {
        false
    }
}

trait AnyPool: Clone + Send + Sync + 'static {
    fn take(&self) -> impl Future<Output = impl Send> + Send;
}

impl AnyPool for Pool<Nothing> {
    async fn take(&self) -> impl Send {
        self.get().await.expect("warm")
    }
}

impl AnyPool for deadpool::managed::Pool<Nothing> {
    async fn take(&self) -> impl Send {
        self.get().await.expect("warm")
    }
}

impl AnyPool for bb8::Pool<Nothing> {
    async fn take(&self) -> impl Send {
        self.get().await.expect("warm")
    }
}

/// The time that this process's threads have run, in nanoseconds: steadier than the time that has passed on a machine that does something
/// else too. Linux only.
fn cpu() -> f64 {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let ran = threads.filter_map(|thread| {
        let text = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<f64>().ok()
    });
    ran.sum()
}

struct Turn {
    per_second: f64,
    cpu_ns: f64,
    p999_us: f64,
    jain: f64,
}

fn turn<P: AnyPool>(
    runtime: &tokio::runtime::Runtime,
    pool: &P,
    tasks: u64,
    count: u64,
    yields: bool,
) -> Turn {
    let stock = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let (began, cpu_before) = (Instant::now(), cpu());
    let (mut waits, served) = runtime.block_on(async {
        let mut all = tokio::task::JoinSet::new();
        for _ in 0..tasks {
            let (pool, stock) = (pool.clone(), stock.clone());
            all.spawn(tokio::task::unconstrained(async move {
                let mut waits = Vec::new();
                if yields {
                    while stock.fetch_add(1, std::sync::atomic::Ordering::Relaxed) < count {
                        let asked = Instant::now();
                        let held = pool.take().await;
                        waits.push(asked.elapsed().as_nanos() as u64);
                        tokio::task::yield_now().await;
                        black_box(&held);
                    }
                } else {
                    for _ in 0..count / tasks {
                        black_box(pool.take().await);
                    }
                }
                waits
            }));
        }
        let (mut waits, mut served) = (Vec::new(), Vec::new());
        for own in all.join_all().await {
            served.push(own.len() as f64);
            waits.extend(own);
        }
        (waits, served)
    });
    let (took, spent) = (began.elapsed(), cpu() - cpu_before);
    waits.sort_unstable();
    let (sum, squares) = (served.iter().sum::<f64>(), served.iter().map(|s| s * s).sum::<f64>());
    Turn {
        per_second: count as f64 / took.as_secs_f64() / 1e6,
        cpu_ns: spent / count as f64,
        p999_us: waits.get(waits.len() * 999 / 1000).map_or(0.0, |w| *w as f64 / 1e3),
        jain: if squares > 0.0 { sum * sum / (served.len() as f64 * squares) } else { 1.0 },
    }
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

async fn warmed<P: AnyPool>(pool: P, size: usize) -> P {
    let mut opened = Vec::new();
    for _ in 0..size {
        opened.push(pool.take().await);
    }
    drop(opened);
    tokio::time::sleep(Duration::from_millis(1)).await;
    pool
}

fn contest(name: &str, rounds: usize, (size, affine): (usize, bool), tasks: u64, count: u64, yields: bool) {
    let runtime = || {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("starts")
    };
    let (ours, theirs, others) = (runtime(), runtime(), runtime());
    let mainstay = ours.block_on(async {
        let config = PoolConfig::production().min(size).max(size).thread_affinity(affine);
        let pool = Pool::new("b", Nothing, config).expect("valid");
        warmed(pool, size).await
    });
    let deadpool = theirs.block_on(async {
        warmed(deadpool::managed::Pool::builder(Nothing).max_size(size).build().expect("valid"), size).await
    });
    let bb8 = others.block_on(async {
        bb8::Pool::builder()
            .max_size(u32::try_from(size).expect("few"))
            .min_idle(u32::try_from(size).expect("few"))
            .test_on_check_out(false)
            .build(Nothing)
            .await
            .expect("valid")
    });
    let mut turns: [Vec<Turn>; 3] = Default::default();
    for _ in 0..rounds {
        turns[0].push(turn(&ours, &mainstay, tasks, count, yields));
        turns[1].push(turn(&theirs, &deadpool, tasks, count, yields));
        turns[2].push(turn(&others, &bb8, tasks, count, yields));
    }
    println!("{name}");
    for (who, own) in ["mainstay", "deadpool", "bb8"].into_iter().zip(&turns) {
        let of = |f: fn(&Turn) -> f64| median(own.iter().map(f).collect());
        println!(
            "  {who:<9} {:6.3} M/s  cpu {:7.1} ns  p99.9 {:8.1} us  Jain {:.5}",
            of(|t| t.per_second),
            of(|t| t.cpu_ns),
            of(|t| t.p999_us),
            of(|t| t.jain)
        );
    }
    let ratio =
        |f: fn(&Turn) -> f64| median(turns[0].iter().zip(&turns[1]).map(|(a, b)| f(a) / f(b)).collect());
    println!(
        "  mainstay / deadpool, paired: throughput {:.3}  cpu {:.3}  p99.9 {:.3}",
        ratio(|t| t.per_second),
        ratio(|t| t.cpu_ns),
        ratio(|t| t.p999_us)
    );
}

fn main() {
    let rounds = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(15);
    contest("64 tasks on 8 connections", rounds, (8, false), 64, 100_000, true);
    contest("2 tasks on 16 connections", rounds, (16, false), 2, 200_000, false);
    contest("the same with thread affinity", rounds, (16, true), 2, 200_000, false);
}
