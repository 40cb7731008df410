use super::{
    extent::Extent,
    redis,
    stage::{Stage, database_fault},
    warm_up,
};
use crate::{
    after::{After, AfterError, Wiring},
    before::Before,
    cli::{Arguments, RunError},
    compare::{Measured, Progress, Report, Setting},
    domain::Service,
    load::{self, Capacity, Plan, Run, Schedule},
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// The share of what the naive side holds that both are put under: a busy day, not a bad one.
const OF_ITS_CAPACITY: f64 = 0.6;
/// Where the search for the naive side's capacity begins, in calls a second.
const FIRST_RATE: f64 = 30.0;
/// Where the search for mainstay's begins, in times that rate.
const EXPECTED_GAIN: f64 = 20.0;
/// Offered when nothing could be held.
const LEAST_RATE: f64 = 5.0;

/// Measures the naive side, then mainstay's, each on its own copy of the same data, under the same calls and faults.
pub(super) async fn run(
    arguments: &Arguments,
    extent: &Extent,
    stage: &Stage,
    progress: &Progress,
) -> Result<Report, RunError> {
    let plan = Plan { seed: arguments.seed, ..Plan::default() };
    let comparison = Comparison { plan, extent, stage, progress, seed: arguments.seed };

    let naive =
        Before::connect(&stage.before, &stage.upstream.url()).await.map_err(|e| database_fault(&e))?;
    let naive = Arc::new(naive);
    let naive_capacity = comparison.capacity("what before holds", &naive, FIRST_RATE).await;
    let rate =
        arguments.rate.unwrap_or_else(|| (naive_capacity.rate * OF_ITS_CAPACITY).max(LEAST_RATE).round());
    let schedule = Arc::new(comparison.schedule(rate, extent.span));
    let before = comparison.load("the load on before", &naive, &schedule).await;
    drop(naive);

    let mainstay = comparison.mainstay(arguments, rate).await?;
    let after = comparison.load("the load on after", &mainstay, &schedule).await;
    let capacity = comparison.capacity("what after holds", &mainstay, rate * EXPECTED_GAIN).await;
    mainstay.close().await;

    let setting = Setting {
        seed: arguments.seed,
        outage: Some(stage.faults.outage()),
        market: stage.market.clone(),
        arguments: serde_json::to_value(arguments).expect("arguments are plain data"),
        versions: BTreeMap::from([("property-service".to_owned(), env!("CARGO_PKG_VERSION").to_owned())]),
    };
    Ok(Report::new(
        setting,
        Measured { run: &before, capacity: Some(&naive_capacity) },
        Measured { run: &after, capacity: Some(&capacity) },
    ))
}

struct Comparison<'a> {
    plan: Plan,
    extent: &'a Extent,
    stage: &'a Stage,
    progress: &'a Progress,
    seed: u64,
}

impl Comparison<'_> {
    /// The same rate and span make the same schedule, whoever it is for.
    fn schedule(&self, rate: f64, span: Duration) -> Schedule {
        self.plan.schedule(rate, span, &mut self.stage.demand(self.seed))
    }

    async fn capacity<S: Service>(&self, what: &str, side: &Arc<S>, first: f64) -> Capacity {
        self.stage.upstream.be_well();
        let mut step = self.progress.step(what, Some(self.extent.capacity));
        let mut demand = self.stage.demand(self.seed + 1);
        let mut trials = 0;
        let found = load::capacity(
            side,
            |rate, span| {
                trials += 1;
                let plan = Plan { seed: self.seed + trials, ..self.plan.clone() };
                plan.schedule(rate, span, &mut demand)
            },
            first,
            self.extent.capacity,
            |trial| {
                let held = if trial.held { "held" } else { "too much" };
                step.note(&format!("{:.0} calls a second: {held}", trial.rate));
            },
        )
        .await;
        step.finish(&format!("{:.0} calls a second", found.rate));
        found
    }

    async fn load<S: Service>(&self, what: &str, side: &Arc<S>, schedule: &Arc<Schedule>) -> Run {
        let mut step = self.progress.step(what, Some(schedule.span));
        self.stage.upstream.begin_run();
        let run = load::run(side, schedule, |slice| step.slice(slice)).await;
        let valuer = self.stage.upstream.calls();
        step.finish(&format!(
            "{} calls at {} a second; the valuer failed {} of {}",
            schedule.arrivals.len(),
            schedule.rate,
            valuer.total() - valuer.answered,
            valuer.total()
        ));
        run
    }

    /// A side on mainstay as it stands after an hour in service at this rate, or fewer minutes where that is many calls.
    async fn mainstay(&self, arguments: &Arguments, rate: f64) -> Result<Arc<After>, RunError> {
        let wiring = Wiring {
            database: self.stage.after.clone(),
            valuer_url: self.stage.upstream.url(),
            cache_file: self.stage.cache_file("cache.db"),
            redis_url: arguments.redis_url.clone(),
            redis_prefix: redis::prefix(),
        };
        let side = After::connect(&wiring).await.map_err(fault)?;
        self.stage.upstream.be_well();
        let in_service = self.extent.in_service(rate);
        let mut step =
            self.progress.step(&format!("{:.0} minutes in service", in_service.as_secs_f64() / 60.0), None);
        let warmed =
            side.warm(self.extent.warm).await.map_err(|error| RunError::Database(error.to_string()))?;
        step.note(&format!("{warmed} requests by the warmers"));
        let demand = &mut self.stage.demand(self.seed + 2);
        let past = Plan { seed: self.seed + 2, ..self.plan.clone() }.schedule(rate, in_service, demand);
        let served = warm_up::serve(&side, &past).await;
        step.finish(&format!("{warmed} requests by the warmers, {served} calls by the public"));
        Ok(Arc::new(side))
    }
}

fn fault(error: AfterError) -> RunError {
    match error {
        AfterError::Cache(error) => RunError::Redis(error.to_string()),
        other => RunError::Database(other.to_string()),
    }
}
