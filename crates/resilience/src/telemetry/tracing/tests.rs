use super::Tracing;
use crate::{
    PolicyExt, Timeout, Verdict,
    breaker::State,
    telemetry::{
        Event, Observer, PolicyId, PolicyKind,
        script::{every_event, every_policy},
    },
};
use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};
use tracing::{Level, instrument::WithSubscriber};
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Lines {
    fn subscriber(&self, level: Level) -> impl tracing::Subscriber + Send + Sync + use<> {
        tracing_subscriber::fmt()
            .without_time()
            .with_ansi(false)
            .with_max_level(level)
            .with_writer(self.clone())
            .finish()
    }

    fn all(&self) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| line.trim().to_owned()).collect()
    }
}

fn said(level: Level, events: &[Event]) -> Vec<String> {
    let lines = Lines::default();
    let policy = PolicyId::new(PolicyKind::Breaker, "valuer");
    tracing::subscriber::with_default(lines.subscriber(level), || {
        events.iter().for_each(|event| Tracing.on(&policy, *event));
    });
    lines.all()
}

#[test]
fn every_event_is_said_once_with_policy_and_name() {
    let lines = Lines::default();
    tracing::subscriber::with_default(lines.subscriber(Level::TRACE), || {
        for policy in every_policy() {
            every_event().into_iter().for_each(|event| Tracing.on(&policy, event));
        }
    });
    let lines = lines.all();
    assert_eq!(lines.len(), every_policy().len() * every_event().len());
    for line in &lines {
        assert!(line.contains(" mainstay_resilience: ") && line.contains(" name=\"it\""), "{line}");
    }
    for policy in every_policy() {
        let of_it = format!(" policy=\"{}\" ", policy.kind);
        assert_eq!(lines.iter().filter(|line| line.contains(&of_it)).count(), every_event().len());
    }
}

#[test]
fn what_somebody_should_look_at_is_warned_of() {
    let warned = said(Level::WARN, &every_event());
    assert_eq!(
        warned,
        [
            "WARN mainstay_resilience: slow call policy=\"breaker\" name=\"valuer\" took=1s",
            "WARN mainstay_resilience: gave up policy=\"breaker\" name=\"valuer\" attempts=3 stopped_by=no attempts left",
            "WARN mainstay_resilience: gave up policy=\"breaker\" name=\"valuer\" attempts=3 stopped_by=no time left",
            "WARN mainstay_resilience: gave up policy=\"breaker\" name=\"valuer\" attempts=3 stopped_by=the series took too long",
            "WARN mainstay_resilience: gave up policy=\"breaker\" name=\"valuer\" attempts=3 stopped_by=the retry budget is spent",
            "WARN mainstay_resilience: gave up policy=\"breaker\" name=\"valuer\" attempts=3 stopped_by=asked to wait 1s, which is longer than there is time for",
            "WARN mainstay_resilience: circuit opened policy=\"breaker\" name=\"valuer\" from=closed to=open",
            "WARN mainstay_resilience: circuit opened policy=\"breaker\" name=\"valuer\" from=ramping to=forced_open",
            "WARN mainstay_resilience: endpoint ejected policy=\"breaker\" name=\"valuer\"",
        ]
    );
}

#[test]
fn recovery_is_told_and_single_attempts_are_detail() {
    let closing = Event::Transition { from: State::HalfOpen, to: State::Closed };
    let retrying = Event::Retrying { attempts: 1, pause: Duration::from_millis(50) };
    assert_eq!(
        said(Level::INFO, &[closing, retrying]),
        [
            "INFO mainstay_resilience: circuit changed policy=\"breaker\" name=\"valuer\" from=half_open to=closed"
        ]
    );
    assert_eq!(
        said(Level::DEBUG, &[retrying]),
        ["DEBUG mainstay_resilience: retrying policy=\"breaker\" name=\"valuer\" attempts=1 pause=50ms"]
    );
    assert_eq!(said(Level::DEBUG, &[Event::Ended(Verdict::Success)]), [""; 0]);
}

#[test]
fn a_level_that_is_off_allocates_nothing() {
    let policy = PolicyId::new(PolicyKind::Breaker, "valuer");
    let lines = Lines::default();
    tracing::subscriber::with_default(lines.subscriber(Level::WARN), || {
        let quiet: Vec<_> =
            every_event().into_iter().filter(|event| said(Level::WARN, &[*event]).is_empty()).collect();
        assert!(quiet.len() > 15);
        // The first event of each kind makes itself known to the subscriber.
        quiet.iter().for_each(|event| Tracing.on(&policy, *event));
        let spent =
            allocation_counter::measure(|| quiet.iter().for_each(|event| Tracing.on(&policy, *event)));
        assert_eq!(spent.count_total, 0);
    });
}

#[tokio::test(start_paused = true)]
async fn a_timeout_speaks_in_the_span_of_its_caller() {
    use tracing::Instrument;
    let lines = Lines::default();
    let limit = Timeout::new("valuer", Duration::from_secs(1)).unwrap().observe(Tracing);
    async {
        let call = limit.call(std::future::pending::<Result<(), &str>>);
        call.instrument(tracing::info_span!("request", id = 7)).await.unwrap_err();
    }
    .with_subscriber(lines.subscriber(Level::DEBUG))
    .await;
    assert_eq!(
        lines.all(),
        [
            "DEBUG request{id=7}: mainstay_resilience: no answer in time policy=\"timeout\" name=\"valuer\" after=1s"
        ]
    );
}
