use std::fmt;
use std::sync::{Arc, Weak};

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::config::AdaptiveConfig;
use super::controller::Controller;
use super::decision::Decision;
use super::sample::Sample;
use crate::error::ConfigError;
use crate::inner::{Inner, Phase};
use crate::manager::Manager;
use crate::monitor::{Timings, Totals};
use crate::observer::Observer;
use crate::pool::Pool;
use crate::trace;

/// Lets a pool find its own size, for as long as it is kept: dropped, the pool stays as large as it is.
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
/// use mainstay_pool::monitor::Timings;
/// use mainstay_pool::sizing::{AdaptiveConfig, Sizer};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let timings = Arc::new(Timings::default());
/// let pool = Pool::builder("numbers", Numbers, PoolConfig::production()).observer(Arc::clone(&timings)).build()?;
/// let sizer = Sizer::start(&pool, timings, AdaptiveConfig::default().dry_run(true))?;
///
/// let mut decisions = sizer.decisions();
/// decisions.changed().await?;
/// println!("{}", sizer.last().expect("there is one now"));
/// assert_eq!(pool.status().max, 20, "a dry run changes nothing");
/// # Ok(())
/// # }
/// ```
pub struct Sizer {
    decisions: watch::Receiver<Option<Decision>>,
    task: JoinHandle<()>,
}

impl Sizer {
    /// Resizes `pool` to the configuration's minimum, unless in a dry run, and to what is right from then on, once a window. `timings`
    /// must be what observes the pool, or among it.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] if fields of `config` are out of range, or its minimum is not above what the pool's lanes are
    /// guaranteed.
    pub fn start<M: Manager, O: Observer>(
        pool: &Pool<M, O>,
        timings: Arc<Timings>,
        config: AdaptiveConfig,
    ) -> Result<Self, ConfigError> {
        let controller = Controller::new(config)?;
        let config = controller.config();
        if config.dry_run {
            pool.config().validate_resize(config.min)?;
        } else {
            pool.resize(config.min)?;
        }
        let (sender, decisions) = watch::channel(None);
        let inner = pool.inner();
        let since = (Instant::now(), timings.totals());
        let sizing = Sizing { pool: Arc::downgrade(inner), timings, controller, since, decisions: sender };
        Ok(Self { decisions, task: inner.runtime.spawn(sizing.run()) })
    }

    /// The latest decision; `None` before the end of the first window.
    pub fn last(&self) -> Option<Decision> {
        self.decisions.borrow().clone()
    }

    /// Every decision as it is made; ends with the pool.
    pub fn decisions(&self) -> watch::Receiver<Option<Decision>> {
        self.decisions.clone()
    }
}

impl Drop for Sizer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for Sizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sizer").field(&self.last()).finish()
    }
}

/// The controller with its eyes and hands.
struct Sizing<M: Manager, O: Observer> {
    /// Weak, so that a pool nobody uses any more ends.
    pool: Weak<Inner<M, O>>,
    timings: Arc<Timings>,
    controller: Controller,
    /// When the window began, and what had happened by then.
    since: (Instant, Totals),
    decisions: watch::Sender<Option<Decision>>,
}

/// How often a window looks how many connections are in use.
const LOOKS: u32 = 10;

impl<M: Manager, O: Observer> Sizing<M, O> {
    async fn run(mut self) {
        while let Some(in_use) = self.watch_one_window().await {
            let Some(pool) = self.pool() else { return };
            let sample = self.sample(&pool, in_use);
            let decision = self.controller.decide(&sample);
            let dry_run = self.controller.config().dry_run;
            if decision.is_change() {
                trace::resized(&pool.name, &decision, dry_run);
            }
            if decision.is_change() && !dry_run {
                // Lanes that were given more meanwhile may hold it up; the next window tries again.
                let _ = pool.transition(|state, later| state.resize(decision.to, later));
            }
            self.decisions.send_replace(Some(decision));
        }
    }

    fn pool(&self) -> Option<Arc<Inner<M, O>>> {
        self.pool.upgrade().filter(|pool| *pool.phase.borrow() == Phase::Open)
    }

    /// Connections in use on average; `None` once the pool is gone.
    async fn watch_one_window(&self) -> Option<f64> {
        let mut seen = 0;
        for _ in 0..LOOKS {
            sleep(self.controller.config().window / LOOKS).await;
            seen += self.pool()?.status().in_use;
        }
        Some(seen as f64 / f64::from(LOOKS))
    }

    fn sample(&mut self, pool: &Arc<Inner<M, O>>, in_use: f64) -> Sample {
        let (now, totals, status) = (Instant::now(), self.timings.totals(), pool.status());
        let (began, before) = std::mem::replace(&mut self.since, (now, totals));
        Sample::new(now.saturating_duration_since(began), status.max)
            .holds(totals.holds - before.holds, totals.held.saturating_sub(before.held))
            .open(status.size - status.connecting, in_use)
            .refused(totals.too_many - before.too_many)
    }
}
