use super::doors::Doors;
use super::migration::Migration;
use super::mode::Mode;
use super::nodes::Nodes;
use super::server::{Redis, RedisBuilder};
use super::view::{Member, View};
use crate::proxy::Proxy;
use crate::{StartError, port};
use ::redis::cmd;
use std::cell::Cell;
use std::ffi::OsString;
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

/// A replica gives up after 5 s, as when a vote was lost on its way.
const GIVEN_UP: Duration = Duration::from_secs(6);
const PRIMARIES: usize = 3;
const SLOTS: usize = 16_384;

/// A Redis Cluster of three primaries, and of replicas if wanted, on free ports of 127.0.0.1; dropping it ends all nodes.
///
/// A node is killed, paused and restarted through its own handle; it comes back under its old name, with its slots, and
/// empty. The methods that wait for the cluster block for seconds: an async test calls them through
/// `tokio::task::block_in_place` or `spawn_blocking`. A node of another cluster is a mistake that panics.
///
/// ```no_run
/// use mainstay_testkit::redis::RedisCluster;
///
/// let cluster = RedisCluster::start().unwrap();
/// let slot = cluster.slot("property:42").unwrap();
/// let owner = cluster.owner(slot).unwrap();
/// let other = cluster.nodes().iter().find(|node| node.port() != owner.port()).unwrap();
/// cluster.move_slots(slot..=slot, other).unwrap(); // live: clients meet ASK, then MOVED
/// assert_eq!(cluster.owner(slot).unwrap().port(), other.port());
/// ```
#[derive(Debug)]
pub struct RedisCluster {
    nodes: Nodes,
    doors: Doors,
}

impl RedisCluster {
    /// Starts three primaries without replicas that share the slots evenly, and returns once each of them serves.
    ///
    /// # Errors
    ///
    /// As [`Redis::start`]; [`StartError::Unsettled`] if the cluster does not serve within 30 s.
    pub fn start() -> Result<Self, StartError> {
        Self::builder().start()
    }

    /// A cluster with settings of its own.
    pub fn builder() -> RedisClusterBuilder {
        RedisClusterBuilder::default()
    }

    /// Every node: first the three that were primaries at the start, in the order of their slots, then their first
    /// replicas in the same order, and so on.
    pub fn nodes(&self) -> &[Redis] {
        &self.nodes.all
    }

    /// Every node's URL, as a client wants them; [behind proxies](RedisClusterBuilder::behind_proxies) that of the proxy.
    pub fn urls(&self) -> Vec<String> {
        self.nodes.all.iter().map(|node| format!("redis://127.0.0.1:{}", self.doors.port(node))).collect()
    }

    /// The proxy before a node, if the cluster was [started behind proxies](RedisClusterBuilder::behind_proxies).
    pub fn proxy(&self, node: &Redis) -> Option<&Proxy> {
        self.doors.before(node)
    }

    /// The slot of a key.
    ///
    /// # Errors
    ///
    /// [`StartError::Command`] if no node answers.
    pub fn slot(&self, key: &str) -> Result<u16, StartError> {
        self.nodes.ask_any(cmd("CLUSTER").arg("KEYSLOT").arg(key))
    }

    /// The primary that owns the slot, as the first node that answers knows it.
    ///
    /// # Errors
    ///
    /// [`StartError::Command`] if no node answers; [`StartError::Unsettled`] if nobody owns the slot.
    pub fn owner(&self, slot: u16) -> Result<&Redis, StartError> {
        self.nodes.owner(slot)
    }

    /// The replicas of a primary, as the first node that answers knows them.
    ///
    /// # Errors
    ///
    /// [`StartError::Command`] if no node answers.
    pub fn replicas(&self, primary: &Redis) -> Result<Vec<&Redis>, StartError> {
        let view = self.nodes.view()?;
        let replicas = view.replicas_of(self.nodes.id(primary));
        Ok(replicas.filter_map(|replica| self.nodes.node(&replica.id)).collect())
    }

    /// Begins to move a slot to another primary; its keys are served all the while.
    ///
    /// # Errors
    ///
    /// As [`owner`](Self::owner), and [`StartError::Command`] if a node refuses: the slot is its own already, or it is
    /// no primary.
    pub fn migrate<'a>(&'a self, slot: u16, to: &'a Redis) -> Result<Migration<'a>, StartError> {
        Migration::begin(&self.nodes, slot, to)
    }

    /// Moves slots to another primary, one after the other, while they are served: a reshard. Those that it owns already
    /// stay.
    ///
    /// # Errors
    ///
    /// As [`migrate`](Self::migrate) and [`Migration::finish`].
    pub fn move_slots(&self, slots: RangeInclusive<u16>, to: &Redis) -> Result<(), StartError> {
        for slot in slots {
            if self.owner(slot)?.port() != to.port() {
                self.migrate(slot, to)?.finish()?;
            }
        }
        Ok(())
    }

