//! Invalidating by tag and by pattern where a great many keys are cached, beside the usual `SCAN` and `UNLINK`.

use std::error::Error;
use std::fmt;
use std::time::{Duration, Instant};

use mainstay_cache::{Cache, Delivery, MemoryConfig, RedisConfig, Region, RegionOptions};
use mainstay_testkit::redis::Redis;
use redis::aio::MultiplexedConnection;

use crate::hit::hit;

const PREFIX: &str = "million";
/// Four, a quarter of the keys each: dead by tag, dead by pattern, unlinked, dead with all others.
const REGIONS: [&str; 4] = ["tagged", "matched", "scanned", "rest"];
const HOT: u64 = 1_000;
const ROUND_TRIPS: usize = 201;

/// One way of making keys dead.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Way {
    /// What was done.
    pub name: &'static str,
    /// How many keys it made dead.
    pub keys: usize,
    /// From call to return.
    pub at_the_caller: Duration,
    /// What Redis spent on all its commands.
    pub in_redis: Duration,
    /// How many commands of the caller's it took.
    pub commands: u64,
    /// Those that Redis spent a millisecond or more on.
    pub slow: u64,
}

/// What came of it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Million {
    /// How many keys were cached.
    pub keys: usize,
    /// Median of a `PING`.
    pub round_trip: Duration,
    /// All ways, the usual one among them.
    pub ways: Vec<Way>,
    /// One hit in memory before any invalidation, and after all of them.
    pub hit: [Duration; 2],
    /// Keys that were looked for after they had been made dead, and found.
    pub revived: usize,
}

impl fmt::Display for Million {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} keys cached; round trip {:.1?}", self.keys, self.round_trip)?;
        for Way { name, keys, at_the_caller, in_redis, commands, slow } in &self.ways {
            writeln!(
                f,
                "{name:<22} {keys:>8} keys: {at_the_caller:>10.1?} at the caller, {in_redis:>10.1?} in Redis, \
                 {commands} commands, {slow} of them of a millisecond or more"
            )?;
        }
        writeln!(
            f,
            "a hit in memory: {:.1?} before, {:.1?} after; revived: {}",
            self.hit[0], self.hit[1], self.revived
        )
    }
}

/// Caches `keys` keys in memory and in Redis and makes them dead.
///
/// # Errors
/// Redis cannot be started, or does not answer.
pub async fn million(keys: usize) -> Result<Million, Box<dyn Error>> {
    let redis = Redis::start()?;
    let mut bench = Bench::new(&redis, keys).await?;
    let regions = bench.fill(keys).await?;
    let hot = bench.cache.region::<u64, u64>("hot", RegionOptions::default())?;
    let hot_keys: Vec<u64> = (0..HOT).collect();
    hot.set_many(hot_keys.iter().map(|key| (key, *key))).await?;
    // The first of its kind also brings the script to Redis.
    applied(bench.cache.invalidate_pattern("nothing:*").await)?;
    let before = hit(&hot, HOT);
    let round_trip = bench.round_trip().await?;

    let cache = bench.cache.clone();
    let quarter = keys / REGIONS.len();
    let mut ways = Vec::new();
    ways.push(bench.measure("tag", quarter, async { applied(cache.invalidate_tag("tag").await) }).await?);
    ways.push(
        bench
            .measure("pattern", quarter, async { applied(cache.invalidate_pattern("matched:*").await) })
            .await?,
    );
    let connection = bench.connection.clone();
    ways.push(bench.measure("SCAN and UNLINK", quarter, scan_and_unlink(connection, "scanned")).await?);
    ways.push(
        bench
            .measure("pattern of every key", keys, async {
                applied(cache.invalidate_pattern("[m-t]*").await)
            })
            .await?,
    );

    let mut revived = 0;
    for region in &regions {
        for key in (0..quarter as u64).step_by((quarter / 500).max(1)) {
            revived += usize::from(region.get(&key).await.is_some());
        }
    }
    let after = hit(&hot, HOT);
    Ok(Million { keys, round_trip, ways, hit: [before, after], revived })
}

fn applied(delivery: Delivery) -> Result<(), Box<dyn Error>> {
    if delivery == Delivery::Applied { Ok(()) } else { Err("Redis did not acknowledge it".into()) }
}

struct Bench {
    cache: Cache,
    connection: MultiplexedConnection,
}

