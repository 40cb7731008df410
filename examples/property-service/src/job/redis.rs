use crate::cli::RunError;
use redis::{AsyncCommands, aio::MultiplexedConnection};
use std::time::Duration;

/// Keys a sweep takes out at once.
const BATCH: usize = 1_000;

/// A run's keys carry its own number: it meets no other run's, and takes out only its own.
pub(super) fn prefix() -> String {
    format!("property-service:{}", std::process::id())
}

/// Whether Redis answers, found out before the minutes of work: the cache itself would go on without it.
///
/// # Errors
///
/// It does not.
pub(super) async fn reach(url: &str) -> Result<(), RunError> {
    let mut connection = connect(url).await?;
    connection.ping::<String>().await.map(drop).map_err(fault)
}

/// Takes out again what the run put into Redis.
///
/// # Errors
///
/// Redis cannot be reached any more, or refuses.
pub(super) async fn clear(url: &str) -> Result<(), RunError> {
    let mut connection = connect(url).await?;
    let keys: Vec<String> = {
        let pattern = format!("{}:*", prefix());
        let mut found = connection.scan_match::<_, String>(pattern).await.map_err(fault)?;
        let mut keys = Vec::new();
        while let Some(key) = found.next_item().await {
            keys.push(key.map_err(fault)?);
        }
        keys
    };
    for keys in keys.chunks(BATCH) {
        connection.unlink::<_, u64>(keys).await.map_err(fault)?;
    }
    Ok(())
}

async fn connect(url: &str) -> Result<MultiplexedConnection, RunError> {
    let client = redis::Client::open(url).map_err(fault)?;
    let limit = Duration::from_secs(5);
    let config = redis::AsyncConnectionConfig::new()
        .set_connection_timeout(Some(limit))
        .set_response_timeout(Some(limit));
    client.get_multiplexed_async_connection_with_config(&config).await.map_err(fault)
}

#[expect(clippy::needless_pass_by_value, reason = "what `map_err` hands over")]
fn fault(error: redis::RedisError) -> RunError {
    RunError::Redis(error.to_string())
}
