#![allow(clippy::unwrap_used, missing_docs)]
//! A Redis that falls silent costs one wait, and the source one load a key and bound.
//!
//! Its Redis is one of `mainstay_testkit`.

use mainstay_cache_chaos::outage::outage;

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_redis_costs_one_wait_and_one_load_a_bound() {
    let outage = outage().await.unwrap();
    println!("{outage}");
    assert!(outage.waits <= 1, "{outage}");
    assert!(outage.longest < 2 * outage.command_timeout, "{outage}");
    assert!(outage.hot_reads > 100, "{outage}");
    assert!((1..=u64::from(outage.bounds) + 1).contains(&outage.loads), "{outage}");
}
