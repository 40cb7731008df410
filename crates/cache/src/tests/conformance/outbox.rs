use futures::FutureExt as _;
use futures::future::BoxFuture;
use sqlx::SqlitePool;
use sqlx::sqlite::SqlitePoolOptions;

use super::rows::Rows;
use crate::invalidators::InvalidationPlan;
use crate::outbox::{Rows as _, SqliteOutbox};
use crate::{Cache, Delivery};

/// An outbox in a SQLite database of its own.
pub(super) struct Outbox {
    pool: SqlitePool,
    outbox: SqliteOutbox,
}

impl Outbox {
    pub(super) async fn open() -> Self {
        // One connection: in memory each has a database of its own.
        let pool = SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await.unwrap();
        let named = Cache::builder("conformance").build().await.unwrap();
        let outbox = SqliteOutbox::open(&named, pool.clone()).await.unwrap();
        Self { pool, outbox }
    }
}

impl Rows for Outbox {
    fn add(&self, key: String) -> BoxFuture<'_, ()> {
        async move {
            let plan = InvalidationPlan::new().key("k", &*key);
            let mut transaction = self.pool.begin().await.unwrap();
            self.outbox.add(&mut transaction, &plan).await.unwrap();
            transaction.commit().await.unwrap();
        }
        .boxed()
    }

    fn tell(&self, cache: Cache) -> BoxFuture<'static, Delivery> {
        let outbox = self.outbox.clone();
        async move {
            let told = outbox.tell(&cache, 1).await.unwrap();
            if told.queued == 0 { Delivery::Applied } else { Delivery::Queued }
        }
        .boxed()
    }

    fn count(&self) -> BoxFuture<'_, usize> {
        async move {
            let count: i64 = sqlx::query_scalar("SELECT count(*) FROM mainstay_outbox")
                .fetch_one(&self.pool)
                .await
                .unwrap();
            usize::try_from(count).unwrap()
        }
        .boxed()
    }
}
