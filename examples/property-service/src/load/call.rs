use super::session::Sessions;
use super::staleness::Acknowledged;
use super::{Arrival, Schedule};
use crate::domain::{Body, Endpoint, FailureKind, Service};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// What became of one call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome {
    /// The arrival's place in the schedule.
    pub(super) index: usize,
    pub(super) endpoint: Endpoint,
    /// Since the load began.
    pub(super) ended: Duration,
    /// From the time it was *due* to its answer, so that a stall shows in every call it held up
    /// ("coordinated omission" is what hides it).
    pub(super) latency: Duration,
    /// How late the driver itself started it.
    pub(super) lag: Duration,
    pub(super) verdict: Verdict,
    /// Showed a row older than an update acknowledged before the call began.
    pub(super) stale: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Right { degraded: bool },
    Wrong,
    Failed(FailureKind),
}

/// Told of each outcome, from many tasks at once.
pub(super) trait Witness: Send + Sync + 'static {
    fn saw(&self, outcome: &Outcome);
}

/// A load under way: what its calls share.
pub(super) struct Course<S, W> {
    service: Arc<S>,
    schedule: Arc<Schedule>,
    witness: Arc<W>,
    pub(super) start: Instant,
    sessions: Sessions,
    acknowledged: Acknowledged,
}

impl<S: Service, W: Witness> Course<S, W> {
    /// Begins now.
    pub(super) fn new(service: &Arc<S>, schedule: &Arc<Schedule>, witness: &Arc<W>) -> Self {
        Self {
            service: Arc::clone(service),
            schedule: Arc::clone(schedule),
            witness: Arc::clone(witness),
            start: Instant::now(),
            sessions: Sessions::new(schedule.sessions),
            acknowledged: Acknowledged::default(),
        }
    }

    /// Makes the call at `index` of the schedule and tells the witness what became of it.
    pub(super) async fn call(self: Arc<Self>, index: usize) {
        let Arrival { at, session, request: planned } = &self.schedule.arrivals[index];
        let due = self.start + *at;
        let lag = due.elapsed();
        let endpoint = planned.endpoint();
        let request = match session {
            Some(session) => &self.sessions.ask(*session, planned),
            None => planned,
        };
        let began = self.acknowledged.now();
        let answered = timeout_at(due + endpoint.timeout(), self.service.handle(request)).await;
        let now = Instant::now();
        let mut stale = false;
        let verdict = match answered {
            Err(_) => Verdict::Failed(FailureKind::Timeout),
            Ok(Err(failure)) => Verdict::Failed(failure.kind),
            Ok(Ok(answer)) => {
                self.acknowledged.note(&answer);
                stale = self.acknowledged.is_stale(&answer, began);
                if request.is_answered_by(&answer) {
                    if let (Some(session), Body::Page(page)) = (session, &answer.body) {
                        self.sessions.shown(*session, request, page);
                    }
                    Verdict::Right { degraded: answer.degraded }
                } else {
                    Verdict::Wrong
                }
            }
        };
        let latency = now - due;
        self.witness.saw(&Outcome { index, endpoint, ended: now - self.start, latency, lag, verdict, stale });
    }
}
