use super::*;
use crate::{BreakerConfig, BulkheadConfig, RetryConfig, TimeoutConfig};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn nothing_said_is_each_policy_s_own_default() {
    let config = ResilienceConfig::load(&Sources::new()).unwrap();
    assert_eq!(config, ResilienceConfig::default());
    let general = config.service("anything");
    assert_eq!(general.breaker, BreakerConfig::default());
    assert_eq!(general.retry, RetryConfig::default());
    assert_eq!(general.timeout, TimeoutConfig::default());
    assert_eq!(general.bulkhead, BulkheadConfig::default());
}

#[test]
fn profiles_hold_the_figures_of_the_report() {
    for (name, threshold, open_for, retries) in [("development", 10, 120, 5), ("production", 3, 30, 5)] {
        let config = loaded(&format!("profile = '{name}'"));
        let general = config.general();
        assert_eq!(general.breaker.failure_threshold, threshold, "{name}");
        assert_eq!(general.breaker.open_for, open_for * SECOND, "{name}");
        assert_eq!(general.retry.max_attempts, 1 + retries, "{name}");
    }
}

#[test]
fn every_profile_is_valid_and_read_by_its_own_name() {
    for profile in Profile::ALL {
        let config = loaded(&format!("profile = '{profile}'"));
        assert_eq!(config.profile(), profile);
        assert_eq!(config, ResilienceConfig::from_profile(profile));
        assert_eq!(serde_json::to_value(profile).unwrap(), profile.as_str());
    }
    assert_eq!(loaded("profile = 'high-load'").profile(), Profile::HighLoad);
}

#[test]
fn well_known_services_differ_where_the_report_says_so() {
    let config = ResilienceConfig::from_profile(Profile::Production);
    for (name, bulkhead) in [
        ("auth", BulkheadConfig::FAST),
        ("cache", BulkheadConfig::FAST),
        ("database", BulkheadConfig::DATABASE),
        ("external_api", BulkheadConfig::EXTERNAL_API),
        ("ml", BulkheadConfig::ML_OPERATIONS),
        ("search", BulkheadConfig::NORMAL),
    ] {
        assert_eq!(config.service(name).bulkhead, bulkhead, "{name}");
        assert_eq!(config.service(name).breaker.failure_threshold, 3, "{name}");
    }
    let limit = |name| config.service(name).timeout.after;
    assert_eq!((limit("auth"), limit("search"), limit("ml")), (5 * SECOND, 15 * SECOND, 60 * SECOND));
    assert_eq!(config.services().count(), 6);
}

#[test]
fn a_service_s_own_word_beats_the_general_one_and_that_beats_what_is_built_in() {
    let config = loaded(
        "
        profile = 'production'
        [bulkhead]
        max_queued = 7
        [timeout]
        after = '3s'
        [service.database.bulkhead]
        max_concurrent = 16
        [service.valuer.timeout]
        after = '500ms'
        ",
    );
    let database = config.service("database");
    assert_eq!(database.bulkhead, BulkheadConfig::DATABASE.max_concurrent(16).max_queued(7));
    assert_eq!(database.timeout.after, 3 * SECOND);
    assert_eq!(database.breaker.open_for, 30 * SECOND);
    assert_eq!(config.service("ml").timeout.after, 3 * SECOND);
    assert_eq!(config.service("valuer").timeout.after, SECOND / 2);
    assert_eq!(config.service("valuer").bulkhead.max_queued, 7);
    assert_eq!(config.service("unheard of"), config.general());
}

#[test]
fn a_service_set_by_hand_is_taken_whole() {
    let own = ServiceConfig::default().timeout(SECOND);
    let config = ResilienceConfig::from_profile(Profile::Production).with_service("valuer", own.clone());
    assert_eq!(*config.service("valuer"), own);
}
