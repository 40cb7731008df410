use super::{
    Cause, Request, Scenario,
    arrivals::Arrivals,
    call_log::CallLog,
    clock::{Clock, nanos},
    link::Link,
    station::Station,
    usage::Work,
};
use crate::Error;
use futures::{StreamExt, stream::FuturesUnordered};
use std::{
    pin::pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::Instant;

/// Runs a scenario to its end: all calls answered, or [`GRACE`] after the last of them could come.
pub(super) async fn run<F, Fut, T, E>(scenario: &Scenario, call: F) -> (CallLog, Vec<Work>)
where
    F: Fn(Request) -> Fut,
    Fut: Future<Output = Result<T, Error<E>>>,
{
    let (clock, width, end) = (Clock::start(), nanos(scenario.slice), nanos(scenario.duration));
    let station = Station::new(scenario.server.clone(), scenario.seed, width, end);
    let link = Link::new(clock, station);
    let names: Vec<Arc<str>> =
        scenario.clients.iter().map(|clients| Arc::from(clients.name.as_str())).collect();
    let mut world = World {
        arrivals: Arrivals::new(&scenario.clients, scenario.seed, end),
        calls: FuturesUnordered::new(),
        log: CallLog::new(width, end, names.len()),
    };
    let begin = |group: usize| {
        let call = call(Request { link: link.clone(), client: names[group].clone() });
        guarded(call, group, clock.now(), scenario.clients[group].patience)
    };
    let mut alarm = pin!(tokio::time::sleep_until(clock.instant(0)));
    let last = end.saturating_add(nanos(GRACE));
    let drive = std::future::poll_fn(|cx| {
        loop {
            link.catch_up();
            world.attend(clock.now(), begin, cx);
            let now = clock.now();
            if now >= last || (now >= end && world.calls.is_empty()) {
                return Poll::Ready(());
            }
            let latest = world.arrivals.next().unwrap_or(if now < end { end } else { last });
            alarm.as_mut().reset(clock.instant(link.sleep(latest, cx)));
            if alarm.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    });
    // Time stands still while there is something to do, so nobody gains from being interrupted.
    tokio::task::unconstrained(drive).await;
    world.log.close();
    (world.log, link.books(end))
}

/// How long after the end calls may still be answered.
const GRACE: Duration = Duration::from_secs(3600);

struct World<Fut> {
    arrivals: Arrivals,
    calls: FuturesUnordered<Fut>,
    log: CallLog,
}

/// A call that ended: its group, when it came, and what became of it.
type Ended = (usize, u64, Result<Duration, Cause>);

impl<Fut: Future<Output = Ended>> World<Fut> {
    /// Begins the calls that are due and lets all calls do what they can.
    fn attend(&mut self, now: u64, begin: impl Fn(usize) -> Fut, cx: &mut Context<'_>) {
        while let Some(group) = self.arrivals.take(now) {
            self.log.began(group, now);
            self.calls.push(begin(group));
        }
        while let Poll::Ready(Some((group, came, outcome))) = self.calls.poll_next_unpin(cx) {
            self.log.ended(group, came, outcome);
            self.arrivals.ended(group, now);
        }
    }
}

/// A call as its caller makes it, who leaves when `patience` ends.
async fn guarded<T, E>(
    call: impl Future<Output = Result<T, Error<E>>>,
    group: usize,
    came: u64,
    patience: Option<Duration>,
) -> Ended {
    let began = Instant::now();
    let outcome = match patience {
        Some(patience) => tokio::time::timeout(patience, call).await.map_err(|_| Cause::CallerLeft),
        None => Ok(call.await),
    };
    let outcome = outcome.and_then(|outcome| outcome.map_err(|error| Cause::of(&error)));
    (group, came, outcome.map(|_| began.elapsed()))
}
