use super::doors::Doors;
use super::mode::Mode;
use super::sentinel::{MASTER_NAME, Sentinel, Watch};
use super::server::{Redis, RedisBuilder};
use crate::proxy::Proxy;
use crate::{StartError, wait};
use ::redis::cmd;
use std::collections::HashMap;
use std::ffi::OsString;
use std::time::Duration;

const SENTINELS: usize = 3;
const QUORUM: usize = 2;

/// How long the servers may take to know each other, to elect, or to take one back. An election takes two seconds; one
/// whose votes were split begins again after two failover timeouts.
const PATIENCE: Duration = Duration::from_secs(30);

/// A primary, its replicas and three Sentinels of quorum two, all on free ports of 127.0.0.1; dropping it ends them all.
///
/// A server is killed, paused and restarted through its own handle; it comes back as what the Sentinels last made it, as far
/// as this handle has waited for that. The methods that wait for an election block for
/// seconds: an async test calls them through `tokio::task::block_in_place` or `spawn_blocking`.
///
/// ```no_run
/// use mainstay_testkit::redis::RedisSentinel;
///
/// let redis = RedisSentinel::start().unwrap();
/// let old = redis.primary().unwrap();
/// old.kill();
/// let new = redis.elected_instead_of(old).unwrap();
/// assert_ne!(new.port(), old.port());
/// redis.rejoin(old).unwrap(); // empty at first, then as the new one's replica
/// ```
#[derive(Debug)]
pub struct RedisSentinel {
    sentinels: Vec<Sentinel>,
    nodes: Vec<Redis>,
    doors: Doors,
}

impl RedisSentinel {
    /// Starts a primary, one replica and three Sentinels, and returns once each Sentinel knows all the others.
    ///
    /// # Errors
    ///
    /// As [`Redis::start`]; [`StartError::Unsettled`] if they do not come to know each other within 30 s.
    pub fn start() -> Result<Self, StartError> {
        Self::builder().start()
    }

    /// Servers with settings of their own.
    pub fn builder() -> RedisSentinelBuilder {
        RedisSentinelBuilder::default()
    }

