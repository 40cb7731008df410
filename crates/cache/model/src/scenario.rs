//! Who reads and writes what, on which node, and what may go wrong meanwhile.

use crate::fault::Fault;
use crate::state::{CONTROL, KEYS, Target};

/// One world to explore.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Unique in the catalogue.
    pub name: String,
    /// At most four.
    pub readers: Vec<Reads>,
    /// At most four, two with an outbox.
    pub writers: Vec<Writes>,
    /// Which faults may happen, at any time.
    pub faults: Vec<Fault>,
    /// How many of them at most.
    pub budget: u8,
    /// How Redis is laid out.
    pub layout: Layout,
    /// Whether every commit counts as promised, and not only what was invalidated: what an outbox is for.
    pub every_commit_counts: bool,
}

/// A reader, and what it reads, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reads {
    /// On which node.
    pub node: u8,
    /// Which key.
    pub key: u8,
}

/// A writer, and what it writes and then invalidates, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Writes {
    /// On which node.
    pub node: u8,
    /// A key, or all that the tag covers.
    pub target: Target,
}

/// How Redis is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// One server: a script reaches the key and the control key in one instant.
    Single,
    /// Two servers, and buckets with an epoch each: the control key's and key 1's lie with one server, key 0's with the other.
    Cluster,
}

impl Scenario {
    /// Readers of key 0 on these nodes, and a single Redis without faults.
    pub fn new(name: impl Into<String>, readers: &[u8], writers: &[(u8, Target)]) -> Self {
        Self {
            name: name.into(),
            readers: readers.iter().map(|node| Reads { node: *node, key: 0 }).collect(),
            writers: writers.iter().map(|(node, target)| Writes { node: *node, target: *target }).collect(),
            faults: Vec::new(),
            budget: 0,
            layout: Layout::Single,
            every_commit_counts: false,
        }
    }

    /// The same with other readers, each on a node and of a key.
    #[must_use]
    pub fn reading(self, readers: &[(u8, u8)]) -> Self {
        let readers = readers.iter().map(|(node, key)| Reads { node: *node, key: *key }).collect();
        Self { readers, ..self }
    }

    /// The same on a Cluster.
    #[must_use]
    pub fn on_a_cluster(self) -> Self {
        Self { layout: Layout::Cluster, ..self }
    }

    /// The same with at most so many of these faults.
    #[must_use]
    pub fn with(self, budget: u8, faults: &[Fault]) -> Self {
        Self { budget, faults: faults.to_vec(), ..self }
    }

    /// The same with every commit promised.
    #[must_use]
    pub fn counting_every_commit(self) -> Self {
        Self { every_commit_counts: true, ..self }
    }

    /// The keys in use.
    pub fn keys(&self) -> std::ops::Range<usize> {
        let read = self.readers.iter().map(|reads| usize::from(reads.key) + 1).max().unwrap_or(1);
        0..read.min(KEYS)
    }

    /// The keys that an invalidation names, in the order in which their slots are told.
    pub fn named(&self, target: Target) -> impl Iterator<Item = usize> {
        self.keys().filter(move |key| target.names(*key))
    }

    /// Which server has each bucket at the beginning.
    pub fn servers(&self) -> Vec<u8> {
        match self.layout {
            Layout::Single => vec![0],
            Layout::Cluster => [0, 1, 0][..=self.keys().end].to_vec(),
        }
    }

    /// The bucket where a key is at home.
    pub fn home(&self, key: usize) -> usize {
        match self.layout {
            Layout::Single => CONTROL,
            Layout::Cluster => 1 + key,
        }
    }

    /// Whether a fault may happen at all.
    pub fn allows(&self, fault: Fault) -> bool {
        self.faults.contains(&fault)
    }
}
