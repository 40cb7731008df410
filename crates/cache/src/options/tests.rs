#![allow(clippy::unwrap_used)]

use std::time::Duration;

use super::{EagerRefresh, FailSafe, LayerOptions, Layers, LoadBudget, LoadTimeouts, RegionOptions};

#[test]
fn options_are_read_from_files_as_people_write_them() {
    let options: RegionOptions = serde_json::from_str(
        r#"{"ttl": "10m", "soft_ttl": "5m", "jitter": 0.1, "eager_refresh": {"at": 0.8},
            "fail_safe": {"max_age": "1day"}, "timeouts": {"hard": "2s", "background": false},
            "layers": {"write": ["l1", "l3"], "l1_ttl": "30s"}, "tags": ["of all"]}"#,
    )
    .unwrap();
    let seconds = Duration::from_secs;
    let expected = RegionOptions::default()
        .ttl(seconds(600))
        .soft_ttl(seconds(300))
        .jitter(0.1)
        .eager_refresh(EagerRefresh::At(0.8))
        .fail_safe(FailSafe::default())
        .timeouts(LoadTimeouts::default().hard(seconds(2)).background(false))
        .layers(LayerOptions::default().write(Layers::L1 | Layers::L3).l1_ttl(seconds(30)))
        .tag("of all");
    assert_eq!(options, expected);
    let again = serde_json::from_str(&serde_json::to_string(&options).unwrap()).unwrap();
    assert_eq!(options, again);
    let budget: LoadBudget = serde_json::from_str(r#"{"in_process": 8, "wait": "250ms"}"#).unwrap();
    assert_eq!(budget, LoadBudget::default().in_process(8).wait(Duration::from_millis(250)));
}

#[test]
fn a_slip_of_the_pen_is_an_error() {
    for wrong in [r#"{"tll": "1s"}"#, r#"{"fail_safe": {"age": "1s"}}"#, r#"{"layers": {"read": ["l4"]}}"#] {
        assert!(serde_json::from_str::<RegionOptions>(wrong).is_err(), "{wrong}");
    }
}
