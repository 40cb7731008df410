use std::sync::Arc;
use std::time::Duration;

use super::actor::Actor;
use super::gate::Gate;
use crate::backplane::{Announcement, Session, take};
use crate::clock::Clock;
use crate::inner::{Inner, Parts};
use crate::layers::keeper::{Keeper as _, Push};
use crate::layers::l2::{L2, L2Config};
use crate::layers::redis::{Cluster, Servers};
use crate::stamps::Stamps;
use crate::standing::Standing;
use crate::{Cache, MemoryConfig, RedisConfig, Region, RegionOptions};

/// One node: all of it is the real thing, but for who listens.
pub(super) struct Node {
    pub(super) cache: Cache,
    pub(super) region: Region<str, u8>,
    pub(super) gate: Arc<Gate>,
    pub(super) cluster: Option<Arc<Cluster>>,
    pub(super) session: Option<Session>,
    /// A session that says hello.
    pub(super) opening: Option<Actor<Option<Session>>>,
    /// Says hello to the bucket of a key.
    pub(super) meetings: [Option<Actor<()>>; 2],
    /// Tells Redis what it is owed.
    pub(super) replaying: Option<Actor<()>>,
}

impl Node {
    /// Not yet connected.
    pub(super) fn new(config: RedisConfig) -> Self {
        let (clock, stamps) = (Arc::new(Clock::new()), Arc::new(Stamps::new(1_000)));
        let node = fastrand::u64(1..);
        // A lease that is over at once: who waits for another's load is decided by the trace.
        let config = config
            .lease(Duration::ZERO)
            .command_timeout(Duration::from_secs(3))
            .connect_timeout(Duration::from_secs(3));
        let servers = Servers::new("conformance", &config, node, 1_000, &clock, &stamps).unwrap();
        let cluster = match &servers {
            Servers::Single(_) => None,
            Servers::Cluster(cluster) => Some(cluster.clone()),
        };
        let gate = Arc::new(Gate::new(servers.keeper(), cluster.is_some()));
        let standing = Arc::new(Standing::stranger("conformance"));
        let hour = Duration::from_secs(3_600);
        let config = L2Config {
            command_timeout: hour,
            backlog: 64,
            // Nothing is served for having been read of late: a suspect node does not ask memory.
            staleness_bound: Duration::ZERO,
            patience: hour,
            lease: hour,
        };
        let l2 = L2::new("l2", gate.clone(), config, standing.clone(), clock.clone()).unwrap();
        let parts = Parts {
            node,
            redis: None,
            l2: Some(l2),
            l3: None,
            clock,
            stamps,
            standing,
            budget: crate::budget::Budget::default(),
            defaults: RegionOptions::default(),
        };
        let cache: Cache = Inner::new("conformance", &MemoryConfig::default(), parts).into();
        // A node that dies takes its loads along.
        let mut options = RegionOptions::default();
        options.timeouts.background = false;
        let region = cache.region("k", options).unwrap();
        let (session, opening, meetings, replaying) = (None, None, [None, None], None);
        Self { cache, region, gate, cluster, session, opening, meetings, replaying }
    }

    pub(super) fn l2(&self) -> &L2 {
        self.cache.inner.l2.as_ref().unwrap()
    }

    /// Whether commands flow.
    pub(super) fn is_linked(&self) -> bool {
        self.cache.inner.standing.fence().is_some()
    }

    /// Who is not suspect believes its memory, and commands flow: the bound and the breaker are times.
    pub(super) fn stand(&self) {
        self.cache.inner.standing.trust(u64::MAX);
        self.l2().heard();
    }

    /// A session over a new connection, held before and after its hello.
    pub(super) fn connect(&mut self) {
        let cache = Arc::downgrade(&self.cache.inner);
        self.session = None;
        self.opening = Some(Actor::start(async move { Session::begin(&cache).await.ok().flatten() }));
    }

    /// The session asks for a pulse, which does not agree, and then says hello.
    pub(super) fn ask(&mut self) {
        let cache = Arc::downgrade(&self.cache.inner);
        let Some(mut session) = self.session.take() else { return };
        self.opening =
            Some(Actor::start(async move { session.pulse(&cache).await.is_ok().then_some(session) }));
    }

    /// The connection is found dead, as the listener does.
    pub(super) fn lose(&mut self) {
        self.cache.inner.standing.lost();
        self.gate.hang_up();
        (self.session, self.opening) = (None, None);
    }

    /// Says hello to the bucket of a key, held before it takes the answer in.
    pub(super) fn meet(&mut self, key: usize) {
        if let Some(cluster) = self.cluster.clone() {
            let name = format!("k:{key}");
            self.meetings[key] = Some(Actor::start(async move {
                let _ = cluster.meet_bucket_of(&name).await;
            }));
        }
    }

    pub(super) fn apply(&self, announcement: Announcement) {
        take(&self.cache.inner, &Push::Announced(announcement)).unwrap();
    }
}
