use std::fmt;
use std::sync::Arc;

use tokio::time::{Instant, MissedTickBehavior, interval};

use super::config::{HealthConfig, MonitorConfig};
use super::gauges::Gauges;
use super::health::{Evidence, Health};
use super::history::{History, Reading};
use super::timings::Timings;
use super::watched::Watched;
use crate::error::ConfigError;

/// Watches a pool: how full it is, how that was, and whether it is well.
///
/// ```
/// # use mainstay_pool::{Manager, Pool, PoolConfig};
/// # struct Numbers;
/// # impl Manager for Numbers {
/// #     type Connection = u32;
/// #     type Error = std::convert::Infallible;
/// #     async fn connect(&self) -> Result<u32, Self::Error> { Ok(7) }
/// #     async fn check(&self, _: &mut u32) -> Result<(), Self::Error> { Ok(()) }
/// # }
/// use std::sync::Arc;
/// use mainstay_pool::monitor::{HealthConfig, Monitor, MonitorConfig, Timings};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let timings = Arc::new(Timings::default());
/// let pool = Pool::builder("numbers", Numbers, PoolConfig::testing()).observer(Arc::clone(&timings)).build()?;
/// let monitor = Arc::new(Monitor::new("numbers", pool.clone(), MonitorConfig::default())?.timings(timings));
/// tokio::spawn({
///     let monitor = Arc::clone(&monitor);
///     async move { monitor.run().await }
/// });
///
/// drop(pool.get().await?);
/// let health = monitor.health(&HealthConfig::default());
/// assert!(health.healthy, "{health}");
/// # Ok(())
/// # }
/// ```
pub struct Monitor<W> {
    name: Arc<str>,
    watched: W,
    config: MonitorConfig,
    timings: Option<Arc<Timings>>,
    history: History,
}

impl<W: Watched> Monitor<W> {
    /// Watches a pool under the name `name`.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] if fields of `config` are out of range.
    pub fn new(name: impl Into<Arc<str>>, watched: W, config: MonitorConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        Ok(Self { name: name.into(), watched, config, timings: None, history: History::default() })
    }

    /// Adds how long everything takes: the same timings that observe the pool.
    #[must_use]
    pub fn timings(mut self, timings: Arc<Timings>) -> Self {
        self.timings = Some(timings);
        self
    }

    /// The counts now.
    pub fn gauges(&self) -> Gauges {
        self.watched.gauges()
    }

    /// Takes one reading into the history, and returns it.
    pub fn read(&self) -> Reading {
        let reading = Reading {
            at: Instant::now(),
            gauges: self.watched.gauges(),
            totals: self.timings.as_ref().map(|timings| timings.totals()),
        };
        self.history.push(reading, self.config.history);
        #[cfg(feature = "metrics")]
        super::metrics::Metrics::show(&self.name, &reading.gauges);
        reading
    }

    /// Takes a reading every [`every`](MonitorConfig::every), for ever.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends it; the history stays.
    pub async fn run(&self) {
        let mut ticks = interval(self.config.every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.read();
        }
    }

    /// The readings that are kept, the oldest first.
    pub fn history(&self) -> Vec<Reading> {
        self.history.all()
    }

    /// The share of the most connections there may be that was in use, on average over the history; now, if there is none.
    pub fn utilisation(&self) -> f64 {
        let readings = self.history.all();
        if readings.is_empty() {
            return self.gauges().utilisation();
        }
        readings.iter().map(|reading| reading.gauges.utilisation()).sum::<f64>() / readings.len() as f64
    }

    /// Whether the pool is well by `config`, and if not, why and what to do.
    pub fn health(&self, config: &HealthConfig) -> Health {
        Health::of(
            &Evidence {
                pool: Arc::clone(&self.name),
                now: self.gauges(),
                history: self.history.all(),
                wait: self.timings.as_ref().map(|timings| timings.wait()).unwrap_or_default(),
                connect: self.timings.as_ref().map(|timings| timings.connect()).unwrap_or_default(),
            },
            config,
        )
    }
}

impl<W> fmt::Debug for Monitor<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitor")
            .field("name", &self.name)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