    /// Makes a replica the primary of its shard although the primary lives (`CLUSTER FAILOVER`), and waits until every
    /// node says so.
    ///
    /// # Errors
    ///
    /// [`StartError::Command`] if the node refuses, as one that is no replica does; [`StartError::Unsettled`] if it is no
    /// primary within 30 s.
    pub fn fail_over(&self, replica: &Redis) -> Result<(), StartError> {
        self.succeed(replica, &[])
    }

    /// The same without the primary's consent (`CLUSTER FAILOVER FORCE`): the others vote, and what it has acknowledged
    /// and the replica has not received is lost.
    ///
    /// # Errors
    ///
    /// As [`fail_over`](Self::fail_over).
    pub fn force(&self, replica: &Redis) -> Result<(), StartError> {
        self.succeed(replica, &["FORCE"])
    }

    /// The same without anybody's consent (`CLUSTER FAILOVER TAKEOVER`).
    ///
    /// # Errors
    ///
    /// As [`fail_over`](Self::fail_over).
    pub fn take_over(&self, replica: &Redis) -> Result<(), StartError> {
        self.succeed(replica, &["TAKEOVER"])
    }

    fn succeed(&self, replica: &Redis, how: &[&str]) -> Result<(), StartError> {
        let ask = || replica.ask::<()>(cmd("CLUSTER").arg("FAILOVER").arg(how));
        ask()?;
        let asked = Cell::new(Instant::now());
        let awaited = format!("127.0.0.1:{} as primary in every node's view", replica.port());
        let id = self.nodes.id(replica);
        self.nodes.everywhere(&awaited, |view| {
            let succeeded = view.member(id).is_some_and(|member| member.is_primary);
            if !succeeded && asked.get().elapsed() > GIVEN_UP {
                // Refused where it has succeeded meanwhile and this view is old.
                let _ = ask();
                asked.set(Instant::now());
            }
            succeeded
        })
    }

    /// Waits until every node that can be asked has another owner of the slot than `old`, and the cluster serves.
    ///
    /// # Errors
    ///
    /// [`StartError::Unsettled`] if that does not come about within 30 s: `old` is alive, or has no replica.
    pub fn elected_instead_of(&self, old: &Redis, slot: u16) -> Result<&Redis, StartError> {
        let awaited = format!("another owner of slot {slot} than 127.0.0.1:{}", old.port());
        let id = self.nodes.id(old);
        self.nodes.everywhere(&awaited, |view| view.owner(slot).is_some_and(|owner| owner.id != id))?;
        self.nodes.serving()?;
        self.owner(slot)
    }

    /// Has the node send clients to another port of 127.0.0.1 than its own, that of a [`Proxy`](crate::proxy::Proxy)
    /// before it, also when it is restarted, and waits until every node does.
    ///
    /// The bus, by which the nodes watch each other, stays where it is, so that a fault of the proxy is no death of the
    /// node. Its replicas may come to follow it through the proxy.
    ///
    /// # Errors
    ///
    /// [`StartError::Command`] if the node does not answer; [`StartError::Unsettled`] if another has not learnt of it
    /// within 30 s.
    pub fn announce(&self, node: &Redis, port: u16) -> Result<(), StartError> {
        node.announce(port)?;
        self.known_by(node, port)
    }

    fn known_by(&self, node: &Redis, port: u16) -> Result<(), StartError> {
        let awaited = format!("127.0.0.1:{} known as 127.0.0.1:{port} to every node", node.port());
        let id = self.nodes.id(node);
        self.nodes.everywhere(&awaited, |view| view.member(id).is_some_and(|member| member.port == port))
    }

    /// Restarts a killed node, and waits until all nodes know each other well again and serve.
    ///
    /// A primary that was replaced becomes its successor's replica; one that was not comes back with its slots, and
    /// without its data.
    ///
    /// # Errors
    ///
    /// As [`Redis::restart`]; [`StartError::Unsettled`] if the cluster is not whole within 30 s, such as when another
    /// node is dead.
    pub fn rejoin(&self, node: &Redis) -> Result<(), StartError> {
        node.restart()?;
        self.follow(node)
    }

