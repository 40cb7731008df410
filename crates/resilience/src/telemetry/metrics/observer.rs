use super::{catalogue, handles::Handles};
use crate::telemetry::{Event, Observer, PolicyId};

/// Counts what happens in a policy, by the [`metrics`] facade.
///
/// Install the recorder first: handles are made when the observer is given to a policy, and an event then costs one
/// atomic addition. All names and labels are in `docs/metrics.md`.
///
/// Behind an [`Arc`](std::sync::Arc) it counts for every policy it is given to, and looks up a handle for each event:
/// give each policy its own.
///
/// ```
/// # use mainstay_resilience::{PolicyExt, Timeout, telemetry::Metrics};
/// # use std::time::Duration;
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let limit = Timeout::new("valuer", Duration::from_secs(2)).unwrap().observe(Metrics::new());
/// limit.call(|| async { Ok::<_, std::io::Error>(850_000) }).await.unwrap();
/// // mainstay_resilience_calls_total{policy="timeout",name="valuer",outcome="success"} 1
/// # }
/// ```
#[derive(Default)]
pub struct Metrics {
    /// Those of the policy it was given to; `None` where it is shared and cannot know.
    handles: Option<Box<Handles>>,
}

impl Metrics {
    /// An observer for one policy.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Observer for Metrics {
    fn attach(&mut self, policy: &PolicyId) {
        catalogue::describe();
        self.handles = Some(Box::new(Handles::of(policy)));
    }

    #[inline]
    fn on(&self, policy: &PolicyId, event: Event) {
        match &self.handles {
            Some(handles) => handles.on(policy, event),
            None => on_shared(policy, event),
        }
    }
}

#[cold]
fn on_shared(policy: &PolicyId, event: Event) {
    Handles::default().on(policy, event);
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metrics").field("attached", &self.handles.is_some()).finish()
    }
}
