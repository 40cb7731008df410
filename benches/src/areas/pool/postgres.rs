//! `SELECT 1` by sixty-four tasks over eight connections to a PostgreSQL server of this machine, checkout and return included.

use super::tokio_postgres_manager::TokioPostgres;
use crate::{
    contest::Contest,
    work::{Work, made_on_tasks},
};
use mainstay_pool::{Pool, PoolConfig, managers::postgres::PostgresManager};
use mainstay_testkit::postgres::Postgres;
use std::{hint::black_box, sync::Arc};

const TASKS: u64 = 64;
const CONNECTIONS: u8 = 8;
const SERVED: &str = "a server that runs serves patient callers";

/// Neither pool looks for a transaction left open without the driver's knowledge, which sqlx's never does. Both give back in a round trip
/// where the driver says that it is due; sqlx's pool also pings on every return, which cannot be turned off.
pub(super) fn sqlx() -> Contest {
    against_sqlx("postgres_select1_64x8", false)
}

/// mainstay's manager as it is by default: every return asks the server whether a transaction was left open.
pub(super) fn sqlx_reset() -> Contest {
    against_sqlx("postgres_select1_64x8_reset", true)
}

fn against_sqlx(bench: &'static str, always_reset: bool) -> Contest {
    let server = Arc::new(start());
    let url = server.url();
    let mainstay = made_on_tasks(
        TASKS,
        async || {
            let manager = PostgresManager::new(url.parse().expect(SERVED)).always_reset(always_reset);
            (warm(manager).await, Arc::clone(&server))
        },
        |(pool, _server), count| async move {
            for _ in 0..count {
                let mut held = pool.get().await.expect(SERVED);
                black_box(sqlx::query("SELECT 1").execute(&mut *held).await.expect(SERVED));
            }
        },
    );
    Contest::new(bench, mainstay)
        .slow_throughput()
        .peer("sqlx", sqlx_pool(&url, false))
        .peer("sqlx-checked", sqlx_pool(&url, true))
}

/// Its options by default, but for the size and the check before a checkout.
fn sqlx_pool(url: &str, test_before_acquire: bool) -> Work {
    made_on_tasks(
        TASKS,
        async || {
            sqlx::postgres::PgPoolOptions::new()
                .min_connections(CONNECTIONS.into())
                .max_connections(CONNECTIONS.into())
                .test_before_acquire(test_before_acquire)
                .connect(url)
                .await
                .expect(SERVED)
        },
        |pool, count| async move {
            for _ in 0..count {
                let mut held = pool.acquire().await.expect(SERVED);
                black_box(sqlx::query("SELECT 1").execute(&mut *held).await.expect(SERVED));
            }
        },
    )
}

/// The manager of the pool's example beside deadpool-postgres with `RecyclingMethod::Fast`, its default: neither asks the server anything
/// on checkout or return.
pub(super) fn tokio_postgres() -> Contest {
    let server = Arc::new(start());
    let url = server.url();
    let mainstay = made_on_tasks(
        TASKS,
        async || (warm(TokioPostgres(url.parse().expect(SERVED))).await, Arc::clone(&server)),
        |(pool, _server), count| async move {
            for _ in 0..count {
                let held = pool.get().await.expect(SERVED);
                black_box(held.simple_query("SELECT 1").await.expect(SERVED));
            }
        },
    );
    let deadpool = made_on_tasks(
        TASKS,
        async || {
            let config = url.parse().expect(SERVED);
            let manager = deadpool_postgres::Manager::new(config, tokio_postgres::NoTls);
            deadpool_postgres::Pool::builder(manager).max_size(CONNECTIONS.into()).build().expect(SERVED)
        },
        |pool, count| async move {
            for _ in 0..count {
                let held = pool.get().await.expect(SERVED);
                black_box(held.simple_query("SELECT 1").await.expect(SERVED));
            }
        },
    );
    Contest::new("postgres_tokio_64x8", mainstay).slow_throughput().peer("deadpool-postgres", deadpool)
}

fn start() -> Postgres {
    Postgres::start().expect("PostgreSQL 15 or newer is installed")
}

/// The production profile, all connections open.
async fn warm<M: mainstay_pool::Manager>(manager: M) -> Pool<M> {
    let config = PoolConfig::production().min(CONNECTIONS.into()).max(CONNECTIONS.into());
    let pool = Pool::new("b", manager, config).expect("a profile is valid in a runtime");
    pool.warm().await.expect("connects in time");
    pool
}