    /// Waits until this node, paused when it was replaced and resumed since, is a replica that has caught up, and all nodes
    /// know each other well again and serve. One that was not replaced stays what it is.
    ///
    /// # Errors
    ///
    /// [`StartError::Unsettled`] if that does not come about within 30 s, such as when another node is dead.
    pub fn follow(&self, node: &Redis) -> Result<(), StartError> {
        self.nodes.whole()?;
        let (id, port) = (self.nodes.id(node), node.port());
        let awaited = format!("127.0.0.1:{port} as a replica, or with its slots, in every node's view");
        self.nodes.everywhere(&awaited, |view| view.member(id).is_some_and(Member::has_its_place))?;
        if !View::of(node)?.member(id).is_some_and(|member| member.is_primary) {
            node.caught_up()?;
        }
        Ok(())
    }

    /// Joins the nodes, without `redis-cli`, which waits a second at every step.
    fn form(&self) -> Result<(), StartError> {
        let nodes = self.nodes();
        for (epoch, node) in (1..).zip(&nodes[..PRIMARIES]) {
            // Primaries with equal epochs would first have to settle which of them yields.
            let () = node.ask(cmd("CLUSTER").arg("SET-CONFIG-EPOCH").arg(epoch))?;
        }
        for (index, node) in nodes.iter().enumerate() {
            // Each meets each; by gossip alone they would come to know one another over seconds.
            for other in &nodes[index + 1..] {
                let bus = port::partner(other.port());
                let () = node.ask(cmd("CLUSTER").arg("MEET").arg("127.0.0.1").arg(other.port()).arg(bus))?;
            }
        }
        for (index, node) in nodes[..PRIMARIES].iter().enumerate() {
            let (first, next) = (index * SLOTS / PRIMARIES, (index + 1) * SLOTS / PRIMARIES);
            let () = node.ask(cmd("CLUSTER").arg("ADDSLOTSRANGE").arg(first).arg(next - 1))?;
        }
        self.nodes.whole()?;
        for node in nodes {
            self.known_by(node, self.doors.port(node))?;
        }
        for (index, replica) in nodes.iter().enumerate().skip(PRIMARIES) {
            let primary = self.nodes.id(&nodes[index % PRIMARIES]);
            let () = replica.ask(cmd("CLUSTER").arg("REPLICATE").arg(primary))?;
        }
        for replica in &nodes[PRIMARIES..] {
            replica.caught_up()?;
        }
        self.nodes.everywhere("replicas in every node's view", |view| {
            let replicas = nodes[PRIMARIES..].iter().filter_map(|node| view.member(self.nodes.id(node)));
            replicas.filter(|replica| replica.primary.is_some()).count() == nodes.len() - PRIMARIES
        })
    }
}

/// Settings for a [`RedisCluster`].
#[derive(Clone, Debug)]
pub struct RedisClusterBuilder {
    redis: RedisBuilder,
    replicas: usize,
    node_timeout: Duration,
    proxies: bool,
}

impl Default for RedisClusterBuilder {
    fn default() -> Self {
        Self {
            redis: RedisBuilder::default(),
            replicas: 0,
            node_timeout: Duration::from_millis(1_500),
            proxies: false,
        }
    }
}

impl RedisClusterBuilder {
    /// How many replicas each primary has; default 0.
    pub fn replicas(mut self, replicas: usize) -> Self {
        self.replicas = replicas;
        self
    }

    /// How long a node is silent before the others hold it for dead; default 1.5 s. An election takes a second more.
    pub fn node_timeout(mut self, node_timeout: Duration) -> Self {
        self.node_timeout = node_timeout;
        self
    }

    /// One more argument of every node, such as `--cluster-require-full-coverage`.
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.redis = self.redis.arg(arg);
        self
    }

    /// The nodes are [persistent](RedisBuilder::persistent): a primary that was not replaced comes back with its data.
    pub fn persistent(mut self) -> Self {
        self.redis = self.redis.persistent();
        self
    }

    /// Clients and replicas find each node through a [proxy](RedisCluster::proxy) of its own; the bus, by which the nodes
    /// watch each other, stays where it is. What it does to connections it does to both, unless they are chosen: a replica
    /// has sent `PSYNC`.
    pub fn behind_proxies(mut self) -> Self {
        self.proxies = true;
        self
    }

    /// Starts the nodes, and returns once each of them serves.
    ///
    /// # Errors
    ///
    /// As [`RedisCluster::start`].
    pub fn start(self) -> Result<RedisCluster, StartError> {
        let builder = self.redis.mode(Mode::ClusterNode { node_timeout: self.node_timeout });
        let count = PRIMARIES * (1 + self.replicas);
        let nodes: Vec<Redis> = (0..count).map(|_| builder.clone().start()).collect::<Result<_, _>>()?;
        let mut doors = Doors::default();
        if self.proxies {
            for node in &nodes {
                doors.add(node)?;
            }
        }
        let cluster = RedisCluster { nodes: Nodes::new(nodes)?, doors };
        cluster.form()?;
        Ok(cluster)
    }
}
