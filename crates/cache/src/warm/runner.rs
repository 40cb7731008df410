use std::fmt;
use std::panic::AssertUnwindSafe;

use futures::stream::{FuturesUnordered, StreamExt};
use futures::{FutureExt, future};
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use super::pace::Pace;
use super::queue::{AnyWarmer, Batch, Plan};
use super::{Checkpoint, Ended, Progress, WarmConfig, WarmReport, Warmer, WarmerReport};
use crate::error::ConfigError;

/// Runs warmers: the most asked for first, so many at once, so many a second, until a deadline.
///
/// It runs in the caller's future and spawns nothing: `tokio::spawn` it to warm behind the first readers, or await it before the
/// first reader is let in. What is done is remembered: a second [`run`](Self::run) does only the rest.
///
/// ```
/// use mainstay_cache::warm::{Ended, WarmConfig, WarmRunner, each};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # async fn home(id: u64) -> Result<String, std::io::Error> { Ok(id.to_string()) }
/// # async fn suburb(id: u32) -> Result<String, std::io::Error> { Ok(id.to_string()) }
/// let runner = WarmRunner::new(WarmConfig::default().concurrency(4).rate(500))?
///     .warmer(each("homes", [(12, 900.0), (7, 40.0)], home))
///     .warmer(each("suburbs", [(3, 5_000.0)], suburb)); // first, for it weighs most
/// let mut progress = runner.progress();
/// let report = runner.run().await;
/// assert_eq!((report.ended, report.loaded()), (Ended::Complete, 3));
/// assert_eq!(progress.borrow_and_update().fraction(), 1.0);
/// # Ok(())
/// # }
/// ```
pub struct WarmRunner<'w> {
    config: WarmConfig,
    warmers: Vec<Box<dyn AnyWarmer + 'w>>,
    done: Mutex<Checkpoint>,
    progress: watch::Sender<Progress>,
    /// Held by the run that goes on; another waits for it and then finds everything done.
    turn: tokio::sync::Mutex<()>,
}

impl<'w> WarmRunner<'w> {
    /// A runner without warmers yet.
    ///
    /// # Errors
    /// A setting is out of range.
    pub fn new(config: WarmConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        Ok(Self {
            config,
            warmers: Vec::new(),
            done: Mutex::default(),
            progress: watch::Sender::default(),
            turn: tokio::sync::Mutex::default(),
        })
    }

    /// Adds a warmer.
    #[must_use]
    pub fn warmer(mut self, warmer: impl Warmer + 'w) -> Self {
        self.warmers.push(Box::new(warmer));
        self
    }

    /// Goes on where another run stopped: what that one had done is skipped.
    #[must_use]
    pub fn resume(self, checkpoint: Checkpoint) -> Self {
        *self.done.lock() = checkpoint;
        self
    }

    /// What is done so far: loaded, or found there. What failed is not part of it.
    pub fn checkpoint(&self) -> Checkpoint {
        self.done.lock().clone()
    }

    /// Watches the figures; each batch changes them.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// Makes the plans, then warms what is not done yet. A warmer that panics has failed, and the run goes on.
    ///
    /// # Cancel safety
    /// Dropped early, the batches under way are dropped, and what was done before is remembered.
    pub async fn run(&self) -> WarmReport {
        let _turn = self.turn.lock().await;
        let begun = Instant::now();
        self.progress.send_replace(Progress::default());
        let mut run = Run { runner: self, plans: Vec::new(), reports: Vec::new(), tried: 0 };
        run.make_plans().await;
        let ended = run.warm(begun + self.config.deadline).await;
        let warmers = run.reports;
        self.progress.send_modify(|progress| progress.ended = Some(ended));
        WarmReport { ended, elapsed: begun.elapsed(), warmers }
    }
}

/// One run, a plan and a report a warmer.
struct Run<'r, 'w> {
    runner: &'r WarmRunner<'w>,
    plans: Vec<Option<Box<dyn Plan<'r> + 'r>>>,
    reports: Vec<WarmerReport>,
    tried: usize,
}

