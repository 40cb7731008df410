use super::server::Redis;
use super::view::View;
use crate::{StartError, wait};
use ::redis::{Cmd, FromRedisValue, cmd};
use std::time::Duration;

/// How long the nodes may take to know each other, to elect, or to take one back. A start takes three seconds: Redis
/// lets two pass before a new cluster serves.
const PATIENCE: Duration = Duration::from_secs(30);

/// The nodes of a Cluster, questions to any of them, and waiting for all of them.
#[derive(Debug)]
pub(super) struct Nodes {
    pub(super) all: Vec<Redis>,
    /// By which the nodes know each other, whatever ports they announce.
    ids: Vec<String>,
}

impl Nodes {
    pub(super) fn new(all: Vec<Redis>) -> Result<Self, StartError> {
        let ids = all.iter().map(|node| node.ask(cmd("CLUSTER").arg("MYID"))).collect::<Result<_, _>>()?;
        Ok(Self { all, ids })
    }

    pub(super) fn owner(&self, slot: u16) -> Result<&Redis, StartError> {
        let view = self.view()?;
        let owner = view.owner(slot).and_then(|owner| self.node(&owner.id));
        owner.ok_or_else(|| StartError::Unsettled {
            awaited: format!("an owner of slot {slot}"),
            waited: Duration::ZERO,
            seen: format!("{view:?}"),
        })
    }

    /// # Panics
    ///
    /// If it is a node of another cluster.
    pub(super) fn id(&self, node: &Redis) -> &str {
        let known = self.all.iter().zip(&self.ids).find(|(known, _)| known.port() == node.port());
        let (_, id) =
            known.unwrap_or_else(|| panic!("127.0.0.1:{} is a node of another cluster", node.port()));
        id
    }

    pub(super) fn agreed_on(&self, slot: u16, owner: &Redis) -> Result<(), StartError> {
        let awaited = format!("127.0.0.1:{} as owner of slot {slot} in every node's view", owner.port());
        let id = self.id(owner);
        self.everywhere(&awaited, |view| view.owner(slot).is_some_and(|found| found.id == id))
    }

    pub(super) fn node(&self, id: &str) -> Option<&Redis> {
        self.all.iter().zip(&self.ids).find_map(|(node, known)| (known == id).then_some(node))
    }

    /// The view of the first node that answers.
    pub(super) fn view(&self) -> Result<View, StartError> {
        self.first_answer(View::of)
    }

    pub(super) fn ask_any<T: FromRedisValue>(&self, question: &Cmd) -> Result<T, StartError> {
        self.first_answer(|node| node.ask(question))
    }

    fn first_answer<T>(&self, ask: impl Fn(&Redis) -> Result<T, StartError>) -> Result<T, StartError> {
        let last = self.all.last().expect("a cluster has three primaries");
        self.responsive().find_map(|node| ask(node).ok()).map_or_else(|| ask(last), Ok)
    }

    /// Those that answer, or refuse at once.
    fn responsive(&self) -> impl Iterator<Item = &Redis> {
        self.all.iter().filter(|node| !node.is_paused())
    }

    /// Waits until the view of every node that can be asked is as it should be.
    pub(super) fn everywhere(&self, awaited: &str, right: impl Fn(&View) -> bool) -> Result<(), StartError> {
        wait::until(awaited, PATIENCE, || {
            let views: Vec<View> = self.responsive().filter_map(|node| View::of(node).ok()).collect();
            match views.iter().find(|view| !right(view)) {
                None if views.is_empty() => Err("no node that answers".into()),
                None => Ok(()),
                Some(wrong) => Err(format!("{wrong:?}")),
            }
        })
    }

    /// Waits until every node that can be asked serves.
    pub(super) fn serving(&self) -> Result<(), StartError> {
        wait::until("cluster_state:ok on every living node", PATIENCE, || {
            for node in self.responsive() {
                match node.ask::<String>(cmd("CLUSTER").arg("INFO")) {
                    Ok(state) if !state.contains("cluster_state:ok") => return Err(state),
                    _ => {}
                }
            }
            Ok(())
        })
    }

    /// Waits until every node is alive, known to all, and serves.
    pub(super) fn whole(&self) -> Result<(), StartError> {
        self.everywhere("a cluster whose nodes all know each other", |view| view.is_whole(self.all.len()))?;
        wait::until("every node among the living", PATIENCE, || {
            let asked = self.all.iter().map(View::of).collect::<Result<Vec<_>, _>>();
            asked.map(drop).map_err(|error| error.to_string())
        })?;
        self.serving()
    }
}