    /// The name under which the Sentinels know the primary: `mainstay`.
    pub fn master_name(&self) -> &'static str {
        MASTER_NAME
    }

    /// The Sentinels.
    pub fn sentinels(&self) -> &[Sentinel] {
        &self.sentinels
    }

    /// The Sentinels' URLs, as a client wants them.
    pub fn sentinel_urls(&self) -> Vec<String> {
        self.sentinels.iter().map(Sentinel::url).collect()
    }

    /// Primary and replicas, in the order they were started in: the first primary is the first.
    pub fn nodes(&self) -> &[Redis] {
        &self.nodes
    }

    /// The proxy before a server, if the group was [started behind proxies](RedisSentinelBuilder::behind_proxies).
    pub fn proxy(&self, node: &Redis) -> Option<&Proxy> {
        self.doors.before(node)
    }

    /// The primary that two Sentinels agree on now, dead or alive.
    ///
    /// # Errors
    ///
    /// [`StartError::Unsettled`] if they do not agree.
    pub fn primary(&self) -> Result<&Redis, StartError> {
        wait::until("a primary that two Sentinels agree on", Duration::ZERO, || self.agreed())
    }

    /// Waits until the Sentinels have another primary than `old`, and it takes writes.
    ///
    /// # Errors
    ///
    /// [`StartError::Unsettled`] if that does not come about within 30 s: `old` is alive, no replica was left, or fewer
    /// than two Sentinels were.
    pub fn elected_instead_of(&self, old: &Redis) -> Result<&Redis, StartError> {
        let awaited = format!("another primary than 127.0.0.1:{}", old.port());
        wait::until(&awaited, PATIENCE, || {
            let primary = self.agreed()?;
            if primary.port() == old.port() {
                return Err(format!("the Sentinels still hold to 127.0.0.1:{}", old.port()));
            }
            match role(primary)?.as_str() {
                "master" => {
                    // Sentinel has it written into the configuration file.
                    primary.starts_as(Mode::Alone);
                    Ok(primary)
                }
                role => Err(format!("127.0.0.1:{} was chosen, and is still a {role}", primary.port())),
            }
        })
    }

    /// Has the Sentinels make a replica the primary although the primary lives (`SENTINEL FAILOVER`), and waits until it
    /// takes writes and the old primary follows it: for two seconds more that one calls itself primary, too.
    ///
    /// # Errors
    ///
    /// As [`elected_instead_of`](Self::elected_instead_of); it then tells what the Sentinel that has the order said last.
    pub fn fail_over(&self) -> Result<&Redis, StartError> {
        let old = self.primary()?;
        let new = self.promote()?;
        self.follows(old, new)?;
        Ok(new)
    }

    /// The same, but waits only until the replica takes writes; [`follow`](Self::follow) waits for the old primary.
    ///
    /// # Errors
    ///
    /// As [`fail_over`](Self::fail_over).
    pub fn promote(&self) -> Result<&Redis, StartError> {
        let old = self.primary()?;
        wait::until("a failover by order", PATIENCE, || self.carried_out(old))?;
        self.elected_instead_of(old)
    }

    /// Waits until the Sentinels have another primary than this killed server, restarts it, and waits until they have made
    /// it a replica that has caught up.
    ///
    /// For about two seconds it is what it was when it was started: a former primary is then an empty primary, as it is
    /// in production.
    ///
    /// # Errors
    ///
    /// As [`Redis::restart`]; [`StartError::Unsettled`] if there is no other primary, or it is no replica, within 30 s.
    pub fn rejoin(&self, node: &Redis) -> Result<(), StartError> {
        let primary = self.elected_instead_of(node)?;
        node.restart()?;
        self.follows(node, primary)
    }

    /// Waits until this former primary, which runs, is a replica that has caught up.
    ///
    /// # Errors
    ///
    /// [`StartError::Unsettled`] if there is no other primary, or it is no replica, within 30 s.
    pub fn follow(&self, node: &Redis) -> Result<(), StartError> {
        self.follows(node, self.elected_instead_of(node)?)
    }

    /// Waits until every other server is a replica of the primary that has caught up.
    ///
    /// # Errors
    ///
    /// [`StartError::Unsettled`] if that does not come about within 30 s, such as when a server is dead.
    pub fn whole(&self) -> Result<(), StartError> {
        let primary = self.primary()?;
        let mut others = self.nodes.iter().filter(|node| node.port() != primary.port());
        others.try_for_each(|node| self.follows(node, primary))
    }

    fn follows(&self, node: &Redis, primary: &Redis) -> Result<(), StartError> {
        let awaited = format!("127.0.0.1:{} as replica of 127.0.0.1:{}", node.port(), primary.port());
        let wanted = self.doors.port(primary).to_string();
        wait::until(&awaited, PATIENCE, || {
            let replication = node.replication().map_err(|error| error.to_string())?;
            let followed = primary.replication().map_err(|error| error.to_string())?;
            // A link may still look up to a primary that was started anew.
            let history = |of: &HashMap<String, String>| of.get("master_replid").cloned();
            let is = |field: &str, value: &str| replication.get(field).is_some_and(|is| is == value);
            if is("master_port", &wanted)
                && is("master_link_status", "up")
                && history(&replication) == history(&followed)
            {
                node.starts_as(Mode::Replica { primary: self.doors.port(primary) });
                Ok(())
            } else {
                Err(format!("{replication:?}"))
            }
        })
    }

    /// Those that answer, or refuse at once.
    fn responsive(&self) -> impl Iterator<Item = &Sentinel> {
        self.sentinels.iter().filter(|sentinel| !sentinel.is_paused())
    }

    /// Whom two of the Sentinels that can be asked name.
    fn agreed(&self) -> Result<&Redis, String> {
        let named: Vec<_> = self.responsive().map(Sentinel::primary).collect();
        let votes = |node| {
            let port = self.doors.port(node);
            named.iter().flatten().filter(|named| **named == port).count()
        };
        self.nodes.iter().find(|node| votes(node) >= QUORUM).ok_or_else(|| format!("{named:?}"))
    }

    /// Orders a failover, again if it was given up: Sentinel promises one, and then finds that no replica is fit as long
    /// as it has not heard of any for a few tenths of a second, which a busy machine takes at times.
    fn carried_out(&self, old: &Redis) -> Result<(), String> {
        let asked = self.responsive().map(|sentinel| Some((sentinel, sentinel.master().ok()?)));
        let (sentinel, master) = asked.flatten().next().ok_or("no Sentinel that answers")?;
        let is_old = master.get("port").is_some_and(|port| *port == self.doors.port(old).to_string());
        let under_way = master.get("flags").is_some_and(|flags| flags.contains("failover_in_progress"));
        if !is_old {
            return Ok(());
        }
        if !under_way {
            sentinel.fail_over().map_err(|error| error.to_string())?;
        }
        Err(format!("{master:?}"))
    }

    /// Every Sentinel knows the other two and every replica, and a failover could begin.
    fn acquainted(&self) -> Result<(), String> {
        for sentinel in &self.sentinels {
            let master = sentinel.master().map_err(|error| error.to_string())?;
            let others = (SENTINELS - 1).to_string();
            if master.get("num-other-sentinels") != Some(&others)
                || master.get("flags").is_none_or(|flags| flags != "master")
            {
                return Err(format!("{master:?}"));
            }
            let replicas = sentinel.replicas().map_err(|error| error.to_string())?;
            let fit = |replica: &&_| is_fit(replica);
            if replicas.iter().filter(fit).count() != self.nodes.len() - 1 {
                return Err(format!("{replicas:?}"));
            }
        }
        Ok(())
    }
}

