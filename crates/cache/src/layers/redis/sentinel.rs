use std::time::Duration;

use redis::{AsyncConnectionConfig, Client, RedisResult};

use super::client::{Place, away};
use crate::layers::shared::LayerError;

/// Asks one sentinel where the primary is.
pub(super) async fn primary(url: &str, name: &str, limit: Duration) -> Result<Place, LayerError> {
    let asked = tokio::time::timeout(limit, ask(url, name, limit)).await;
    // Not the URL: it may hold a password.
    let asked = asked.map_err(|_| LayerError::Away(format!("a sentinel did not answer within {limit:?}")))?;
    asked.map_err(away)?.ok_or_else(|| LayerError::Away(format!("a sentinel knows no primary `{name}`")))
}

async fn ask(url: &str, name: &str, limit: Duration) -> RedisResult<Option<Place>> {
    let limits =
        AsyncConnectionConfig::new().set_connection_timeout(Some(limit)).set_response_timeout(Some(limit));
    let mut connection = Client::open(url)?.get_multiplexed_async_connection_with_config(&limits).await?;
    redis::cmd("SENTINEL").arg("GET-MASTER-ADDR-BY-NAME").arg(name).query_async(&mut connection).await
}
