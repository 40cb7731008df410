use super::*;
use crate::{
    BreakerConfig, Budget, BudgetConfig, CircuitBreaker, ConfigError, Fallback, FallbackConfig, Hedge,
    HedgeConfig, Pipeline, PolicyExt, Retry, RetryConfig, Timeout,
    breaker::State,
    telemetry::{PolicyId, PolicyKind},
};
use parking_lot::Mutex;
use std::{path::PathBuf, sync::Arc, time::Duration};

const SECOND: Duration = Duration::from_secs(1);

fn timeout(name: &str) -> Arc<Timeout> {
    Arc::new(Timeout::new(name, 9 * SECOND).unwrap())
}

/// A file of this text, and a configuration that lives on it.
fn house(text: &str) -> (tempfile::TempDir, PathBuf, Arc<LiveConfig>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("house.toml");
    std::fs::write(&file, text).unwrap();
    let live = Arc::new(LiveConfig::load(Sources::new().file(&file)).unwrap());
    (folder, file, live)
}

/// A policy that refuses limits above its own, and remembers what it took.
#[derive(Debug)]
struct Picky {
    id: PolicyId,
    above: Duration,
    taken: Mutex<Vec<Duration>>,
}

impl Picky {
    fn new(above: Duration) -> Arc<Self> {
        let id = PolicyId::new(PolicyKind::Custom, "picky");
        Arc::new(Self { id, above, taken: Mutex::default() })
    }
}

impl Reconfigure for Picky {
    fn ids(&self) -> Vec<PolicyId> {
        vec![self.id.clone()]
    }