fn is_fit(replica: &HashMap<String, String>) -> bool {
    let is = |field: &str, value: &str| replica.get(field).is_some_and(|is| is == value);
    is("flags", "slave") && is("master-link-status", "ok")
}

fn role(node: &Redis) -> Result<String, String> {
    let replication = node.replication().map_err(|error| error.to_string())?;
    replication.get("role").cloned().ok_or_else(|| format!("{replication:?}"))
}

/// Settings for a [`RedisSentinel`].
#[derive(Clone, Debug)]
pub struct RedisSentinelBuilder {
    redis: RedisBuilder,
    replicas: usize,
    down_after: Duration,
    failover_timeout: Duration,
    proxies: bool,
}

impl Default for RedisSentinelBuilder {
    fn default() -> Self {
        Self {
            redis: RedisBuilder::default(),
            replicas: 1,
            down_after: Duration::from_millis(500),
            failover_timeout: Duration::from_secs(3),
            proxies: false,
        }
    }
}

impl RedisSentinelBuilder {
    /// How many replicas there are; default 1.
    pub fn replicas(mut self, replicas: usize) -> Self {
        self.replicas = replicas;
        self
    }

    /// How long a server is silent before a Sentinel holds it for dead; default 500 ms.
    pub fn down_after(mut self, down_after: Duration) -> Self {
        self.down_after = down_after;
        self
    }

    /// How long a failover may take before it is given up; one that failed is begun again after twice that. Default 3 s.
    pub fn failover_timeout(mut self, failover_timeout: Duration) -> Self {
        self.failover_timeout = failover_timeout;
        self
    }

    /// One more argument of every `redis-server` that is no Sentinel.
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.redis = self.redis.arg(arg);
        self
    }

    /// The servers that are no Sentinels are [persistent](RedisBuilder::persistent).
    pub fn persistent(mut self) -> Self {
        self.redis = self.redis.persistent();
        self
    }

    /// Clients, Sentinels and replicas find each server through a [proxy](RedisSentinel::proxy) of its own. What it does to
    /// connections it does to all three, unless they are chosen: a replica has sent `PSYNC`.
    pub fn behind_proxies(mut self) -> Self {
        self.proxies = true;
        self
    }

    /// Starts the servers, and returns once each Sentinel knows all the others.
    ///
    /// # Errors
    ///
    /// As [`RedisSentinel::start`].
    pub fn start(self) -> Result<RedisSentinel, StartError> {
        let mut nodes = vec![self.redis.clone().start()?];
        let mut doors = Doors::default();
        if self.proxies {
            doors.add(&nodes[0])?;
        }
        let primary = doors.port(&nodes[0]);
        for _ in 0..self.replicas {
            let replica = self.redis.clone().replica_of(primary).start()?;
            if self.proxies {
                doors.add(&replica)?;
                // It names its port when it begins to follow.
                let () = replica.ask(cmd("REPLICAOF").arg("NO").arg("ONE"))?;
                let () = replica.ask(cmd("REPLICAOF").arg("127.0.0.1").arg(primary))?;
                replica.caught_up()?;
            }
            nodes.push(replica);
        }
        let watch = Watch {
            primary,
            quorum: QUORUM,
            down_after: self.down_after,
            failover_timeout: self.failover_timeout,
        };
        let sentinels = (0..SENTINELS).map(|_| Sentinel::start(watch)).collect::<Result<_, _>>()?;
        let redis = RedisSentinel { sentinels, nodes, doors };
        wait::until("three Sentinels that know each other and the replicas", PATIENCE, || {
            redis.acquainted()
        })?;
        Ok(redis)
    }
}
