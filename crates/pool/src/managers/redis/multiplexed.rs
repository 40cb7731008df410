use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, RedisError};
use tokio::sync::Mutex;

use super::fatal;
use crate::manager::Manager;

/// Many connections to Redis over few sockets: what the pool hands out are handles, and the commands of those who share a socket travel
/// together.
///
/// The pool's `max` then bounds the callers that Redis serves at once, in order of arrival, and not the sockets. What changes the state of
/// a connection (`WATCH`, `MULTI` step by step, `SELECT`) or blocks it concerns everybody on the socket: that needs a
/// [`RedisManager`](super::RedisManager). After an error of the connection call [`Guard::broken`](crate::Guard::broken): the next
/// handle comes from a socket that has just answered.
///
/// ```no_run
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use mainstay_pool::{Pool, PoolConfig, managers::redis::RedisMultiplexedManager};
///
/// let client = redis::Client::open("redis://localhost")?;
/// let pool = Pool::new("cache", RedisMultiplexedManager::new(client, 2), PoolConfig::high_load())?;
/// let value: Option<String> = redis::cmd("GET").arg("page").query_async(&mut *pool.get().await?).await?;
/// # Ok(())
/// # }
/// ```
pub struct RedisMultiplexedManager {
    client: Client,
    config: AsyncConnectionConfig,
    /// Locked during a connect, so that those who want the same socket get the one that is made.
    sockets: Vec<Mutex<Option<MultiplexedConnection>>>,
    next: AtomicUsize,
}

impl RedisMultiplexedManager {
    /// Connects with `client` over so many sockets, at least one, which are opened as they are needed.
    #[must_use]
    pub fn new(client: Client, sockets: usize) -> Self {
        Self {
            client,
            config: AsyncConnectionConfig::new(),
            sockets: (0..sockets.max(1)).map(|_| Mutex::default()).collect(),
            next: AtomicUsize::new(0),
        }
    }

    /// Sets how the sockets are opened.
    #[must_use]
    pub fn config(mut self, config: AsyncConnectionConfig) -> Self {
        self.config = config;
        self
    }
}

impl Manager for RedisMultiplexedManager {
    type Connection = MultiplexedConnection;
    type Error = RedisError;

    async fn connect(&self) -> Result<MultiplexedConnection, RedisError> {
        let turn = self.next.fetch_add(1, Relaxed);
        let mut socket = self.sockets[turn % self.sockets.len()].lock().await;
        if let Some(open) = &mut *socket {
            if self.check(open).await.is_ok() {
                return Ok(open.clone());
            }
            *socket = None;
        }
        let open = self.client.get_multiplexed_async_connection_with_config(&self.config).await?;
        Ok(socket.insert(open).clone())
    }

    async fn check(&self, connection: &mut MultiplexedConnection) -> Result<(), RedisError> {
        redis::cmd("PING").exec_async(connection).await
    }

    fn is_fatal(&self, error: &RedisError) -> bool {
        fatal::is_fatal(error)
    }
}

// By hand: the connections do not say anything of themselves.
impl fmt::Debug for RedisMultiplexedManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisMultiplexedManager")
            .field("client", &self.client)
            .field("sockets", &self.sockets.len())
            .finish_non_exhaustive()
    }
}
