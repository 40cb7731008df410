//! Adaptive sizing beside fixed sizes on a real PostgreSQL, under transactions like pgbench's that arrive at a rate (`pgbench -R`) with a
//! burst of more than the server can do: `cargo run --release -p mainstay-pool --features postgres --example adaptive_postgres
//! [rounds]`. A round takes about 50 s; five are run if nothing else is said.
//!
//! Adaptive and fixed sizes are compared within a round, which shares one machine and one measured capacity, and begin it in turns. The
//! figure is the median of the rounds.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use mainstay_pool::managers::postgres::PostgresManager;
use mainstay_pool::monitor::Timings;
use mainstay_pool::sizing::{AdaptiveConfig, Sizer};
use mainstay_pool::{Pool, PoolConfig};
use mainstay_testkit::postgres::Postgres;
use sqlx::{Connection, PgConnection};

const ACCOUNTS: i32 = 10_000;
const MAX: usize = 80;
const FIXED: [usize; 6] = [1, 4, 8, 16, 32, MAX];
/// Of what eight connections do without a pause.
const USUAL_LOAD: f64 = 0.35;
const BURST_LOAD: f64 = 1.6;
/// Callers wait no longer for a connection.
const PATIENCE: Duration = Duration::from_millis(500);
/// Not counted: connects are made, and the adaptive pool learns.
const LEARNING: Duration = Duration::from_secs(2);
const BEFORE: Duration = Duration::from_millis(1500);
const DURING: Duration = Duration::from_secs(1);
const AFTER: Duration = Duration::from_millis(2500);
const TICK: Duration = Duration::from_millis(100);

type Failure = Box<dyn std::error::Error + Send + Sync>;
type Timed = Pool<PostgresManager, Arc<Timings>>;

/// One transaction as pgbench's: change, read, note. `false` if no connection came in time.
async fn transfer(pool: &Timed, account: i32, amount: i32) -> Result<bool, sqlx::Error> {
    let Ok(mut connection) = pool.get().await else { return Ok(false) };
    let mut transaction = connection.begin().await?;
    sqlx::query("UPDATE accounts SET balance = balance + $1 WHERE id = $2")
        .bind(amount)
        .bind(account)
        .execute(&mut *transaction)
        .await?;
    sqlx::query("SELECT balance FROM accounts WHERE id = $1")
        .bind(account)
        .fetch_one(&mut *transaction)
        .await?;
    sqlx::query("INSERT INTO history (account, amount) VALUES ($1, $2)")
        .bind(account)
        .bind(amount)
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(true)
}

fn pool(server: &Postgres, size: usize) -> Result<(Timed, Arc<Timings>), Failure> {
    let timings = Arc::new(Timings::default());
    let config = PoolConfig::production().min(0).max(size).max_connecting(4).acquire_timeout(PATIENCE);
    // Every transaction is ended here: no need to ask the server after each return.
    let manager = PostgresManager::new(server.url().parse()?).always_reset(false);
    let pool = Pool::builder("bench", manager, config.check_timeout(PATIENCE))
        .observer(Arc::clone(&timings))
        .build()?;
    Ok((pool, timings))
}

/// Transactions a second of eight clients that never pause, on eight connections.
async fn capacity(server: &Postgres) -> Result<f64, Failure> {
    let (pool, _) = pool(server, 8)?;
    let (began, span) = (Instant::now(), Duration::from_secs(2));
    let clients = (0..8).map(|client| {
        let pool = pool.clone();
        tokio::spawn(async move {
            let mut served = 0_u32;
            while began.elapsed() < span {
                served += u32::from(transfer(&pool, client * 1_000 + 7, 1).await?);
            }
            Ok::<_, sqlx::Error>(served)
        })
    });
    let mut served = 0;
    for client in clients.collect::<Vec<_>>() {
        served += client.await??;
    }
    pool.close().await;
    Ok(f64::from(served) / span.as_secs_f64())
}

/// What became of the callers of one phase.
#[derive(Debug, Default)]
struct Tally {
    served: AtomicU64,
    gave_up: AtomicU64,
    failed: AtomicU64,
    answer_micros: AtomicU64,
}

impl Tally {
    fn mean_answer(&self) -> Duration {
        let served = self.served.load(Relaxed).max(1);
        Duration::from_micros(self.answer_micros.load(Relaxed) / served)
    }
}

