use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared};
use parking_lot::{Mutex, RwLock};

use super::map::SlotMap;
use crate::layers::redis::client::{Address, Link, Place, away};
use crate::layers::shared::LayerError;

/// Between two looks at the map: a node that was asked a moment ago has nothing new to say.
const REST: Duration = Duration::from_millis(20);
/// Longest wait for a connection to a node that has just failed.
const DOUBT: Duration = Duration::from_millis(20);

/// The nodes of the Cluster, a connection to each that was needed, and who owns what.
#[derive(Debug)]
pub(super) struct Shards {
    seeds: Vec<Place>,
    like: Address,
    limit: Duration,
    map: RwLock<SlotMap>,
    links: Mutex<Links>,
    looking: Mutex<Option<Look>>,
    /// Who is asked first next time: one that is stale or silent must not be asked for ever.
    turn: AtomicUsize,
}

#[derive(Debug, Default)]
struct Links {
    dials: HashMap<Place, Dial>,
    /// Nodes that failed since they were last connected to: nobody waits long for them.
    doubted: HashSet<Place>,
}

/// One attempt to connect, which all who want the node wait for.
type Dial = Shared<BoxFuture<'static, Result<Arc<Link>, LayerError>>>;
type Look = Shared<BoxFuture<'static, ()>>;

impl Shards {
    /// All nodes are spoken to like the first: with its user, password and TLS.
    pub(super) fn new(nodes: &[Address], like: Address, limit: Duration) -> Arc<Self> {
        Arc::new(Self {
            seeds: nodes.iter().filter_map(Address::place).collect(),
            like,
            limit,
            map: RwLock::default(),
            links: Mutex::default(),
            looking: Mutex::default(),
            turn: AtomicUsize::new(0),
        })
    }

    pub(super) fn address(&self, place: &Place) -> Address {
        self.like.at(place)
    }

    pub(super) async fn owner(self: &Arc<Self>, slot: u16) -> Result<Place, LayerError> {
        if let Some(place) = self.known_owner(slot) {
            return Ok(place);
        }
        self.look_again().await;
        self.known_owner(slot).ok_or_else(|| LayerError::Away(format!("no node owns slot {slot}")))
    }

    fn known_owner(&self, slot: u16) -> Option<Place> {
        self.map.read().owner(slot).cloned()
    }

    pub(super) fn moved(&self, slot: u16, to: Place) {
        self.map.write().moved(slot, to);
    }

    /// A connection to that node. Those who come while one is being made wait for it; it is made in a task of its own, for
    /// whoever asked first may be dropped.
    pub(super) async fn link(&self, place: &Place) -> Result<Arc<Link>, LayerError> {
        let (dial, limit) = {
            let mut links = self.links.lock();
            let limit = if links.doubted.contains(place) { DOUBT } else { self.limit };
            let dial = links.dials.entry(place.clone()).or_insert_with(|| dial(self.like.at(place)));
            (dial.clone(), limit)
        };
        let late = |_| LayerError::Away(format!("not connected to a node within {limit:?}"));
        let linked = tokio::time::timeout(limit, dial.clone()).await.map_err(late).flatten();
        let mut links = self.links.lock();
        match &linked {
            Ok(_) => {
                links.doubted.remove(place);
            }
            Err(_) => {
                links.doubted.insert(place.clone());
                // One that has failed is of no use; one that is slow may yet come about.
                if matches!(dial.peek(), Some(Err(_))) {
                    links.forget(place, |other| other.ptr_eq(&dial));
                }
            }
        }
        linked
    }

    /// This connection is of no use any more; a new one is made when it is wanted.
    pub(super) fn discard(&self, place: &Place, link: &Link) {
        let mut links = self.links.lock();
        links.doubted.insert(place.clone());
        links.forget(place, |dial| matches!(dial.peek(), Some(Ok(other)) if other.id == link.id));
    }

    /// Learns the map anew; those who come while somebody looks wait for that look.
    pub(super) async fn look_again(self: &Arc<Self>) {
        let look = {
            let mut looking = self.looking.lock();
            match looking.as_ref().filter(|look| look.peek().is_none()) {
                Some(look) => look.clone(),
                None => {
                    let own = self.clone();
                    let task = tokio::spawn(async move { own.look().await });
                    looking.insert(task.map(|_| ()).boxed().shared()).clone()
                }
            }
        };
        look.await;
    }

    async fn look(&self) {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let mut places = self.map.read().places.clone();
        for seed in &self.seeds {
            if !places.contains(seed) {
                places.push(seed.clone());
            }
        }
        if places.is_empty() {
            return;
        }
        let first = turn % places.len();
        places.rotate_left(first);
        for place in places {
            // A node that is down or slow is passed over.
            if let Ok(Ok(map)) = tokio::time::timeout(self.limit, self.ask(&place)).await {
                *self.map.write() = map;
                break;
            }
        }
        tokio::time::sleep(REST).await;
    }

    async fn ask(&self, place: &Place) -> Result<SlotMap, LayerError> {
        let link = self.link(place).await?;
        let asked = redis::cmd("CLUSTER").arg("SLOTS").query_async(&mut link.connection.clone()).await;
        match asked {
            Ok(answer) => SlotMap::parse(answer, place),
            Err(error) => {
                if error.is_unrecoverable_error() || error.is_timeout() {
                    self.discard(place, &link);
                }
                Err(away(error))
            }
        }
    }
}

impl Links {
    fn forget(&mut self, place: &Place, which: impl Fn(&Dial) -> bool) {
        if self.dials.get(place).is_some_and(which) {
            self.dials.remove(place);
        }
    }
}

fn dial(address: Address) -> Dial {
    let task = tokio::spawn(async move { address.open().await.map(Arc::new) });
    task.map(|done| done.unwrap_or_else(|_| Err(LayerError::Away("the connection was given up".to_owned()))))
        .boxed()
        .shared()
}
