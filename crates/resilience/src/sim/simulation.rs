use super::{Report, Request, Scenario, world};
use crate::{Attempt, ConfigError, Error, Policy};
use std::sync::Arc;

/// Plays a [`Scenario`] against a pipeline and reports what became of the calls.
#[derive(Clone, Debug)]
pub struct Simulation {
    name: Arc<str>,
    scenario: Scenario,
}

impl Simulation {
    /// A simulation named `name`, in its report.
    ///
    /// # Errors
    /// A field of `scenario` out of its range.
    pub fn new(name: impl Into<Arc<str>>, scenario: Scenario) -> Result<Self, ConfigError> {
        let name = name.into();
        scenario.validate(&name)?;
        Ok(Self { name, scenario })
    }

    /// Runs `play` on a runtime of its own whose clock is paused, and gives what it gives: the [`Report`], as a rule.
    ///
    /// Make the pipeline inside, so that its policies go by the paused clock from their beginning.
    ///
    /// ```
    /// # use mainstay_resilience::{Timeout, sim::{Scenario, Simulation}};
    /// # use std::time::Duration;
    /// let (report, timed_out) = Simulation::new("calm", Scenario::default()).unwrap().run(async |simulation| {
    ///     let limit = Timeout::new("valuer", Duration::from_secs(2)).unwrap();
    ///     (simulation.drive(&limit).await, limit.timed_out())
    /// });
    /// report.whole().assert_goodput(1.0);
    /// assert_eq!(timed_out, 0);
    /// ```
    ///
    /// # Panics
    /// Called from within an async runtime: there, use [`drive`](Self::drive).
    pub fn run<T>(&self, play: impl AsyncFnOnce(&Self) -> T) -> T {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_time().start_paused(true).build();
        // It opens no file and no socket.
        runtime.expect("a runtime without I/O starts").block_on(play(self))
    }

    /// Sends every call through `guard`, on a runtime whose clock is paused: [`run`](Self::run)'s, or that of a
    /// `#[tokio::test(start_paused = true)]`.
    ///
    /// For policies whose classifiers name the caller's own types, see [`drive_with`](Self::drive_with).
    ///
    /// # Panics
    /// The runtime's clock is not paused.
    ///
    /// # Cancel safety
    /// Dropping it ends the simulation; calls under way are dropped.
    pub async fn drive(&self, guard: impl Policy<Request>) -> Report {
        self.drive_with(|request| guard.run(request, Attempt::first())).await
    }

    /// As [`drive`](Self::drive), for callers who do more than run one pipeline: who send the [`Request`] themselves,
    /// map its error, choose a pipeline by [`Request::client`].
    ///
    /// ```
    /// # use mainstay_resilience::{Error, PolicyExt, Retry, RetryConfig, sim::{Scenario, Simulation}};
    /// # #[derive(Debug)] struct Unavailable;
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let retry = Retry::new("valuer", RetryConfig::FAST).unwrap().retry_if(|_: &Error<Unavailable>| true);
    /// let ask = async |request: mainstay_resilience::sim::Request| {
    ///     retry.call(|| async { request.send().await.map_err(|_| Unavailable) }).await
    /// };
    /// let report = Simulation::new("calm", Scenario::default()).unwrap().drive_with(ask).await;
    /// report.whole().assert_goodput(1.0);
    /// # }
    /// ```
    ///
    /// # Panics
    /// The runtime's clock is not paused.
    ///
    /// # Cancel safety
    /// As [`drive`](Self::drive).
    pub async fn drive_with<F, T, E>(&self, call: F) -> Report
    where
        F: AsyncFn(Request) -> Result<T, Error<E>>,
    {
        // Panics where time does not stand still: a simulation would then take as long as what it simulates.
        tokio::time::advance(std::time::Duration::ZERO).await;
        let (calls, work) = world::run(&self.scenario, |request| call(request)).await;
        Report::new(self.name.clone(), self.scenario.clone(), calls, work)
    }
}
