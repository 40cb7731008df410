//! Checkout and return of a warm pool whose manager does nothing, so that only the pool's own work is measured.

use crate::contest::{Contest, made_on_runtime};
use std::{convert::Infallible, hint::black_box};

pub(super) fn contests() -> Vec<Contest> {
    vec![checkout_1task()]
}

const CONNECTIONS: u16 = 16;
const WARM: &str = "a warm pool with one caller has a connection";

struct Idle;

impl mainstay_pool::Manager for Idle {
    type Connection = u64;
    type Error = Infallible;

    async fn connect(&self) -> Result<u64, Infallible> {
        Ok(7)
    }

    async fn check(&self, _: &mut u64) -> Result<(), Infallible> {
        Ok(())
    }
}

impl deadpool::managed::Manager for Idle {
    type Type = u64;
    type Error = Infallible;

    async fn create(&self) -> Result<u64, Infallible> {
        Ok(7)
    }

    async fn recycle(
        &self,
        _: &mut u64,
        _: &deadpool::managed::Metrics,
    ) -> deadpool::managed::RecycleResult<Infallible> {
        Ok(())
    }
}

impl bb8::ManageConnection for Idle {
    type Connection = u64;
    type Error = Infallible;

    async fn connect(&self) -> Result<u64, Infallible> {
        Ok(7)
    }

    async fn is_valid(&self, _: &mut u64) -> Result<(), Infallible> {
        Ok(())
    }

    fn has_broken(&self, _: &mut u64) -> bool {
        false
    }
}

fn checkout_1task() -> Contest {
    let bb8_checkout = async |pool: &mut bb8::Pool<Idle>, _| {
        black_box(&*pool.get().await.expect(WARM));
    };
    Contest::new(
        "checkout_1task",
        made_on_runtime(mainstay, async |pool, _| {
            black_box(&*pool.get().await.expect(WARM));
        }),
    )
    .peer(
        "deadpool",
        made_on_runtime(deadpool, async |pool, _| {
            black_box(&*pool.get().await.expect(WARM));
        }),
    )
    // Unchecked it does what mainstay does within `check_after`; checked is its default.
    .peer("bb8", made_on_runtime(async || bb8(false).await, bb8_checkout))
    .peer("bb8-checked", made_on_runtime(async || bb8(true).await, bb8_checkout))
}

/// The production profile, all connections open.
async fn mainstay() -> mainstay_pool::Pool<Idle> {
    let size = CONNECTIONS.into();
    let config = mainstay_pool::PoolConfig::production().min(size).max(size);
    let pool = mainstay_pool::Pool::new("b", Idle, config).expect("a profile is valid in a runtime");
    pool.warm().await.expect("connects at once");
    pool
}

/// The builder's defaults: no timeouts, no hooks. It opens a connection only when asked, so all are taken once.
async fn deadpool() -> deadpool::managed::Pool<Idle> {
    let pool = deadpool::managed::Pool::builder(Idle)
        .max_size(CONNECTIONS.into())
        .build()
        .expect("without timeouts it needs no runtime");
    let mut opened = Vec::new();
    for _ in 0..CONNECTIONS {
        opened.push(pool.get().await.expect("connects at once"));
    }
    pool
}

/// The builder's defaults but for the check; `build` waits until `min_idle` connections are open.
async fn bb8(test_on_check_out: bool) -> bb8::Pool<Idle> {
    let size = CONNECTIONS.into();
    bb8::Pool::builder()
        .max_size(size)
        .min_idle(size)
        .test_on_check_out(test_on_check_out)
        .build(Idle)
        .await
        .expect("connects at once")
}