    fn apply(&self, config: &ServiceConfig) -> Result<(), ConfigError> {
        let after = config.timeout.after;
        let mut problems = crate::config_error::Problems::default();
        problems.require(after <= self.above, "after", after, "short");
        problems.into_result(&self.id.name)?;
        self.taken.lock().push(after);
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_policy_follows_from_its_registration_and_keeps_its_counts() {
    let (_folder, file, live) = house("[service.valuer.timeout]\nafter = '2s'");
    let limit = timeout("valuer");
    live.register("valuer", &limit).unwrap();
    assert_eq!(limit.config().after, 2 * SECOND);
    limit.call(std::future::pending::<Result<(), &str>>).await.unwrap_err();

    std::fs::write(&file, "[service.valuer.timeout]\nafter = '3s'").unwrap();
    let changes = live.reload().unwrap();
    assert_eq!(limit.config().after, 3 * SECOND);
    assert_eq!(changes.to_string(), r#"service.valuer.timeout.after: "2s" -> "3s""#);
    assert_eq!(changes.policies, [PolicyId::new(PolicyKind::Timeout, "valuer")]);
    assert_eq!(live.current().service("valuer").timeout.after, 3 * SECOND);
    assert_eq!(limit.timed_out(), 1);
}

/// resilience4j#2325: a new configuration must not lose what the breaker has learnt.
#[tokio::test(start_paused = true)]
async fn a_breaker_follows_and_stays_as_open_as_it_was() {
    let (_folder, file, live) = house("[service.valuer.breaker]\nfailure_threshold = 1");
    let breaker = Arc::new(CircuitBreaker::new("valuer", BreakerConfig::default()).unwrap());
    live.register("valuer", &breaker).unwrap();
    breaker.call(|| std::future::ready(Err::<(), _>("down"))).await.unwrap_err();
    assert_eq!(breaker.state(), State::Open);

    std::fs::write(&file, "[service.valuer.breaker]\nfailure_threshold = 7\nwindow.time = '30s'").unwrap();
    let changes = live.reload().unwrap();
    assert_eq!(
        changes.to_string(),
        "service.valuer.breaker.failure_threshold: 1 -> 7; \
         service.valuer.breaker.window: \"consecutive\" -> null; \
         service.valuer.breaker.window.time: null -> \"30s\""
    );
    assert_eq!((breaker.state(), breaker.config().failure_threshold), (State::Open, 7));
}

#[test]
fn what_changed_for_all_services_is_listed_once() {
    let (_folder, file, live) = house("");
    let limit = timeout("anything");
    live.register("anything", &limit).unwrap();
    std::fs::write(&file, "[breaker]\nfailure_threshold = 7\n[service.database.timeout]\nafter = '4s'")
        .unwrap();
    let changes = live.reload().unwrap();
    assert_eq!(
        changes.to_string(),
        r#"breaker.failure_threshold: 5 -> 7; service.database.timeout.after: "10s" -> "4s""#
    );
    assert_eq!(live.reload().unwrap(), Changes::default());
    assert_eq!(live.reload().unwrap().to_string(), "nothing changed");
}

#[test]
fn every_policy_follows_its_own_section() {
    let (_folder, file, live) = house("");
    let stack = (
        Timeout::new("a", SECOND).unwrap(),
        Retry::new("a", RetryConfig::NONE).unwrap(),
        Hedge::new("a", HedgeConfig::default()).unwrap(),
        CircuitBreaker::new("a", BreakerConfig::default()).unwrap(),
        Fallback::new("a", FallbackConfig::default()).unwrap().to(1),
    );
    let (stack, budget) = (Arc::new(stack), Arc::new(Budget::new("a", BudgetConfig::default()).unwrap()));
    live.register("a", &stack).unwrap();
    live.register("a", &budget).unwrap();
    let text = "
        [service.a]
        timeout.after = '3s'
        retry.max_attempts = 7
        hedge.max_copies = 2
        breaker.failure_threshold = 9
        fallback.shadow = true
        budget.share = 0.25
        ";
    std::fs::write(&file, text).unwrap();
    let changes = live.reload().unwrap();
    assert_eq!((changes.settings.len(), changes.policies.len()), (6, 6));
    let (timeout, retry, hedge, breaker, fallback) = &*stack;
    assert_eq!(timeout.config().after, 3 * SECOND);
    assert_eq!(retry.config().max_attempts, 7);
    assert_eq!(hedge.config().max_copies, 2);
    assert_eq!(breaker.config().failure_threshold, 9);
    assert!(fallback.config().shadow);
    assert_eq!(budget.config().share, 0.25);
}

#[test]
fn a_wrong_file_changes_nothing_at_all() {
    let (_folder, file, live) = house("[timeout]\nafter = '2s'");
    let limit = timeout("a");
    live.register("a", &limit).unwrap();
    std::fs::write(&file, "[timeout]\nafter = '3s'\n[service.z.retry]\nmax_attempts = 0").unwrap();
    let error = live.reload().unwrap_err();
    assert!(error.to_string().contains("service.z.retry.max_attempts = 0 is out of range"), "{error}");
    assert_eq!(limit.config().after, 2 * SECOND);
    assert_eq!(live.current().service("a").timeout.after, 2 * SECOND);
}

#[test]
fn if_one_policy_refuses_those_before_it_get_back_what_they_had() {
    let (_folder, file, live) = house("[timeout]\nafter = '2s'");
    let (first, picky, last) = (timeout("first"), Picky::new(5 * SECOND), timeout("last"));
    live.register("a", &first).unwrap();
    live.register("a", &picky).unwrap();
    live.register("a", &last).unwrap();

    std::fs::write(&file, "[timeout]\nafter = '6s'").unwrap();
    let refusal = live.reload().unwrap_err().to_string();
    assert_eq!(refusal, "policy `picky`: after = 6s is out of range: it must be short");
    assert_eq!((first.config().after, last.config().after), (2 * SECOND, 2 * SECOND));
    assert_eq!(picky.taken.lock().last(), Some(&(2 * SECOND)));
    assert_eq!(live.current().general().timeout.after, 2 * SECOND);
}

#[test]
fn a_policy_that_refuses_at_registration_does_not_follow() {
    let (_folder, file, live) = house("[timeout]\nafter = '6s'");
    let picky = Picky::new(5 * SECOND);
    live.register("a", &picky).unwrap_err();
    std::fs::write(&file, "[timeout]\nafter = '1s'").unwrap();
    assert_eq!(live.reload().unwrap().policies, []);
    assert!(picky.taken.lock().is_empty());
}

#[test]
fn a_pipeline_is_told_as_one_and_a_dropped_policy_not_at_all() {
    let (_folder, file, live) = house("[timeout]\nafter = '2s'");
    let pair = (timeout("outer"), Some(Timeout::new("inner", SECOND).unwrap()));
    let pair = Arc::new(Pipeline::new("pair", pair));
    live.register("a", &pair).unwrap();
    live.register("a", &timeout("gone")).unwrap();

    std::fs::write(&file, "[timeout]\nafter = '3s'").unwrap();
    let changes = live.reload().unwrap();
    let names: Vec<_> = changes.policies.iter().map(|policy| &*policy.name).collect();
    assert_eq!(names, ["outer", "inner"]);
    assert_eq!(pair.policies().1.as_ref().unwrap().config().after, 3 * SECOND);
}

#[test]
fn a_policy_of_a_service_that_did_not_change_is_left_alone() {
    let (_folder, file, live) = house("");
    let picky = Picky::new(30 * SECOND);
    live.register("a", &picky).unwrap();
    std::fs::write(&file, "[service.b.timeout]\nafter = '1s'").unwrap();
    assert_eq!(live.reload().unwrap().policies, []);
    assert_eq!(*picky.taken.lock(), [10 * SECOND]);
}

#[test]
fn a_configuration_from_elsewhere_is_applied_too() {
    let (_folder, _file, live) = house("");
    let limit = timeout("a");
    live.register("a", &limit).unwrap();
    live.apply(ResilienceConfig::from_profile(Profile::Testing)).unwrap();
    assert_eq!(limit.config().after, SECOND);
}

#[tokio::test(start_paused = true)]
async fn watching_takes_good_edits_and_reports_bad_ones_once() {
    let (_folder, file, live) = house("[timeout]\nafter = '2s'");
    let limit = timeout("a");
    live.register("a", &limit).unwrap();
    let (heard, mut hearing) = tokio::sync::mpsc::unbounded_channel();
    let watching = live.clone();
    let watch = tokio::spawn(async move {
        watching.watch(SECOND, move |outcome| heard.send(outcome).unwrap()).await;
    });

    std::fs::write(&file, "[timeout]\nafter = '3s'").unwrap();
    assert_eq!(hearing.recv().await.unwrap().unwrap().settings.len(), 1);
    assert_eq!(limit.config().after, 3 * SECOND);

    std::fs::write(&file, "[timeout]\nafter = '0s'").unwrap();
    assert!(matches!(hearing.recv().await.unwrap(), Err(ReloadError::Load(_))));
    assert_eq!(limit.config().after, 3 * SECOND);
    // The bad file is still there, and is not reported with every look at it.
    tokio::time::sleep(20 * SECOND).await;
    assert!(hearing.try_recv().is_err());

    std::fs::write(&file, "[timeout]\nafter = '4s'").unwrap();
    hearing.recv().await.unwrap().unwrap();
    assert_eq!(limit.config().after, 4 * SECOND);

    watch.abort();
    assert!(watch.await.unwrap_err().is_cancelled());
}
