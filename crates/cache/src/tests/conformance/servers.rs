use mainstay_cache_model::state::{BUCKETS, CONTROL};
use mainstay_testkit::redis::{Redis, RedisCluster};
use redis::aio::MultiplexedConnection;
use redis::{Client, FromRedisValue};

use super::node::Node;
use crate::RedisConfig;
use crate::layers::redis::Cluster;

/// What the nodes of a test talk to.
#[derive(Clone, Copy)]
pub(super) enum Real<'a> {
    One(&'a Redis),
    Cluster(&'a RedisCluster),
}

/// The servers, seen by a client of their own, and what may happen to them.
pub(super) struct Servers<'a> {
    real: Real<'a>,
    pub(super) prefix: String,
    connections: Vec<MultiplexedConnection>,
    /// Which of them stands for each server of the model.
    places: Vec<usize>,
    buckets: Vec<Part>,
}

/// A bucket of the model.
struct Part {
    prefix: String,
    /// Which of the model's servers has it.
    server: usize,
    /// What a replica of it holds.
    replica: Vec<Dump>,
}

/// Name, time to live, contents.
type Dump = (String, i64, Vec<u8>);

/// What is there after a bucket changed hands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    Nothing,
    WhatTheReplicaHad,
    All,
}

impl<'a> Servers<'a> {
    /// For buckets that lie with these servers of the model.
    pub(super) async fn new(real: Real<'a>, placed: &[u8]) -> Self {
        let urls = match real {
            Real::One(redis) => vec![redis.url()],
            Real::Cluster(cluster) => cluster.urls(),
        };
        let mut connections = Vec::new();
        for url in urls {
            connections.push(connect(&url).await);
        }
        let mut servers =
            Self { real, prefix: String::new(), connections, places: vec![0], buckets: Vec::new() };
        // Where a name lies depends on the name.
        while !servers.lies_as(&format!("c{:x}", fastrand::u64(..)), placed) {}
        servers
    }

    fn lies_as(&mut self, prefix: &str, placed: &[u8]) -> bool {
        self.prefix = prefix.to_owned();
        let part = |prefix, server| Part { prefix, server: usize::from(server), replica: Vec::new() };
        let Real::Cluster(cluster) = self.real else {
            self.buckets = vec![part(prefix.to_owned(), placed[CONTROL])];
            return true;
        };
        let own = Node::new(self.config()).cluster.expect("a node of a Cluster");
        let names = placed.iter().enumerate();
        let names = names.map(|(at, server)| part(name(&own, prefix, at), *server));
        self.buckets = names.collect();
        let owners: Vec<usize> = self.buckets.iter().map(|part| owner(cluster, &part.prefix)).collect();
        self.places = vec![owners[CONTROL], owners[1]];
        let alone = self.places[0] != self.places[1];
        alone && self.buckets.iter().zip(owners).all(|(part, owner)| self.places[part.server] == owner)
    }

    pub(super) fn config(&self) -> RedisConfig {
        let config = match self.real {
            Real::One(redis) => RedisConfig::new(redis.url()),
            // So many that the bucket of key 0 comes before that of key 1, as in the model.
            Real::Cluster(cluster) => RedisConfig::default().cluster(cluster.urls()).buckets(63),
        };
        config.prefix(&self.prefix)
    }

    /// Asks where a bucket lies; the key's name is the first argument.
    pub(super) async fn ask<T: FromRedisValue>(
        &mut self,
        bucket: usize,
        command: &str,
        key: &str,
        arguments: &[&str],
    ) -> T {
        let name = format!("{}:{key}", self.buckets[bucket].prefix);
        let mut asked = redis::cmd(command);
        asked.arg(name).arg(arguments);
        asked.query_async(self.connection(bucket)).await.unwrap()
    }

    pub(super) async fn delete(&mut self, bucket: usize, key: &str) {
        let _: u64 = self.ask(bucket, "DEL", key, &[]).await;
    }

    /// The replicas of a server hold what it has now.
    pub(super) async fn snapshot(&mut self, server: usize) {
        for bucket in self.of(server) {
            self.buckets[bucket].replica = self.dump(bucket).await;
        }
    }

    /// Another server answers in its place.
    pub(super) async fn replace(&mut self, server: usize, left: Left) {
        match self.real {
            Real::One(redis) => {
                redis.restart().unwrap();
                self.connections = vec![connect(&redis.url()).await];
                let dump = if left == Left::Nothing { Vec::new() } else { self.take_replica(CONTROL) };
                self.restore(CONTROL, dump).await;
            }
            Real::Cluster(_) => {
                let spare = (0..self.connections.len()).find(|at| !self.places.contains(at));
                let spare = spare.expect("there are three, and two in use");
                for bucket in self.of(server) {
                    self.hand_over(bucket, spare, left).await;
                }
                self.places[server] = spare;
            }
        }
    }

