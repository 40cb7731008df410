#![allow(clippy::unwrap_used, missing_docs)]
//! Invalidation costs the same whatever it matches; `./scripts/chaos million` is the long form, with figures.
//!
//! Its Redis is one of `mainstay_testkit`.

use std::time::Duration;

use mainstay_cache_chaos::million::million;

#[tokio::test(flavor = "multi_thread")]
async fn an_invalidation_is_one_short_command_whatever_it_matches() {
    let million = million(20_000).await.unwrap();
    println!("{million}");
    assert_eq!(million.revived, 0, "{million}");
    for way in &million.ways {
        if way.name.starts_with("SCAN") {
            assert!(way.commands >= 20, "{million}");
        } else {
            assert_eq!(way.commands, 1, "{million}");
            // Redis' own account of it: what else the machine does is in the caller's time, and less so in this.
            assert!(way.in_redis < Duration::from_millis(1), "{million}");
        }
    }
}
