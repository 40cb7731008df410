use crate::timeout::deadline::{DeadlineHeaders, GRPC_TIMEOUT, TIMEOUT_MS, to_grpc, to_millis};
use std::time::Duration;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn read(deadlines: &DeadlineHeaders, name: &str, value: &str) -> Option<Duration> {
    deadlines.read(|asked| (asked == name).then_some(value.as_bytes()))
}

#[test]
fn both_headers_are_understood() {
    let deadlines = DeadlineHeaders::new();
    assert_eq!(read(&deadlines, TIMEOUT_MS, "1500"), Some(ms(1_500)));
    let units = [("1H", 3_600_000), ("2M", 120_000), ("3S", 3_000), ("250m", 250), ("5000u", 5)];
    for (value, expected) in units {
        assert_eq!(read(&deadlines, GRPC_TIMEOUT, value), Some(ms(expected)), "{value}");
    }
    assert_eq!(read(&deadlines, GRPC_TIMEOUT, "99999999n"), Some(Duration::from_nanos(99_999_999)));
    assert_eq!(deadlines.ignored(), 0);
}

#[test]
fn of_two_the_shorter_counts_and_a_bad_one_does_not_hide_a_good_one() {
    let deadlines = DeadlineHeaders::new();
    let both = |millis: &'static str, grpc: &'static str| {
        deadlines.read(|name| Some(if name == TIMEOUT_MS { millis } else { grpc }.as_bytes()))
    };
    assert_eq!(both("1500", "1S"), Some(ms(1_000)));
    assert_eq!(both("500", "1S"), Some(ms(500)));
    assert_eq!(both("soon", "1S"), Some(ms(1_000)));
    assert_eq!(deadlines.ignored(), 1);
}

#[test]
fn what_makes_no_sense_is_ignored_and_counted() {
    let deadlines = DeadlineHeaders::new();
    let millis = ["", "0", "-1", "+1", "1.5", " 1", "1 ", "1s", "١", "86400001", "99999999999999999999999"];
    let grpc = ["", "1", "m", "0m", "-1m", "1.5S", "123456789m", "1s", "1h", "99999999H", "S1", "25H"];
    for value in millis {
        assert_eq!(read(&deadlines, TIMEOUT_MS, value), None, "{value:?}");
    }
    for value in grpc {
        assert_eq!(read(&deadlines, GRPC_TIMEOUT, value), None, "{value:?}");
    }
    assert_eq!(deadlines.ignored(), (millis.len() + grpc.len()) as u64);
    assert_eq!(deadlines.read(|_| None), None, "no header at all");
    assert_eq!(deadlines.ignored(), (millis.len() + grpc.len()) as u64);
}

#[test]
fn what_is_written_can_be_read_and_never_says_more_than_is_left() {
    let deadlines = DeadlineHeaders::new();
    for left in [Duration::from_nanos(1), ms(1), Duration::from_micros(1_999), ms(86_400_000), Duration::MAX]
    {
        let millis = read(&deadlines, TIMEOUT_MS, &to_millis(left)).expect("sensible");
        assert_eq!(read(&deadlines, GRPC_TIMEOUT, &to_grpc(left)), Some(millis));
        assert!(millis <= left.max(ms(1)), "{left:?} became {millis:?}");
    }
    assert_eq!((to_millis(Duration::from_micros(1_999)), to_grpc(ms(1_500))), ("1".into(), "1500m".into()));
}
