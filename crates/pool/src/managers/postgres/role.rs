use std::time::Duration;

use sqlx::PgConnection;

use super::manager::PostgresManager;
use crate::replica_set::{Replicated, Role};

/// Whether it is in recovery; its timeline if it is not, which the first eight digits of a WAL file's name are; its lag if it is.
///
/// The age of the last transaction alone would call every replica of a primary without writes late: one that streams and has replayed all
/// it has received is not.
const ROLE: &str = "SELECT
    pg_is_in_recovery(),
    CASE WHEN NOT pg_is_in_recovery() THEN
        ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int8
    END,
    CASE WHEN NOT pg_is_in_recovery() THEN NULL
        WHEN EXISTS (SELECT FROM pg_stat_wal_receiver) AND pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
        ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())
    END::float8";

/// The role is `pg_is_in_recovery()`, the term the timeline, the lag the age of what was replayed last. A replica that is cut off in silence
/// takes itself for current until its `wal_receiver_timeout`, 60 s by default.
impl Replicated for PostgresManager {
    async fn role(&self, connection: &mut PgConnection) -> Result<Role, sqlx::Error> {
        let (in_recovery, timeline, lag): (bool, Option<i64>, Option<f64>) =
            sqlx::query_as(ROLE).fetch_one(connection).await?;
        Ok(if in_recovery {
            // Clocks differ: a transaction of the future is one of now.
            let lag = lag.and_then(|seconds| Duration::try_from_secs_f64(seconds.max(0.0)).ok());
            Role::Replica { lag }
        } else {
            Role::Primary { term: timeline.and_then(|timeline| timeline.try_into().ok()).unwrap_or(0) }
        })
    }

    /// 25006, `read_only_sql_transaction`.
    fn is_read_only(&self, error: &sqlx::Error) -> bool {
        error.as_database_error().and_then(sqlx::error::DatabaseError::code).as_deref() == Some("25006")
    }
}
