use std::fmt;

use clap::ValueEnum;

use crate::servers::Kind;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, ValueEnum)]
#[non_exhaustive]
pub enum Fault {
    /// A server is killed as by `kill -9`. Where there is a replica, that takes its place, and it comes back as a replica;
    /// else it comes back as it is configured: empty, or with its append-only file.
    Kill,
    /// A server is killed and comes back at once, in the place it had.
    Restart,
    /// A server stands still (SIGSTOP): what it was sent meanwhile it executes late. It goes on before it is replaced.
    Pause,
    /// A server loses its memory and keeps its connections.
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
    /// What a node says, or hears, or both, arrives late, all at once, even after it has connected anew.
    Delay,
    /// A node cannot connect.
    Refuse,
    /// The replica takes the primary's place by order, while that one lives. Under Sentinel it may lack what the primary
    /// acknowledged last.
    Failover,
    /// The primary stands still until it is replaced, and then goes on with what it knew.
    Depose,
    /// The primary is killed, and the replica that takes its place lacks what it acknowledged last.
    Lag,
    /// The replica takes the primary's place without asking it, and lacks what it acknowledged last. Cluster.
    TakeOver,
    /// Slots move to other servers and back while they are used, and one stays half-way for a while. Cluster.
    Reshard,
    /// Redis evicts the epochs of some buckets. Cluster.
    LoseEpochs,
    /// The Sentinel that the nodes ask first says nothing. Sentinel.
    MuteSentinel,
}

impl fmt::Display for Fault {
    /// As it is named on the command line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.to_possible_value().expect("no fault is hidden from the command line");
        f.write_str(name.get_name())
    }
}

impl Fault {
    /// All that can befall servers of a kind, and the nodes' ways to them.
    #[must_use]
    pub fn of(servers: Kind) -> Vec<Self> {
        let mut all = vec![
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
        all.extend(match servers {
            Kind::Single => &[][..],
            Kind::Sentinel => &[Self::Failover, Self::Depose, Self::Lag, Self::MuteSentinel],
            Kind::Cluster => {
                &[Self::Failover, Self::Depose, Self::Lag, Self::TakeOver, Self::Reshard, Self::LoseEpochs]
            }
        });
        all
    }

    /// Whether a server goes away, or its place to another: not two of these come at once.
    pub(crate) fn is_central(self) -> bool {
        self.is_succession() || matches!(self, Self::Kill | Self::Restart | Self::Pause | Self::Reshard)
    }

    /// Whether it ends with another server in the primary's place, always.
    pub(crate) fn is_succession(self) -> bool {
        matches!(self, Self::Failover | Self::Depose | Self::Lag | Self::TakeOver)
    }
}
