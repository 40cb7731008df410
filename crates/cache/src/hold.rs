//! Where a test holds a task between two steps of the protocol. Compiled for tests alone; a task that nobody holds passes.

use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard, mpsc, watch};

use crate::layers::shared::LayerError;

/// A place between two steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Point {
    /// Leads a flight, and is about to read Redis.
    Read,
    /// Found nothing alive, and is about to claim.
    Claim,
    /// On a Cluster: about to ask the control key for the clock.
    Clock,
    /// On a Cluster: about to go to a bucket.
    Slot,
    /// The claim was granted; its answer is on its way.
    Claimed,
    /// The loader is about to read the source.
    Load,
    /// Has its value, and is about to land.
    Land,
    /// Has landed, and is about to commit.
    Commit,
    /// Has voided, and is about to tell Redis.
    Tell,
    /// On a Cluster: the buckets were told, and the control key is about to be.
    Announce,
    /// Redis did it; its answer is on its way.
    Told,
    /// Connected, and is about to say hello.
    Hello,
    /// Hello's answer is on its way.
    Answered,
    /// On a Cluster: a bucket's answer to hello is on its way.
    Met,
}

/// Where a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// At work, or waiting for another task.
    Under,
    At(Point),
    Done,
}

/// How a held task goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Go {
    On,
    /// As if Redis were away.
    Away,
    /// After what else the task does at the same time.
    Last,
}

/// The held task's side.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) place: watch::Sender<Place>,
    pub(crate) go: Arc<Mutex<mpsc::UnboundedReceiver<Go>>>,
}

/// Of all that a held task does at the same time nothing else goes on until this is dropped.
#[derive(Debug)]
#[expect(dead_code, reason = "held for its drop alone")]
pub(crate) struct Turn(Option<OwnedMutexGuard<mpsc::UnboundedReceiver<Go>>>);

tokio::task_local! {
    pub(crate) static HELD: Arc<Held>;
}

/// Whether a test leads this task.
pub(crate) fn is_held() -> bool {
    HELD.try_with(|_| ()).is_ok()
}

pub(crate) async fn at(point: Point) -> Result<(), LayerError> {
    turn(point).await.map(drop)
}

pub(crate) async fn turn(point: Point) -> Result<Turn, LayerError> {
    let Ok(held) = HELD.try_with(Arc::clone) else { return Ok(Turn(None)) };
    loop {
        let mut going = held.go.clone().lock_owned().await;
        held.place.send_replace(Place::At(point));
        let go = going.recv().await;
        held.place.send_replace(Place::Under);
        match go {
            // The lock is fair: whoever waits for it comes first now.
            Some(Go::Last) => drop(going),
            Some(Go::Away) => return Err(LayerError::Away("a test said so".to_owned())),
            Some(Go::On) | None => return Ok(Turn(Some(going))),
        }
    }
}

/// [`at`], but not in the midst of another step.
pub(crate) async fn at_unless_within(point: Point) {
    let within = HELD.try_with(|held| held.go.try_lock().is_err()).unwrap_or(true);
    if !within {
        let _ = at(point).await;
    }
}