impl<'r> Run<'r, '_> {
    async fn make_plans(&mut self) {
        let runner = self.runner;
        let limit = runner.config.plan_timeout.min(runner.config.deadline);
        let making = runner.warmers.iter().map(|warmer| async move {
            match timeout(limit, AssertUnwindSafe(warmer.plan()).catch_unwind()).await {
                Ok(Ok(plan)) => plan,
                Ok(Err(_)) => Err("planning panicked".to_owned()),
                Err(_) => Err(format!("no plan within {limit:?}")),
            }
        });
        let made = future::join_all(making).await;
        let mut figures = Progress::default();
        for (warmer, made) in runner.warmers.iter().zip(made) {
            let mut report = WarmerReport { name: warmer.name().to_owned(), ..WarmerReport::default() };
            let plan = match made {
                Ok(mut plan) => {
                    report.total = plan.len();
                    report.skipped = plan.leave_out(&runner.done.lock());
                    Some(plan)
                }
                Err(error) => {
                    report.error = Some(error);
                    None
                }
            };
            figures.total += report.total;
            figures.skipped += report.skipped;
            self.plans.push(plan);
            self.reports.push(report);
        }
        runner.progress.send_replace(figures);
    }

    async fn warm(&mut self, deadline: Instant) -> Ended {
        let config = &self.runner.config;
        let mut pace = Pace::new(config.rate);
        let mut under_way = FuturesUnordered::new();
        let mut next = self.next();
        loop {
            let room = under_way.len() < config.concurrency;
            if next.is_none() && under_way.is_empty() {
                return Ended::Complete;
            }
            tokio::select! {
                biased;
                () = sleep_until(deadline) => return Ended::Deadline,
                () = sleep_until(pace.next()), if room && next.is_some() => {
                    if let Some((warmer, batch)) = next.take() {
                        pace.took(batch.ids.len());
                        under_way.push(tried(warmer, batch));
                    }
                    next = self.next();
                }
                Some((warmer, ids, outcome)) = under_way.next() => {
                    self.note(warmer, &ids, outcome);
                    if self.fails_too_much() {
                        return Ended::Errors;
                    }
                }
            }
        }
    }

    /// The heaviest batch of all plans, and whose it is.
    fn next(&mut self) -> Option<(usize, Batch<'r>)> {
        let heads =
            self.plans.iter().enumerate().filter_map(|(at, plan)| Some((at, plan.as_ref()?.heaviest()?)));
        // Among equals the warmer that was added first.
        let (at, _) = heads.rev().max_by(|(_, a), (_, b)| a.total_cmp(b))?;
        let batch = self.plans[at].as_mut()?.next(self.runner.config.batch)?;
        Some((at, batch))
    }

    fn note(&mut self, warmer: usize, ids: &[u64], outcome: Result<usize, String>) {
        self.tried += ids.len();
        let (mut loaded, mut skipped, mut failed) = (0, 0, 0);
        let report = &mut self.reports[warmer];
        match outcome {
            Ok(count) => {
                loaded = count.min(ids.len());
                skipped = ids.len() - loaded;
                self.runner.done.lock().add(ids);
            }
            Err(error) => {
                failed = ids.len();
                report.error.get_or_insert(error);
            }
        }
        report.loaded += loaded;
        report.skipped += skipped;
        report.failed += failed;
        self.runner.progress.send_modify(|progress| {
            progress.loaded += loaded;
            progress.skipped += skipped;
            progress.failed += failed;
        });
    }

    #[expect(clippy::cast_precision_loss, reason = "a share of countable keys")]
    fn fails_too_much(&self) -> bool {
        let config = &self.runner.config;
        let failed: usize = self.reports.iter().map(|report| report.failed).sum();
        self.tried >= config.min_tried && failed as f64 > config.max_error_ratio * self.tried as f64
    }
}

async fn tried(warmer: usize, batch: Batch<'_>) -> (usize, Vec<u64>, Result<usize, String>) {
    // Whatever a panic left half-done is the warmer's own; the cache bears a loader's panic.
    let outcome = AssertUnwindSafe(batch.work).catch_unwind().await;
    (warmer, batch.ids, outcome.unwrap_or_else(|_| Err("warming panicked".to_owned())))
}

impl fmt::Debug for WarmRunner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.warmers.iter().map(|warmer| warmer.name()).collect();
        f.debug_struct("WarmRunner")
            .field("config", &self.config)
            .field("warmers", &names)
            .field("progress", &*self.progress.borrow())
            .finish_non_exhaustive()
    }
}
