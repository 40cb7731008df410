use crate::fake::{Handle, ms, secs};
use mainstay_pool::{ConfigError, ReplicaSet, ReplicaSetConfig};

#[test]
fn every_field_out_of_range_is_named() {
    let config = ReplicaSetConfig::default()
        .probe_interval(ms(0))
        .probe_timeout(ms(0))
        .patience(ms(0))
        .eject_after(0)
        .ejection(secs(90));
    let error = config.validate().unwrap_err();
    let fields: Vec<_> = error.problems().iter().map(|problem| problem.field.as_str()).collect();
    assert_eq!(fields, ["probe_interval", "probe_timeout", "patience", "eject_after", "ejection"]);
    assert!(error.to_string().contains("ejection = 90s, allowed is 1ms to 60s"), "{error}");
    assert_eq!(ReplicaSetConfig::default().validate(), Ok(()));
}

#[test]
fn a_set_needs_a_runtime() {
    let error = ReplicaSet::<Handle>::new("set", [], ReplicaSetConfig::default()).unwrap_err();
    assert!(matches!(error, ConfigError::NoRuntime { .. }), "{error}");
}

#[cfg(feature = "config")]
#[test]
fn a_configuration_is_what_a_file_says() {
    let config: ReplicaSetConfig = serde_json::from_str(
        r#"{"max_lag": "never", "primary_reads": "share", "patience": "250ms", "eject_after": 5}"#,
    )
    .unwrap();
    let expected = ReplicaSetConfig::default()
        .max_lag(None)
        .primary_reads(mainstay_pool::PrimaryReads::Share)
        .patience(ms(250))
        .eject_after(5);
    assert_eq!(config, expected);
    assert!(serde_json::from_str::<ReplicaSetConfig>(r#"{"max_lags": "1s"}"#).is_err());
}
