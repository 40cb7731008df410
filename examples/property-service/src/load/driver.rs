use super::Schedule;
use super::call::{Course, Witness};
use super::record::{Recorder, Run};
use super::timeline::{Slice, Timeline};
use crate::domain::Service;
use std::sync::Arc;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};

/// Puts `service` under the load of `schedule` and records what came of it; `on_slice` hears of every 250 ms.
///
/// Ends when each call has been answered, has failed, or has been cancelled at its endpoint's timeout.
///
/// # Panics
///
/// With the service's own panic, if a call panics.
///
/// # Cancel safety
///
/// Dropping the future cancels every call under way.
pub async fn run<S: Service>(
    service: &Arc<S>,
    schedule: &Arc<Schedule>,
    on_slice: impl FnMut(&Slice) + Send,
) -> Run {
    let recorder = Arc::new(Recorder::new());
    let telemetry = service.telemetry();
    let start = Instant::now();
    let mut timeline = Timeline::new(start, telemetry.clone(), on_slice);
    tokio::select! {
        never = timeline.keep(service.as_ref(), &recorder) => match never {},
        () = drive(service, schedule, &recorder) => {}
    }
    let slices = timeline.finish(service.as_ref(), &recorder);
    recorder.into_run(schedule, start.elapsed(), slices, &telemetry, &service.telemetry())
}

/// Fires each call when it is due, whatever became of the earlier ones, and returns when all have ended.
pub(super) async fn drive<S: Service, W: Witness>(
    service: &Arc<S>,
    schedule: &Arc<Schedule>,
    witness: &Arc<W>,
) {
    let course = Arc::new(Course::new(service, schedule, witness));
    let mut calls = JoinSet::new();
    for (index, arrival) in schedule.arrivals.iter().enumerate() {
        sleep_until(course.start + arrival.at).await;
        calls.spawn(Arc::clone(&course).call(index));
        while let Some(ended) = calls.try_join_next() {
            pass_on_panic(ended);
        }
    }
    while let Some(ended) = calls.join_next().await {
        pass_on_panic(ended);
    }
}