/// Lets callers arrive at random for `span`, `rate` a second, and counts them in the tick in which they came.
async fn arrive(pool: &Timed, rate: f64, span: Duration, random: &mut fastrand::Rng) -> Vec<Arc<Tally>> {
    let mut ticks: Vec<Arc<Tally>> = Vec::new();
    let (began, mut next) = (Instant::now(), 0.0);
    while began.elapsed() < span {
        let now = began.elapsed().as_secs_f64();
        while next <= now {
            next -= (1.0 - random.f64()).ln() / rate;
            let tick = (now / TICK.as_secs_f64()) as usize;
            ticks.resize_with(ticks.len().max(tick + 1), Arc::default);
            let (pool, tally) = (pool.clone(), Arc::clone(&ticks[tick]));
            let (account, amount) = (random.i32(0..ACCOUNTS), random.i32(-500..500));
            tokio::spawn(async move {
                let asked = Instant::now();
                let counter = match transfer(&pool, account, amount).await {
                    Ok(true) => &tally.served,
                    Ok(false) => &tally.gave_up,
                    Err(_) => &tally.failed,
                };
                counter.fetch_add(1, Relaxed);
                let micros = u64::try_from(asked.elapsed().as_micros()).unwrap_or(u64::MAX);
                tally.answer_micros.fetch_add(micros, Relaxed);
            });
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    ticks
}

#[derive(Clone, Copy, Default)]
struct Figures {
    /// Of those who came while it was counted, burst included.
    served_share: f64,
    mean_answer: Duration,
    connections: usize,
    peak: usize,
    /// Until the last tick after the burst that lost a caller or answered in more than three times the usual time.
    recovery: Duration,
}

async fn run(server: &Postgres, capacity: f64, fixed: Option<usize>) -> Result<Figures, Failure> {
    let (pool, timings) = pool(server, fixed.unwrap_or(MAX))?;
    let sizer = match fixed {
        Some(_) => None,
        None => {
            let config = AdaptiveConfig::default().max(MAX).window(TICK).cooldown(2 * TICK);
            Some(Sizer::start(&pool, timings, config)?)
        }
    };
    let mut random = fastrand::Rng::with_seed(7);
    let usual = USUAL_LOAD * capacity;
    arrive(&pool, usual, LEARNING, &mut random).await;
    let before = arrive(&pool, usual, BEFORE, &mut random).await;
    let connections = pool.status().size;
    let burst = arrive(&pool, BURST_LOAD * capacity, DURING, &mut random).await;
    let peak = pool.status().size;
    let after = arrive(&pool, usual, AFTER, &mut random).await;
    tokio::time::sleep(2 * PATIENCE).await;
    if let Some(decision) = sizer.as_ref().and_then(Sizer::last) {
        println!("    the last decision: {decision}");
    }
    drop(sizer);
    pool.close().await;

    let total = |ticks: &[Arc<Tally>], of: fn(&Tally) -> &AtomicU64| -> u64 {
        ticks.iter().map(|tick| of(tick).load(Relaxed)).sum()
    };
    let phases = [&before[..], &burst, &after];
    let served: u64 = phases.map(|ticks| total(ticks, |tally| &tally.served)).iter().sum();
    let lost: u64 = phases
        .map(|ticks| total(ticks, |tally| &tally.gave_up) + total(ticks, |tally| &tally.failed))
        .iter()
        .sum();
    let micros = total(&before, |tally| &tally.answer_micros);
    let usual_answer = Duration::from_micros(micros / total(&before, |tally| &tally.served).max(1));
    let is_bad = |tick: &Arc<Tally>| tick.gave_up.load(Relaxed) > 0 || tick.mean_answer() > 3 * usual_answer;
    let bad_ticks = after.iter().rposition(is_bad).map_or(0, |last| last + 1);
    Ok(Figures {
        served_share: served as f64 / (served + lost) as f64,
        mean_answer: usual_answer,
        connections,
        peak,
        recovery: TICK * u32::try_from(bad_ticks).unwrap_or(u32::MAX),
    })
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn median_share(runs: &[Figures]) -> f64 {
    median(runs.iter().map(|run| run.served_share).collect())
}

fn print(what: &str, runs: &[Figures]) {
    print!("{what:<9} serves {:5.1} %", 100.0 * median_share(runs));
    for Figures { mean_answer, connections, peak, recovery, .. } in runs {
        print!(
            "; {connections} connections, {peak} after the burst, {mean_answer:.1?}, recovered in {recovery:?}"
        );
    }
    println!();
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let rounds: usize = std::env::args().nth(1).map_or(Ok(5), |rounds| rounds.parse())?;
    let server = Postgres::builder().setting("max_connections", "100").start()?;
    let mut setup = PgConnection::connect(&server.url()).await?;
    for statement in [
        "CREATE TABLE accounts (id int PRIMARY KEY, balance int NOT NULL DEFAULT 0)",
        "CREATE TABLE history (account int NOT NULL, amount int NOT NULL, at timestamptz NOT NULL DEFAULT now())",
        "INSERT INTO accounts (id) SELECT generate_series(0, 9999)",
    ] {
        sqlx::query(statement).execute(&mut setup).await?;
    }

    // `None` is the adaptive one.
    let mut contenders: Vec<(Option<usize>, Vec<Figures>)> =
        FIXED.into_iter().map(Some).chain([None]).map(|size| (size, Vec::new())).collect();
    for round in 0..rounds {
        let capacity = capacity(&server).await?;
        println!("round {} of {rounds}: eight connections do {capacity:.0} transactions/s", round + 1);
        for place in 0..contenders.len() {
            let turn = (round + place) % contenders.len();
            let (size, runs) = &mut contenders[turn];
            runs.push(run(&server, capacity, *size).await?);
        }
    }

    println!("usual load {USUAL_LOAD} of that, burst {BURST_LOAD} for {DURING:?}");
    for (size, runs) in &contenders {
        print(&size.map_or("adaptive".to_owned(), |size| format!("fixed {size}")), runs);
    }
    let (_, adaptive) = contenders.pop().ok_or("there are contenders")?;
    let best = contenders.iter().max_by(|(_, a), (_, b)| median_share(a).total_cmp(&median_share(b)));
    let (size, best) = best.ok_or("there are fixed sizes")?;
    let mut ratios: Vec<f64> = adaptive
        .iter()
        .zip(best)
        .map(|(ours, theirs)| 100.0 * ours.served_share / theirs.served_share)
        .collect();
    ratios.sort_by(f64::total_cmp);
    println!(
        "adaptive serves {:.1} % ({:.1} to {:.1} %) of what the best fixed size, {}, does in the same round",
        ratios[ratios.len() / 2],
        ratios[0],
        ratios[ratios.len() - 1],
        size.unwrap_or_default(),
    );
    Ok(())
}
