//! A server that goes away and comes back.

use crate::fake::{Act, Fake, config, secs};

#[tokio::test(start_paused = true)]
async fn an_outage_meets_a_trickle_of_connects_and_recovery_meets_no_storm() {
    let fake = Fake::new();
    fake.set(&fake.connect, Act::Fail);
    let pool = fake.pool(config(20).max_connecting(4).acquire_timeout(secs(2)));
    let callers: Vec<_> = (0..100)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move {
                while pool.get().await.is_err() {}
                tokio::time::sleep(secs(1)).await;
            })
        })
        .collect();
    tokio::time::sleep(secs(60)).await;
    // Up to four at first, ten steps of 10 ms to 5 s, then one each 2.5 to 5 s.
    let during = fake.connects();
    assert!((15..=40).contains(&during), "{during} connects in a minute of outage");
    assert_eq!(pool.status().connecting, 1);

    fake.set(&fake.connect, Act::Succeed);
    for caller in callers {
        caller.await.unwrap();
    }
    let after = fake.connects() - during;
    assert!(after <= 20, "{after} connects to serve a hundred callers with twenty connections");
}

#[tokio::test(start_paused = true)]
async fn impatient_callers_do_not_shorten_the_pause() {
    let fake = Fake::new();
    fake.set(&fake.connect, Act::Fail);
    let pool = fake.pool(config(20));
    for _ in 0..10_000 {
        let asked = tokio::time::timeout(std::time::Duration::from_millis(1), pool.get()).await;
        assert!(asked.is_err(), "nobody can be served");
    }
    // Ten seconds of callers that come and go: 10, 20, 40 … 5000 ms of pause, each at least half.
    assert!((8..=14).contains(&fake.connects()), "{} connects", fake.connects());
}
