//! What callers notice of a Redis that falls silent.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use mainstay_cache::{Cache, MemoryConfig, RedisConfig, RegionOptions};
use mainstay_testkit::redis::Redis;

use crate::hit::hit;

const HOT: u64 = 1_000;
const COLD: u64 = 2_000;
/// How many bounds one key is read for.
const BOUNDS: u32 = 2;
const BOUND: Duration = Duration::from_secs(4);

/// What came of it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Outage {
    /// One hit in memory before, and while Redis is silent.
    pub hit: [Duration; 2],
    /// The longest wait for an answer of Redis that was configured.
    pub command_timeout: Duration,
    /// Reads of cold keys, one after the other, that took half of it or longer.
    pub waits: u64,
    /// All of them.
    pub reads: u64,
    /// The longest.
    pub longest: Duration,
    /// How often one hot key was loaded while it was read all the time,
    pub loads: u64,
    /// for so many staleness bounds,
    pub bounds: u32,
    /// by so many reads.
    pub hot_reads: u64,
}

impl fmt::Display for Outage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "a hit in memory: {:.1?} before, {:.1?} while Redis is silent",
            self.hit[0], self.hit[1]
        )?;
        writeln!(
            f,
            "{} reads of cold keys: {} waited, the longest {:.1?} (command timeout {:.1?})",
            self.reads, self.waits, self.longest, self.command_timeout
        )?;
        writeln!(f, "one hot key: {} loads in {} bounds, {} reads", self.loads, self.bounds, self.hot_reads)
    }
}

/// Pauses a Redis (SIGSTOP: connected and silent, the slowest way to be away) under a cache in use.
///
/// # Errors
/// Redis cannot be started.
pub async fn outage() -> Result<Outage, Box<dyn Error>> {
    let redis = Redis::start()?;
    let config = RedisConfig::new(redis.url()).staleness_bound(BOUND);
    let command_timeout = config.command_timeout;
    let memory = MemoryConfig::default().capacity(10_000);
    let cache = Cache::builder("outage").memory(memory).redis(config).build().await?;
    let values = cache.region::<u64, u64>("k", RegionOptions::default())?;
    let hot: Vec<u64> = (0..HOT).collect();
    values.set_many(hot.iter().map(|key| (key, *key))).await?;
    let before = hit(&values, HOT);

    redis.pause();
    let (mut waits, mut longest) = (0, Duration::ZERO);
    for key in HOT..HOT + COLD {
        let began = Instant::now();
        values.get_or_load(&key, move |_| async move { Ok::<_, Infallible>(key) }).await?;
        let took = began.elapsed();
        waits += u64::from(took >= command_timeout / 2);
        longest = longest.max(took);
    }
    // Read anew, so that they are within the bound.
    for key in hot {
        values.get_or_load(&key, move |_| async move { Ok::<_, Infallible>(key) }).await?;
    }
    let during = hit(&values, HOT);

    let (loads, mut hot_reads) = (Arc::new(AtomicU64::new(0)), 0);
    let began = Instant::now();
    while began.elapsed() < BOUNDS * BOUND {
        let loads = loads.clone();
        let load = move |_| async move { Ok::<_, Infallible>(loads.fetch_add(1, Ordering::Relaxed)) };
        values.get_or_load(&u64::MAX, load).await?;
        hot_reads += 1;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let loads = loads.load(Ordering::Relaxed);
    Ok(Outage {
        hit: [before, during],
        command_timeout,
        waits,
        reads: COLD,
        longest,
        loads,
        bounds: BOUNDS,
        hot_reads,
    })
}