    /// A bucket goes over to another server of the model.
    pub(super) async fn move_bucket(&mut self, bucket: usize, server: usize) {
        self.hand_over(bucket, self.places[server], Left::All).await;
        self.buckets[bucket].server = server;
    }

    async fn hand_over(&mut self, bucket: usize, to: usize, left: Left) {
        let dump = match left {
            Left::Nothing => Vec::new(),
            Left::WhatTheReplicaHad => self.take_replica(bucket),
            Left::All => self.dump(bucket).await,
        };
        let from = self.places[self.buckets[bucket].server];
        let slot: u16 = {
            let mut asked = redis::cmd("CLUSTER");
            asked.arg("KEYSLOT").arg(&self.buckets[bucket].prefix);
            asked.query_async(&mut self.connections[from]).await.unwrap()
        };
        let mut ids: Vec<String> = Vec::new();
        for connection in &mut self.connections {
            ids.push(redis::cmd("CLUSTER").arg("MYID").query_async(connection).await.unwrap());
        }
        let mut keys = redis::cmd("CLUSTER");
        keys.arg("GETKEYSINSLOT").arg(slot).arg(1_000);
        let keys: Vec<Vec<u8>> = keys.query_async(&mut self.connections[from]).await.unwrap();
        for key in keys {
            let _: u64 = redis::cmd("DEL").arg(key).query_async(&mut self.connections[from]).await.unwrap();
        }
        // Who imports a slot and then owns it makes a newer word of it than all the others have.
        let mut say = vec![(to, "IMPORTING", from), (to, "NODE", to)];
        say.extend((0..ids.len()).filter(|other| *other != to).map(|other| (other, "NODE", to)));
        for (whom, what, id) in say {
            let mut set = redis::cmd("CLUSTER");
            set.arg("SETSLOT").arg(slot).arg(what).arg(&ids[id]);
            let _: String = set.query_async(&mut self.connections[whom]).await.unwrap();
        }
        for (name, life, dump) in dump {
            restore(&mut self.connections[to], &name, life, &dump).await;
        }
    }

    fn of(&self, server: usize) -> Vec<usize> {
        (0..self.buckets.len()).filter(|bucket| self.buckets[*bucket].server == server).collect()
    }

    fn connection(&mut self, bucket: usize) -> &mut MultiplexedConnection {
        &mut self.connections[self.places[self.buckets[bucket].server]]
    }

    fn take_replica(&mut self, bucket: usize) -> Vec<Dump> {
        std::mem::take(&mut self.buckets[bucket].replica)
    }

    async fn dump(&mut self, bucket: usize) -> Vec<Dump> {
        let pattern = format!("{}:*", self.buckets[bucket].prefix);
        let connection = self.connection(bucket);
        let keys: Vec<String> = redis::cmd("KEYS").arg(pattern).query_async(connection).await.unwrap();
        let mut dumps = Vec::new();
        for key in keys {
            let mut both = redis::pipe();
            both.cmd("PTTL").arg(&key).cmd("DUMP").arg(&key);
            let (life, dump): (i64, Vec<u8>) = both.query_async(connection).await.unwrap();
            dumps.push((key, life.max(0), dump));
        }
        dumps
    }

    async fn restore(&mut self, bucket: usize, dump: Vec<Dump>) {
        for (name, life, dump) in dump {
            restore(self.connection(bucket), &name, life, &dump).await;
        }
    }
}

async fn restore(connection: &mut MultiplexedConnection, name: &str, life: i64, dump: &[u8]) {
    let mut restore = redis::cmd("RESTORE");
    restore.arg(name).arg(life).arg(dump);
    let _: String = restore.query_async(connection).await.unwrap();
}

fn name(cluster: &Cluster, prefix: &str, bucket: usize) -> String {
    if bucket == CONTROL {
        return format!("{{{prefix}}}");
    }
    assert!(bucket < BUCKETS, "a bucket for each key");
    cluster.prefix_of(&format!("k:{}", bucket - 1)).to_owned()
}

fn owner(cluster: &RedisCluster, key: &str) -> usize {
    let slot = cluster.slot(key).unwrap();
    let owner = cluster.owner(slot).unwrap();
    cluster.nodes().iter().position(|node| node.port() == owner.port()).expect("it is one of them")
}

async fn connect(url: &str) -> MultiplexedConnection {
    Client::open(url).unwrap().get_multiplexed_async_connection().await.unwrap()
}
