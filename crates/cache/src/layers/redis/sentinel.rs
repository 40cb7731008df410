use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use parking_lot::Mutex;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, RedisResult};

use super::client::{Place, away};
use crate::layers::shared::LayerError;
use crate::options::SentinelConfig;

/// How long the others are waited for once one has answered.
const GRACE: Duration = Duration::from_millis(50);

/// The sentinels that watch a primary.
#[derive(Debug)]
pub(super) struct Sentinels {
    primary: String,
    each: Vec<Sentinel>,
    /// Longest wait for any of them.
    limit: Duration,
}

struct Sentinel {
    client: Client,
    /// Taken out for each question, so that one that is not answered takes the connection with it.
    link: Mutex<Option<MultiplexedConnection>>,
}

/// The newest is the greatest: configurations are numbered.
type Word = (u64, Place);

impl Sentinels {
    pub(super) fn new(config: &SentinelConfig, limit: Duration) -> RedisResult<Self> {
        let sentinel =
            |url: &String| Ok(Sentinel { client: Client::open(url.as_str())?, link: Mutex::default() });
        let each = config.sentinels.iter().map(sentinel).collect::<RedisResult<_>>()?;
        Ok(Self { primary: config.primary.clone(), each, limit })
    }

    /// Where the primary is. All are asked at once, and the newest word counts: after a failover some of them say for
    /// seconds more what was so before it.
    pub(super) async fn primary(&self) -> Result<Place, LayerError> {
        let mut asked: FuturesUnordered<_> =
            self.each.iter().map(|own| own.asked(&self.primary, self.limit)).collect();
        let mut newest: Option<Word> = None;
        let mut last = LayerError::Away("no sentinel is configured".to_owned());
        let late = tokio::time::sleep(GRACE);
        tokio::pin!(late);
        loop {
            tokio::select! {
                word = asked.next() => match word {
                    Some(Ok(word)) => newest = newest.max(Some(word)),
                    Some(Err(error)) => last = error,
                    None => break,
                },
                () = &mut late, if newest.is_some() => break,
            }
        }
        newest.map(|(_, place)| place).ok_or(last)
    }
}

impl Sentinel {
    async fn asked(&self, name: &str, limit: Duration) -> Result<Word, LayerError> {
        let answered = tokio::time::timeout(limit, self.ask(name, limit)).await;
        // Not the URL: it may hold a password.
        let answered =
            answered.map_err(|_| LayerError::Away(format!("a sentinel did not answer within {limit:?}")))?;
        answered
            .map_err(away)?
            .ok_or_else(|| LayerError::Away(format!("a sentinel knows no primary `{name}`")))
    }

    async fn ask(&self, name: &str, limit: Duration) -> RedisResult<Option<Word>> {
        let former = self.link.lock().take();
        let mut link = match former {
            Some(link) => link,
            None => self.connect(limit).await?,
        };
        // In this order a word is no older than its number.
        let known = redis::cmd("SENTINEL").arg("MASTER").arg(name).query_async(&mut link).await;
        let known: HashMap<String, String> = known.unwrap_or_default();
        let epoch = known.get("config-epoch").and_then(|epoch| epoch.parse().ok()).unwrap_or(0);
        let question = ["GET-MASTER-ADDR-BY-NAME", name];
        let place: Option<Place> = redis::cmd("SENTINEL").arg(&question).query_async(&mut link).await?;
        *self.link.lock() = Some(link);
        Ok(place.map(|place| (epoch, place)))
    }

    async fn connect(&self, limit: Duration) -> RedisResult<MultiplexedConnection> {
        let limits = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(limit))
            .set_response_timeout(Some(limit));
        self.client.get_multiplexed_async_connection_with_config(&limits).await
    }
}

impl fmt::Debug for Sentinel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sentinel").finish_non_exhaustive()
    }
}
