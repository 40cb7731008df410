//! A checkout and its return, from a warm pool of 16 whose connections do nothing.

use crate::contest::{Contest, on_runtime};
use mainstay_pool::{Pool, PoolConfig};
use std::{convert::Infallible, hint::black_box};

const CONNECTIONS: usize = 16;

pub(super) fn contests() -> Vec<Contest> {
    vec![checkout_1task()]
}

/// The manager of every contender: connects at once, is always well.
#[derive(Debug)]
struct Nothing;

impl mainstay_pool::Manager for Nothing {
    type Connection = u64;
    type Error = Infallible;

    async fn connect(&self) -> Result<u64, Infallible> {
        Ok(0)
    }

    async fn check(&self, _: &mut u64) -> Result<(), Infallible> {
        Ok(())
    }
}

impl deadpool::managed::Manager for Nothing {
    type Type = u64;
    type Error = Infallible;

    async fn create(&self) -> Result<u64, Infallible> {
        Ok(0)
    }

    async fn recycle(
        &self,
        _: &mut u64,
        _: &deadpool::managed::Metrics,
    ) -> deadpool::managed::RecycleResult<Infallible> {
        Ok(())
    }
}

impl bb8::ManageConnection for Nothing {
    type Connection = u64;
    type Error = Infallible;

    async fn connect(&self) -> Result<u64, Infallible> {
        Ok(0)
    }

    async fn is_valid(&self, _: &mut u64) -> Result<(), Infallible> {
        Ok(())
    }

    fn has_broken(&self, _: &mut u64) -> bool {
        false
    }
}

fn checkout_1task() -> Contest {
    let mainstay = || {
        let config = PoolConfig::default().min(CONNECTIONS).max(CONNECTIONS);
        let pool = Pool::new("bench", Nothing, config).expect("a valid size");
        async move {
            pool.warm().await.expect("connects at once");
            pool
        }
    };
    let deadpool = || {
        let pool =
            deadpool::managed::Pool::builder(Nothing).max_size(CONNECTIONS).build().expect("no timeouts set");
        async move {
            let mut out = Vec::new();
            for _ in 0..CONNECTIONS {
                out.push(deadpool::managed::Pool::<Nothing>::get(&pool).await.expect("connects at once"));
            }
            drop(out);
            pool
        }
    };
    let bb8 = |tested: bool| {
        move || async move {
            bb8::Pool::builder()
                .max_size(CONNECTIONS as u32)
                .min_idle(CONNECTIONS as u32)
                .test_on_check_out(tested)
                .build(Nothing)
                .await
                .expect("connects at once")
        }
    };
    Contest::new(
        "checkout_1task",
        on_runtime(mainstay, async |pool, _| {
            black_box(&mut *pool.get().await.expect("warm"));
        }),
    )
    .peer(
        "deadpool",
        on_runtime(deadpool, async |pool, _| {
            black_box(&mut *pool.get().await.expect("warm"));
        }),
    )
    .peer(
        "bb8",
        on_runtime(bb8(false), async |pool, _| {
            black_box(&mut *pool.get().await.expect("warm"));
        }),
    )
    .peer(
        "bb8 with its test",
        on_runtime(bb8(true), async |pool, _| {
            black_box(&mut *pool.get().await.expect("warm"));
        }),
    )
}
