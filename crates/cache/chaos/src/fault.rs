use std::time::Duration;

use fastrand::Rng;
use mainstay_testkit::StartError;
use mainstay_testkit::proxy::{Proxy, Way};

use crate::node::{COMMAND_TIMEOUT, Node, PREFIX};
use crate::servers::Servers;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Fault {
    /// Redis is killed as by `kill -9`, and comes back as it is configured: empty, or with its append-only file.
    Kill,
    /// Redis is killed and comes back at once.
    Restart,
    /// Redis stands still (SIGSTOP): what it was sent meanwhile it executes late.
    Pause,
    /// Redis loses its memory and keeps its connections.
    Flush,
    /// Redis evicts the control key.
    LoseControlKey,
    /// Redis evicts the stream of announcements.
    LoseStream,
    /// Redis closes the connections of subscribers.
    CutSubscribers,
    /// A node misses what it is told for a moment, and keeps its connection.
    MissAnnouncements,
    /// A node's connections are reset.
    Reset,
    /// A node's way to Redis takes long.
    Latency,
    /// A node is heard by Redis and hears nothing.
    Deafen,
    /// A node hears Redis and is not heard.
    Mute,
    /// Nothing passes between a node and Redis, and all of it is lost.
    Partition,
    /// What a node says arrives late, all at once, even after it has connected anew.
    Delay,
    /// A node cannot connect.
    Refuse,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::Kill,
        Self::Restart,
        Self::Pause,
        Self::Flush,
        Self::LoseControlKey,
        Self::LoseStream,
        Self::CutSubscribers,
        Self::MissAnnouncements,
        Self::Reset,
        Self::Latency,
        Self::Deafen,
        Self::Mute,
        Self::Partition,
        Self::Delay,
        Self::Refuse,
    ];

    /// Whether Redis itself suffers, and all nodes with it.
    fn is_central(self) -> bool {
        matches!(self, Self::Kill | Self::Restart | Self::Pause)
    }
}

/// Draws faults, brings them about and heals them.
pub(crate) struct Driver<'a> {
    pub(crate) servers: &'a Servers,
    pub(crate) nodes: &'a [Node],
    pub(crate) rng: Rng,
    pub(crate) bound: Duration,
    /// Every kind comes up before one comes again.
    pub(crate) deck: Vec<Fault>,
}

impl Driver<'_> {
    /// One fault, or now and then two on different nodes, and how long they last.
    pub(crate) fn draw(&mut self) -> (Vec<(Fault, usize)>, Duration) {
        let first = (self.next(), self.rng.usize(..self.nodes.len()));
        let mut faults = vec![first];
        if self.rng.u32(..4) == 0 {
            let second = self.next();
            let other = (first.1 + 1) % self.nodes.len();
            if first.0.is_central() && second.is_central() {
                self.deck.push(second);
            } else {
                faults.push((second, other));
            }
        }
        let bound = u64::try_from(self.bound.as_millis()).unwrap_or(u64::MAX);
        // Some outlast the bound, so that what a node last heard no longer vouches for its memory.
        let long = match self.rng.u32(..10) {
            0..=5 => self.rng.u64(..bound),
            6..=8 => self.rng.u64(bound..3 * bound),
            _ => self.rng.u64(3 * bound..5 * bound),
        };
        (faults, Duration::from_millis(long))
    }

    fn next(&mut self) -> Fault {
        if self.deck.is_empty() {
            self.deck = Fault::ALL.to_vec();
            self.rng.shuffle(&mut self.deck);
        }
        self.deck.pop().unwrap_or(Fault::Reset)
    }

    pub(crate) fn begin(&mut self, fault: Fault, node: usize) -> Result<(), StartError> {
        let proxy: &Proxy = &self.nodes[node].proxy;
        match fault {
            Fault::Kill => self.servers.kill(),
            Fault::Restart => {
                self.servers.kill();
                self.servers.restart()?;
            }
            Fault::Pause => self.servers.pause(),
            Fault::Flush => self.tell(&["FLUSHALL"]),
            Fault::LoseControlKey => self.tell(&["DEL", &format!("{PREFIX}:meta")]),
            Fault::LoseStream => self.tell(&["DEL", &format!("{PREFIX}:inv")]),
            Fault::CutSubscribers => self.tell(&["CLIENT", "KILL", "TYPE", "pubsub"]),
            Fault::MissAnnouncements => {
                proxy.all().cut(Way::ToClient);
                std::thread::sleep(Duration::from_millis(self.rng.u64(1..40)));
                proxy.heal();
            }
            Fault::Reset => proxy.all().reset(),
            Fault::Latency => {
                let longest = u64::try_from(COMMAND_TIMEOUT.as_millis()).unwrap_or(u64::MAX);
                proxy.all().delay(Way::Both, Duration::from_millis(self.rng.u64(1..longest)));
            }
            Fault::Deafen => proxy.all().cut(Way::ToClient),
            Fault::Mute => proxy.all().cut(Way::ToServer),
            Fault::Partition => proxy.all().cut(Way::Both),
            Fault::Delay => {
                let way = *self.rng.choice(&[Way::ToServer, Way::ToClient, Way::Both]).unwrap_or(&Way::Both);
                proxy.all().hold(way);
            }
            Fault::Refuse => {
                proxy.refuse();
                proxy.all().reset();
            }
        }
        Ok(())
    }

    pub(crate) fn heal(&mut self, fault: Fault, node: usize) -> Result<(), StartError> {
        match fault {
            Fault::Kill => self.servers.restart()?,
            Fault::Pause => self.servers.resume(),
            Fault::Latency
            | Fault::Deafen
            | Fault::Mute
            | Fault::Partition
            | Fault::Delay
            | Fault::Refuse => self.nodes[node].proxy.heal(),
            _ => {}
        }
        Ok(())
    }

    fn tell(&self, words: &[&str]) {
        if let Err(error) = self.servers.tell(words, COMMAND_TIMEOUT) {
            eprintln!("{words:?} did not reach Redis: {error}");
        }
    }
}
