use super::{Ending, EndpointStats, SlowCall, Timing, TrackerConfig, series::Series, slow::SlowLog};
use crate::{ConfigError, live::Live};
use parking_lot::RwLock;
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::time::Instant;

/// The endpoint under which calls are counted once as many endpoints were seen as are told apart.
pub const OTHER: &str = "other";

/// How long each endpoint takes, over a sliding window, and which calls were slow.
///
/// A record reads the clock once and takes the lock of its endpoint, for no longer than it takes to count.
///
/// ```
/// # use mainstay_resilience::timeout::{Ending, Tracker, TrackerConfig};
/// # use std::time::Duration;
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let tracker = Tracker::new("api", TrackerConfig::default()).unwrap();
/// let timing = tracker.time("search", Some("7c1f".into()));
/// tokio::time::sleep(Duration::from_secs(6)).await;
/// timing.end(Ending::Answered);
/// assert_eq!(tracker.stats("search").unwrap().p99, Duration::from_secs(6));
/// assert_eq!(tracker.slow_calls()[0].request_id.as_deref(), Some("7c1f"));
/// # }
/// ```
pub struct Tracker {
    name: Arc<str>,
    config: Live<TrackerConfig>,
    began: Instant,
    series: RwLock<Known>,
    slow: SlowLog,
}

/// All series have the shape of one configuration.
#[derive(Debug)]
struct Known {
    sub_window: Duration,
    endpoints: HashMap<Arc<str>, Arc<Series>>,
    other: Arc<Series>,
}

impl Known {
    fn new(config: &TrackerConfig) -> Self {
        let parts = u32::try_from(config.sub_windows).unwrap_or(u32::MAX);
        Self {
            sub_window: config.window / parts,
            endpoints: HashMap::new(),
            other: Arc::new(Series::new(config)),
        }
    }
}

impl Tracker {
    /// A tracker that has seen nothing; `name` is for errors of its configuration and for its health report.
    ///
    /// # Errors
    /// All fields of `config` that are out of range.
    pub fn new(name: impl Into<Arc<str>>, config: TrackerConfig) -> Result<Self, ConfigError> {
        let name = name.into();
        config.validate(&name)?;
        let series = RwLock::new(Known::new(&config));
        Ok(Self { name, config: Live::new(config), began: Instant::now(), series, slow: SlowLog::default() })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it works with now.
    pub fn config(&self) -> Arc<TrackerConfig> {
        self.config.get()
    }

    /// Works with `config` from now on. Slow calls and statistics are kept, but where the window changes its shape the
    /// statistics begin anew, since what was counted cannot be told apart any more.
    ///
    /// # Errors
    /// All fields that are out of range; the configuration then stays as it was.
    pub fn reconfigure(&self, config: TrackerConfig) -> Result<(), ConfigError> {
        config.validate(&self.name)?;
        let mut known = self.series.write();
        let before = self.config.get();
        if (before.window, before.sub_windows) != (config.window, config.sub_windows) {
            *known = Known::new(&config);
        }
        self.slow.keep(config.slow_log);
        self.config.set(config);
        Ok(())
    }

    /// Begins to time a call.
    pub fn time<'t>(&'t self, endpoint: &'t str, request_id: Option<Arc<str>>) -> Timing<'t> {
        Timing { tracker: self, endpoint, request_id, began: Instant::now(), ending: Ending::Abandoned }
    }

    /// Counts a call that has just ended.
    pub fn record(&self, endpoint: &str, took: Duration, ending: Ending, request_id: Option<Arc<str>>) {
        self.record_at(Instant::now(), endpoint, took, ending, request_id);
    }

    pub(super) fn record_at(
        &self,
        now: Instant,
        endpoint: &str,
        took: Duration,
        ending: Ending,
        request_id: Option<Arc<str>>,
    ) {
        let config = self.config.read();
        let (series, turn) = self.series(endpoint, config.max_endpoints, now);
        series.record(turn, took, ending);
        if took > config.slow_after {
            let endpoint = endpoint.into();
            self.slow.note(SlowCall { endpoint, took, ending, request_id, at: now }, config.slow_log);
        }
    }

    /// The endpoint's series, made if need be, and the stretch of time that `now` lies in.
    fn series(&self, endpoint: &str, max_endpoints: usize, now: Instant) -> (Arc<Series>, u64) {
        let known = self.series.read();
        if let Some(series) = known.endpoints.get(endpoint) {
            return (series.clone(), self.turn(&known, now));
        }
        if endpoint == OTHER || known.endpoints.len() >= max_endpoints {
            return (known.other.clone(), self.turn(&known, now));
        }
        drop(known);
        self.meet(endpoint, max_endpoints, now)
    }

    /// An endpoint seen for the first time.
    #[cold]
    fn meet(&self, endpoint: &str, max_endpoints: usize, now: Instant) -> (Arc<Series>, u64) {
        let mut known = self.series.write();
        let turn = self.turn(&known, now);
        if !known.endpoints.contains_key(endpoint) && known.endpoints.len() >= max_endpoints {
            return (known.other.clone(), turn);
        }
        let series = || Arc::new(Series::new(&self.config.read()));
        (known.endpoints.entry(endpoint.into()).or_insert_with(series).clone(), turn)
    }

    fn turn(&self, known: &Known, now: Instant) -> u64 {
        let turn = now.saturating_duration_since(self.began).as_nanos() / known.sub_window.as_nanos();
        u64::try_from(turn).unwrap_or(u64::MAX)
    }

    /// One endpoint's statistics; `None` if it was never seen, or is counted with others.
    pub fn stats(&self, endpoint: &str) -> Option<EndpointStats> {
        let known = self.series.read();
        let (name, series) = known.endpoints.get_key_value(endpoint)?;
        let (name, series, turn) = (name.clone(), series.clone(), self.turn(&known, Instant::now()));
        drop(known);
        Some(series.stats(name, turn))
    }

    /// The statistics of all endpoints, by name, and of the `other` ones if there are any, last.
    pub fn snapshot(&self) -> Vec<EndpointStats> {
        let (mut series, other, turn) = {
            let known = self.series.read();
            let series = known.endpoints.iter().map(|(name, series)| (name.clone(), series.clone()));
            (series.collect::<Vec<_>>(), known.other.clone(), self.turn(&known, Instant::now()))
        };
        series.sort_by(|(one, _), (two, _)| one.cmp(two));
        let mut all: Vec<_> = series.into_iter().map(|(name, series)| series.stats(name, turn)).collect();
        all.extend(Some(other.stats(OTHER.into(), turn)).filter(|other| other.count > 0));
        all
    }

    /// The latest slow calls, the oldest first.
    pub fn slow_calls(&self) -> Vec<SlowCall> {
        self.slow.calls()
    }
}

impl std::fmt::Debug for Tracker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tracker")
            .field("name", &self.name)
            .field("config", &self.config())
            .field("endpoints", &self.series.read().endpoints.len())
            .finish_non_exhaustive()
    }
}