/// A panic in the service is a defect of this program and not an outcome to count.
fn pass_on_panic(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        std::panic::resume_unwind(error.into_panic());
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, Faults, Wanted};
    use super::super::{Mix, Plan};
    use super::*;
    use crate::domain::{Endpoint, FailureKind, PageRef, Request};
    use std::collections::HashMap;
    use std::time::Duration;

    const SEED: u64 = 42;

    fn schedule(mix: Mix, rate: f64, seconds: u64) -> Arc<Schedule> {
        let plan = Plan { mix, seed: SEED, ..Plan::default() };
        Arc::new(plan.schedule(rate, Duration::from_secs(seconds), &mut Wanted::seeded(SEED)))
    }

    fn only(endpoint: Endpoint) -> Mix {
        Mix::new(|each| if each == endpoint { 1.0 } else { 0.0 })
    }

    fn fast() -> Fake {
        Fake::queueing(1000, Duration::from_millis(5))
    }

    fn with(faults: Faults) -> Arc<Fake> {
        Arc::new(fast().with(faults))
    }

    async fn under(service: &Arc<Fake>, schedule: &Arc<Schedule>) -> Run {
        run(service, schedule, |_| {}).await
    }

    fn ms(run: &Run, quantile: f64) -> f64 {
        run.overall.latency.value_at_quantile(quantile) as f64 / 1000.0
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_service_shows_its_own_latency_and_every_call_is_counted_once() {
        let schedule = schedule(Mix::default(), 100.0, 10);
        let run = under(&Arc::new(fast()), &schedule).await;
        assert_eq!(run.overall.requests(), 1000);
        assert_eq!(run.overall.successes, 1000);
        assert_eq!(run.by_endpoint.iter().map(|(_, tally)| tally.requests()).sum::<u64>(), 1000);
        assert_eq!(run.telemetry.db_queries, 1000);
        assert_eq!(run.stale_reads, 0);
        assert!(ms(&run, 0.0) >= 5.0 && ms(&run, 1.0) <= 8.0, "{} to {}", ms(&run, 0.0), ms(&run, 1.0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stall_shows_in_every_call_that_was_due_meanwhile() {
        let stall = Some((Duration::from_secs(3), Duration::from_secs(4)));
        let schedule = schedule(Mix::default(), 100.0, 10);
        let run = under(&with(Faults { stall, ..Faults::default() }), &schedule).await;
        let due = schedule.arrivals.iter().filter(|each| each.at.as_secs() == 3).count() as u64;
        assert!(due > 70, "about 100 calls are due in that second: {due}");
        // Each waits for what is left of the stall: half of them more than 0.5 s.
        let waited = run.overall.latency.count_between(500_000, 60_000_000);
        assert!(waited > due / 3, "{waited} of {due} waited 0.5 s");
        assert!(run.overall.latency.count_between(12_000, 60_000_000) > due - due / 20);
        assert!(ms(&run, 0.99) > 850.0, "p99 {}", ms(&run, 0.99));
        assert!(ms(&run, 0.85) < 10.0, "p85 {}", ms(&run, 0.85));
    }

    #[tokio::test(start_paused = true)]
    async fn calls_that_the_driver_itself_started_late_count_from_when_they_were_due() {
        let schedule = schedule(Mix::default(), 100.0, 10);
        let freeze = Some(Duration::from_secs(3));
        let run = under(&with(Faults { freeze, ..Faults::default() }), &schedule).await;
        let due = schedule.arrivals.iter().filter(|each| each.at.as_secs() == 3).count() as u64;
        let waited = run.overall.latency.count_between(500_000, 60_000_000);
        assert!(waited > due / 3, "{waited} of {due} waited 0.5 s");
        assert!(ms(&run, 0.99) > 850.0, "p99 {}", ms(&run, 0.99));
        assert!(run.start_lag.count_between(500_000, 60_000_000) > due / 3);
    }

    #[tokio::test(start_paused = true)]
    async fn queueing_counts_from_when_the_call_was_due() {
        // One server of 20 ms under 100 a second: a backlog of a second each two seconds.
        let schedule = schedule(only(Endpoint::Property), 100.0, 4);
        let run = under(&Arc::new(Fake::queueing(1, Duration::from_millis(20))), &schedule).await;
        assert!((3500.0..4600.0).contains(&ms(&run, 1.0)), "{}", ms(&run, 1.0));
        assert!(run.took >= Duration::from_secs(8));
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_beyond_its_endpoints_timeout_is_cancelled_and_counted() {
        let service = with(Faults { never_answers: true, ..Faults::default() });
        let schedule = schedule(Mix::default(), 50.0, 4);
        let run = under(&service, &schedule).await;
        assert_eq!(run.overall.failed(FailureKind::Timeout), 200);
        assert_eq!(run.overall.transient(), 200);
        assert_eq!(run.overall.successes, 0);
        for (endpoint, tally) in &run.by_endpoint {
            let limit = endpoint.timeout().as_micros() as u64;
            assert!(tally.latency.min() >= limit - limit / 500, "{endpoint:?}");
            assert!(tally.latency.max() <= limit + limit / 500 + 2000, "{endpoint:?}");
        }
        assert!(run.took <= schedule.span + Duration::from_millis(15_010));
    }

    #[tokio::test(start_paused = true)]
    async fn failures_degraded_and_wrong_answers_are_told_apart() {
        let schedule = schedule(only(Endpoint::Property), 50.0, 4);
        let run = under(&Arc::new(Fake::failing()), &schedule).await;
        assert_eq!((run.overall.failed(FailureKind::Upstream), run.overall.successes), (200, 0));

        let run = under(&with(Faults { marks_degraded: true, ..Faults::default() }), &schedule).await;
        assert_eq!((run.overall.degraded, run.overall.successes), (200, 200));

        let run = under(&with(Faults { wrong: true, ..Faults::default() }), &schedule).await;
        assert_eq!((run.overall.wrong, run.overall.successes, run.overall.transient()), (200, 0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn stale_reads_are_found_on_a_stale_service_and_not_on_a_right_one() {
        let mix = Mix::new(|endpoint| match endpoint {
            Endpoint::Property | Endpoint::UpdatePrice => 1.0,
            _ => 0.0,
        });
        let schedule = schedule(mix, 200.0, 5);
        let right = under(&Arc::new(fast()), &schedule).await;
        assert_eq!(right.stale_reads, 0);

        let stale = under(&with(Faults { stale: true, ..Faults::default() }), &schedule).await;
        let mut updated = HashMap::new();
        let mut owed = 0;
        for arrival in &schedule.arrivals {
            match arrival.request {
                Request::UpdatePrice { id, .. } => _ = updated.entry(id).or_insert(arrival.at),
                Request::Property { id } => {
                    let answered = Duration::from_millis(8);
                    owed += u64::from(updated.get(&id).is_some_and(|at| arrival.at > *at + answered));
                }
                _ => {}
            }
        }
        assert!(owed > 300, "{owed} reads of updated homes");
        assert!((owed..=owed + 20).contains(&stale.stale_reads), "{} of {owed}", stale.stale_reads);
        assert_eq!(stale.stale_reads_marked, 0);

        let marked = with(Faults { stale: true, marks_degraded: true, ..Faults::default() });
        let marked = under(&marked, &schedule).await;
        assert_eq!(marked.stale_reads_marked, marked.stale_reads);
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_hands_each_cursor_on_to_its_next_page() {
        let service = Arc::new(fast());
        let schedule = schedule(only(Endpoint::List), 100.0, 10);
        let run = under(&service, &schedule).await;
        assert_eq!(run.overall.successes, 1000);
        let mut deeper = 0;
        for call in service.calls() {
            let Request::List { page: PageRef { number, cursor }, .. } = call else { panic!("{call:?}") };
            deeper += u32::from(number > 1);
            assert_eq!(cursor, (number > 1).then(|| format!("after page {}", number - 1)));
        }
        assert!(deeper > 500, "{deeper} pages after the first");
    }

    #[tokio::test(start_paused = true)]
    async fn the_timeline_adds_up_to_the_run() {
        let stall = Some((Duration::from_secs(1), Duration::from_secs(2)));
        let schedule = schedule(Mix::default(), 100.0, 4);
        let mut heard = 0;
        let service = with(Faults { stall, ..Faults::default() });
        let run = run(&service, &schedule, |_| heard += 1).await;
        assert_eq!(heard, run.timeline.len());
        assert!((16..=17).contains(&heard), "4 s in 250 ms: {heard}");
        assert_eq!(run.timeline.iter().map(|slice| slice.answers).sum::<u64>(), run.overall.successes);
        assert_eq!(run.timeline.iter().map(|slice| slice.db_queries).sum::<u64>(), 400);
        let stalled = run.timeline.iter().find(|slice| slice.at.as_millis() / 250 == 6);
        assert_eq!(stalled.map(|slice| (slice.answers, slice.p95)), Some((0, None)));
        let total: Duration = run.timeline.iter().map(|slice| slice.length).sum();
        assert!(run.took.abs_diff(total) < Duration::from_millis(1), "{total:?} of {:?}", run.took);
    }

    #[tokio::test(start_paused = true)]
    async fn dropping_the_run_cancels_what_is_under_way() {
        let service = with(Faults { never_answers: true, ..Faults::default() });
        let schedule = schedule(Mix::default(), 100.0, 4);
        let cut = tokio::time::timeout(Duration::from_secs(2), under(&service, &schedule)).await;
        assert!(cut.is_err());
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert_eq!(Arc::strong_count(&service), 1, "no call holds the service any more");
    }
}
