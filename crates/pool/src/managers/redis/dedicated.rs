use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ErrorKind, RedisError, Value};

use super::fatal;
use crate::manager::{Condition, Manager};

/// Connections to Redis of which each has one user at a time: for `WATCH`, `MULTI` step by step, and commands that block.
///
/// On return, in the background and before anybody else gets the connection, a transaction is discarded and keys are unwatched; a
/// connection that is subscribed, or has selected another database, is closed. Everything else is served by fewer sockets with a
/// [`RedisMultiplexedManager`](super::RedisMultiplexedManager).
///
/// ```no_run
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use mainstay_pool::{Pool, PoolConfig, managers::redis::RedisManager};
///
/// let client = redis::Client::open("redis://localhost")?;
/// let pool = Pool::new("jobs", RedisManager::new(client), PoolConfig::production())?;
/// let mut connection = pool.get().await?;
/// redis::cmd("WATCH").arg("balance").exec_async(&mut *connection).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RedisManager {
    client: Client,
    config: AsyncConnectionConfig,
    always_reset: bool,
}

impl RedisManager {
    /// Connects with `client`, each answer awaited for as long as the redis crate does by default, 500 ms.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client, config: AsyncConnectionConfig::new(), always_reset: true }
    }

    /// Sets how the connections are made; commands that block need a longer response timeout.
    #[must_use]
    pub fn config(mut self, config: AsyncConnectionConfig) -> Self {
        self.config = config;
        self
    }

    /// Sets whether every return is followed by a reset, one round trip: turn it off only where nobody leaves a transaction, a watched
    /// key, a subscription or another database behind, nor drops a command that blocks. Default: `true`.
    #[must_use]
    pub fn always_reset(mut self, always: bool) -> Self {
        self.always_reset = always;
        self
    }
}

impl Manager for RedisManager {
    type Connection = MultiplexedConnection;
    type Error = RedisError;

    async fn connect(&self) -> Result<MultiplexedConnection, RedisError> {
        self.client.get_multiplexed_async_connection_with_config(&self.config).await
    }

    async fn check(&self, connection: &mut MultiplexedConnection) -> Result<(), RedisError> {
        redis::cmd("PING").exec_async(connection).await
    }

    fn condition(&self, _: &MultiplexedConnection) -> Condition {
        if self.always_reset { Condition::Dirty } else { Condition::Clean }
    }

    async fn reset(&self, connection: &mut MultiplexedConnection) -> Result<(), RedisError> {
        let mut steps = redis::pipe();
        steps.cmd("DISCARD").cmd("UNWATCH").cmd("CLIENT").arg("INFO").ignore_errors();
        let answers: Vec<Result<Value, RedisError>> = steps.query_async(connection).await?;
        let mut answers = answers.into_iter();
        // Without a transaction there is nothing to discard: the usual case.
        let _discarded = answers.next();
        // Refused to a connection that is subscribed and speaks the older protocol.
        answers.next().transpose()?;
        // Servers before 6.2 do not know the last, and an account may be forbidden it.
        let Some(Ok(info)) = answers.next() else { return Ok(()) };
        let info: String = redis::from_redis_value(info)?;
        let database = self.client.get_connection_info().redis_settings().db();
        if is_as_new(&info, database) {
            Ok(())
        } else {
            Err((ErrorKind::Client, "the connection comes back subscribed, or with another database").into())
        }
    }

    fn is_fatal(&self, error: &RedisError) -> bool {
        fatal::is_fatal(error)
    }
}

/// Whether `CLIENT INFO` shows no subscription and this database.
fn is_as_new(info: &str, database: i64) -> bool {
    let database = database.to_string();
    info.split_whitespace().filter_map(|field| field.split_once('=')).all(|(name, value)| match name {
        "sub" | "psub" | "ssub" => value == "0",
        "db" => value == database,
        _ => true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscription_or_another_database_shows() {
        assert!(is_as_new("id=3 db=0 sub=0 psub=0 ssub=0 multi=-1", 0));
        assert!(!is_as_new("id=3 db=1 sub=0 psub=0 ssub=0 multi=-1", 0));
        assert!(!is_as_new("id=3 db=0 sub=0 psub=1 ssub=0 multi=-1", 0));
        assert!(is_as_new("id=3 db=2 sub=0 psub=0", 2), "older servers have no ssub");
    }
}
