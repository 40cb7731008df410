use std::time::Duration;

use fastrand::Rng;
use mainstay_cache::RedisConfig;
use mainstay_testkit::StartError;
use mainstay_testkit::proxy::Proxy;
use mainstay_testkit::redis::{Redis, RedisCluster};

use super::{Group, Order, Primary, Servers, ask};
use crate::node::{COMMAND_TIMEOUT, PREFIX};
use crate::ways;

/// Silence after which the others hold a node for dead.
const NODE_TIMEOUT: Duration = Duration::from_millis(1_200);
/// Few, so that each has several keys.
const BUCKETS: u16 = 16;

/// Three primaries with a replica each.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) redis: RedisCluster,
    control_slot: u16,
    bucket_slots: Vec<u16>,
}

impl Cluster {
    /// `covered`: one dead shard stops them all, as is Redis' default.
    pub(super) fn start(persistent: bool, covered: bool) -> Result<Self, StartError> {
        let mut builder = RedisCluster::builder().replicas(1).node_timeout(NODE_TIMEOUT).behind_proxies();
        for argument in ways::users() {
            builder = builder.arg(argument);
        }
        let coverage = if covered { "yes" } else { "no" };
        builder = builder.arg("--cluster-require-full-coverage").arg(coverage);
        if persistent {
            builder = builder.persistent();
        }
        let redis = builder.start()?;
        let control_slot = redis.slot(&format!("{{{PREFIX}}}:meta"))?;
        let bucket_slots =
            (0..BUCKETS).map(|bucket| redis.slot(&epoch_key(bucket))).collect::<Result<_, _>>()?;
        Ok(Self { redis, control_slot, bucket_slots })
    }

    /// The slots that the cache uses, in another order each time, the control key's among them.
    pub(crate) fn slots(&self, rng: &mut Rng) -> Vec<u16> {
        let mut slots = self.bucket_slots.clone();
        slots.push(self.control_slot);
        rng.shuffle(&mut slots);
        slots
    }

    /// Where a shard is away they stay.
    pub(crate) fn lose_epochs(&self, rng: &mut Rng) {
        for (bucket, slot) in (0..BUCKETS).zip(&self.bucket_slots) {
            if rng.bool()
                && let Ok(owner) = self.redis.owner(*slot)
            {
                let _lost = ask::<u64>(owner, &["DEL", &epoch_key(bucket)], COMMAND_TIMEOUT);
            }
        }
    }

    pub(crate) fn control_slot(&self) -> u16 {
        self.control_slot
    }
}

fn epoch_key(bucket: u16) -> String {
    format!("{{{PREFIX}:b{bucket}}}:e")
}

impl Servers for Cluster {
    fn config(&self, node: usize) -> RedisConfig {
        let urls = self.proxies().into_iter().map(|proxy| ways::url(node, proxy.port()));
        RedisConfig::default().cluster(urls).buckets(BUCKETS)
    }

    fn proxies(&self) -> Vec<&Proxy> {
        self.redis.nodes().iter().map(|server| self.proxy(server)).collect()
    }

    fn control_names(&self) -> (String, String) {
        (format!("{{{PREFIX}}}:meta"), format!("{{{PREFIX}}}:inv"))
    }

    fn control(&self) -> Result<&Redis, StartError> {
        self.redis.owner(self.control_slot)
    }

    /// Every other time that of the control key, whose loss all nodes feel.
    fn any_primary(&self, rng: &mut Rng) -> Result<Primary<'_>, StartError> {
        let slot = if rng.bool() { self.control_slot } else { self.slots(rng)[0] };
        Ok(Primary { server: self.redis.owner(slot)?, slot })
    }

    fn restart(&self, server: &Redis) -> Result<(), StartError> {
        self.redis.rejoin(server)
    }

    fn longest_pause(&self) -> Duration {
        NODE_TIMEOUT / 3
    }

    fn group(&self) -> Option<&dyn Group> {
        Some(self)
    }

    fn cluster(&self) -> Option<&Cluster> {
        Some(self)
    }
}

impl Group for Cluster {
    fn proxy(&self, server: &Redis) -> &Proxy {
        self.redis.proxy(server).expect("they were started behind proxies")
    }

    fn replica(&self, primary: Primary<'_>) -> Result<&Redis, StartError> {
        let replicas = self.redis.replicas(primary.server)?;
        Ok(replicas.first().copied().expect("each primary has a replica, and gets it back after each fault"))
    }

    fn order(&self, primary: Primary<'_>, order: Order) -> Result<(), StartError> {
        let replica = self.replica(primary)?;
        match order {
            Order::Agreed => self.redis.fail_over(replica),
            Order::Forced => self.redis.force(replica),
            Order::Unasked => self.redis.take_over(replica),
        }
    }

    fn successor(&self, old: Primary<'_>) -> Result<&Redis, StartError> {
        self.redis.elected_instead_of(old.server, old.slot)
    }

    fn follow(&self, old: &Redis) -> Result<(), StartError> {
        self.redis.follow(old)
    }

    fn runs_of_epochs(&self, server: &Redis) -> redis::RedisResult<Vec<String>> {
        let elsewhere = |error: &redis::RedisError| error.code() == Some("MOVED");
        let mut runs = Vec::new();
        match ask::<Option<String>>(server, &["HGET", &self.control_names().0, "r"], COMMAND_TIMEOUT) {
            Err(error) if elsewhere(&error) => {}
            run => runs.push(run?.unwrap_or_default()),
        }
        for bucket in 0..BUCKETS {
            // Eight bytes of epoch, and then the run.
            match ask::<Option<Vec<u8>>>(server, &["GET", &epoch_key(bucket)], COMMAND_TIMEOUT) {
                Err(error) if elsewhere(&error) => {}
                life => {
                    let life = life?.unwrap_or_default();
                    runs.push(String::from_utf8_lossy(life.get(8..).unwrap_or_default()).into_owned());
                }
            }
        }
        Ok(runs)
    }
}
