//! Where a test holds a task between two steps of the protocol. Compiled for tests alone; a task that nobody holds passes.

use std::sync::Arc;

use tokio::sync::{Mutex, mpsc, watch};

use crate::layers::shared::LayerError;

/// A place between two steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Point {
    /// Leads a flight, and is about to read Redis.
    Read,
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
    /// Redis did it; its answer is on its way.
    Told,
    /// Connected, and is about to say hello.
    Hello,
    /// Hello's answer is on its way.
    Answered,
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
}

/// The held task's side.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) place: watch::Sender<Place>,
    pub(crate) go: Mutex<mpsc::UnboundedReceiver<Go>>,
}

tokio::task_local! {
    pub(crate) static HELD: Arc<Held>;
}

pub(crate) async fn at(point: Point) -> Result<(), LayerError> {
    let Ok(held) = HELD.try_with(Arc::clone) else { return Ok(()) };
    held.place.send_replace(Place::At(point));
    let go = held.go.lock().await.recv().await;
    held.place.send_replace(Place::Under);
    match go {
        Some(Go::Away) => Err(LayerError::Away("a test said so".to_owned())),
        _ => Ok(()),
    }
}