impl Bench {
    async fn new(redis: &Redis, keys: usize) -> Result<Self, Box<dyn Error>> {
        let config = RedisConfig::new(redis.url()).prefix(PREFIX).command_timeout(Duration::from_secs(10));
        let memory = MemoryConfig::default().capacity(keys + 10_000);
        let cache = Cache::builder(PREFIX).memory(memory).redis(config).build().await?;
        let mut connection = redis::Client::open(redis.url())?.get_multiplexed_async_connection().await?;
        let mut set = redis::cmd("CONFIG");
        set.arg(&["SET", "slowlog-log-slower-than", "1000", "slowlog-max-len", "100000"]);
        let () = set.query_async(&mut connection).await?;
        Ok(Self { cache, connection })
    }

    async fn fill(&mut self, keys: usize) -> Result<Vec<Region<u64, u64>>, Box<dyn Error>> {
        let mut regions = Vec::new();
        for name in REGIONS {
            let options = RegionOptions::default().ttl(Duration::from_secs(3_600)).tag(match name {
                "tagged" => "tag",
                _ => "another tag",
            });
            let region = self.cache.region::<u64, u64>(name, options)?;
            let all: Vec<u64> = (0..(keys / REGIONS.len()) as u64).collect();
            for batch in all.chunks(500) {
                applied(region.set_many(batch.iter().map(|key| (key, *key))).await?)?;
            }
            regions.push(region);
        }
        Ok(regions)
    }

    async fn round_trip(&mut self) -> Result<Duration, Box<dyn Error>> {
        let mut trips = Vec::with_capacity(ROUND_TRIPS);
        for _ in 0..ROUND_TRIPS {
            let began = Instant::now();
            let () = redis::cmd("PING").exec_async(&mut self.connection).await?;
            trips.push(began.elapsed());
        }
        trips.sort_unstable();
        Ok(trips[ROUND_TRIPS / 2])
    }

    async fn measure(
        &mut self,
        name: &'static str,
        keys: usize,
        work: impl Future<Output = Result<(), Box<dyn Error>>>,
    ) -> Result<Way, Box<dyn Error>> {
        let connection = &mut self.connection;
        let () = redis::cmd("CONFIG").arg("RESETSTAT").query_async(connection).await?;
        // Twice: throwing away a long log is slow itself, and then the first of the new one.
        for _ in 0..2 {
            let () = redis::cmd("SLOWLOG").arg("RESET").query_async(connection).await?;
        }
        let began = Instant::now();
        work.await?;
        let at_the_caller = began.elapsed();
        let slow: u64 = redis::cmd("SLOWLOG").arg("LEN").query_async(connection).await?;
        let stats: String = redis::cmd("INFO").arg("commandstats").query_async(connection).await?;
        let (mut in_redis, mut commands) = (0, 0);
        for line in stats.lines() {
            // What a script calls is a part of it, and what we ask ourselves, or the node's pulse, none of it.
            let Some((command, figures)) = line.split_once(':') else { continue };
            if matches!(command, "cmdstat_evalsha" | "cmdstat_scan" | "cmdstat_unlink") {
                commands += figure(figures, "calls=")?;
                in_redis += figure(figures, "usec=")?;
            }
        }
        Ok(Way { name, keys, at_the_caller, in_redis: Duration::from_micros(in_redis), commands, slow })
    }
}

fn figure(figures: &str, name: &str) -> Result<u64, Box<dyn Error>> {
    let figure = figures.split(',').find_map(|figure| figure.strip_prefix(name));
    Ok(figure.ok_or_else(|| format!("{figures} tells no {name}"))?.parse()?)
}

/// As services do it.
async fn scan_and_unlink(mut connection: MultiplexedConnection, region: &str) -> Result<(), Box<dyn Error>> {
    let mut cursor = 0_u64;
    loop {
        let mut scan = redis::cmd("SCAN");
        scan.arg(cursor).arg("MATCH").arg(format!("{PREFIX}:v:{region}:*")).arg("COUNT").arg(1_000);
        let (next, keys): (u64, Vec<String>) = scan.query_async(&mut connection).await?;
        if !keys.is_empty() {
            let () = redis::cmd("UNLINK").arg(keys).query_async(&mut connection).await?;
        }
        if next == 0 {
            return Ok(());
        }
        cursor = next;
    }
}
