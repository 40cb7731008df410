use super::*;

#[test]
fn the_presets_are_the_reports() {
    let spelt = |config: BulkheadConfig| (config.max_concurrent, config.max_queued);
    assert_eq!(spelt(BulkheadConfig::FAST), (20, 50));
    assert_eq!(spelt(BulkheadConfig::NORMAL), (10, 100));
    assert_eq!(spelt(BulkheadConfig::SLOW), (5, 200));
    assert_eq!(spelt(BulkheadConfig::EXTERNAL_API), (8, 150));
    assert_eq!(spelt(BulkheadConfig::DATABASE), (15, 300));
    assert_eq!(spelt(BulkheadConfig::ML_OPERATIONS), (2, 50));
    assert_eq!(BulkheadConfig::ML_OPERATIONS.queue_timeout, Some(Duration::from_secs(120)));
}

#[test]
fn bad_configuration_is_named() {
    let wrong = |config| Bulkhead::new("db", config).unwrap_err().problems[0].field.clone();
    assert_eq!(wrong(BulkheadConfig::default().max_concurrent(0)), "max_concurrent");
    assert_eq!(wrong(BulkheadConfig::default().queue_timeout(Duration::ZERO)), "queue_timeout");
}
#[test]
fn every_field_out_of_range_is_named_at_once() {
    let wrong = BulkheadConfig::default()
        .max_concurrent(usize::MAX)
        .queue_timeout(Duration::ZERO)
        .discipline(Discipline::Codel { target: Duration::ZERO, interval: Duration::ZERO });
    let problems = Bulkhead::new("db", wrong).unwrap_err().problems;
    let fields: Vec<_> = problems.iter().map(|problem| &*problem.field).collect();
    assert_eq!(
        fields,
        ["max_concurrent", "queue_timeout", "discipline.codel.target", "discipline.codel.interval"]
    );
}

#[cfg(feature = "config")]
#[test]
fn disciplines_are_read_from_configuration() {
    let read = |text| serde_json::from_str::<BulkheadConfig>(text).map(|config| config.discipline);
    assert_eq!(read(r#"{"discipline": "fifo"}"#).unwrap(), Discipline::Fifo);
    let lifo = read(r#"{"discipline": {"adaptive_lifo": {"fifo_up_to": 5}}}"#).unwrap();
    assert_eq!(lifo, Discipline::AdaptiveLifo { fifo_up_to: 5 });
    let codel = read(r#"{"discipline": {"codel": {"target": "5ms", "interval": "100ms"}}}"#).unwrap();
    assert_eq!(codel, Discipline::CODEL);
    assert!(read(r#"{"discipline": {"codel": {"goal": "5ms"}}}"#).is_err());
}
