use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::JoinHandle;

use crate::hold::{Go, HELD, Held, Place, Point};

/// A task that stops at every hold. Dropping it drops what it was doing.
#[derive(Debug)]
pub(super) struct Actor<T> {
    held: Arc<Held>,
    go: mpsc::UnboundedSender<Go>,
    task: JoinHandle<T>,
}

impl<T: Send + 'static> Actor<T> {
    pub(super) fn start(work: impl Future<Output = T> + Send + 'static) -> Self {
        let (held, go) = held();
        let own = held.clone();
        let task = tokio::spawn(HELD.scope(held.clone(), async move {
            let done = work.await;
            own.place.send_replace(Place::Done);
            done
        }));
        Self { held, go, task }
    }

    pub(super) fn place(&self) -> Place {
        *self.held.place.borrow()
    }

    /// Waits for the next hold, or the end; whoever waits for another task stays `Under`.
    pub(super) async fn rests(&self) -> Place {
        let mut seen = self.held.place.subscribe();
        let rests = seen.wait_for(|place| *place != Place::Under);
        let _ = tokio::time::timeout(Duration::from_secs(5), rests).await;
        self.place()
    }

    /// Lets it go on to the next hold.
    pub(super) async fn on(&self, go: Go) -> Place {
        self.held.place.send_replace(Place::Under);
        let _ = self.go.send(go);
        self.rests().await
    }

    /// Lets it go on from one of these holds, once for each that it comes to.
    pub(super) async fn past(&self, points: &[Point], go: Go) -> Place {
        while let Place::At(point) = self.place()
            && points.contains(&point)
        {
            self.on(go).await;
        }
        self.place()
    }

    pub(super) async fn result(mut self) -> T {
        (&mut self.task).await.expect("it does not panic")
    }
}

impl<T> Drop for Actor<T> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Runs what nobody stops, but what is led all the same: it starts nothing by itself.
pub(super) async fn led<T>(work: impl Future<Output = T>) -> T {
    let (held, _go) = held();
    HELD.scope(held, work).await
}

fn held() -> (Arc<Held>, mpsc::UnboundedSender<Go>) {
    let (go, going) = mpsc::unbounded_channel();
    (Arc::new(Held { place: watch::channel(Place::Under).0, go: Arc::new(Mutex::new(going)) }), go)
}
