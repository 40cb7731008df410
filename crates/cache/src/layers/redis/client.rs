use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use redis::aio::MultiplexedConnection;
use redis::io::tcp::TcpSettings;
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _, ProtocolVersion,
    PushInfo, PushKind, RedisError, Value,
};
use tokio::sync::mpsc;

use super::sentinel::Sentinels;
use crate::backplane::Announcement;
use crate::layers::keeper::{Push, Subscription};
use crate::layers::shared::LayerError;
use crate::options::RedisConfig;

/// One connection for commands and announcements both. Because a server writes them in the order it ran them, who reads an
/// answer has read every announcement that came before it.
#[derive(Clone)]
pub(super) struct Link {
    pub(super) connection: MultiplexedConnection,
    /// The server's run id: another run may have lost its memory.
    pub(super) run: String,
    /// Tells this connection from any other.
    pub(super) id: u64,
    /// Where it leads to.
    pub(super) place: Option<Place>,
}

/// Where the server is, and how it is spoken to.
#[derive(Debug, Clone)]
pub(super) struct Address {
    info: ConnectionInfo,
    sentinels: Option<Arc<Sentinels>>,
    response: Duration,
    connect: Duration,
    /// The connections made before: given up here, maybe not yet there.
    former: Arc<Mutex<Former>>,
}

/// The last connection to a run of a server under one address, of those that subscribe and of those that do not.
type Former = HashMap<Whose, u64>;
type Whose = (bool, Option<Place>, String);

/// Both a host's name and its port.
pub(super) type Place = (String, u16);

impl Address {
    pub(super) fn new(url: &str, config: &RedisConfig) -> Result<Self, RedisError> {
        // Off by default in redis 1.x: without it small pipelined commands wait for Nagle's algorithm.
        let tcp = TcpSettings::default().set_nodelay(true);
        let info = url.into_connection_info()?.set_tcp_settings(tcp);
        #[cfg(feature = "redis-tls")]
        if matches!(info.addr(), ConnectionAddr::TcpTls { .. })
            && rustls::crypto::CryptoProvider::get_default().is_none()
        {
            // Of several that are linked in rustls chooses none. If another thread was faster, there is one.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        let sentinels = config.sentinel.as_ref();
        let sentinels = sentinels.map(|own| Sentinels::new(own, config.connect_timeout)).transpose()?;
        Ok(Self {
            info: info.set_redis_settings(settings),
            sentinels: sentinels.map(Arc::new),
            response: config.command_timeout,
            connect: config.connect_timeout,
            former: Arc::default(),
        })
    }

    pub(super) fn place(&self) -> Option<Place> {
        match self.info.addr() {
            ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => {
                Some((host.clone(), *port))
            }
            _ => None,
        }
    }

    pub(super) fn database(&self) -> i64 {
        self.info.redis_settings().db()
    }

    /// Another server that is spoken to like this one.
    pub(super) fn at(&self, (host, port): &Place) -> Self {
        let (host, port) = (host.clone(), *port);
        let addr = match self.info.addr() {
            ConnectionAddr::TcpTls { insecure, tls_params, .. } => {
                ConnectionAddr::TcpTls { host, port, insecure: *insecure, tls_params: tls_params.clone() }
            }
            _ => ConnectionAddr::Tcp(host, port),
        };
        Self { info: self.info.clone().set_addr(addr), ..self.clone() }
    }

    /// Connects to the primary and subscribes.
    pub(super) async fn dial(&self, channel: &str) -> Result<(Link, Subscription), LayerError> {
        let Some(sentinels) = &self.sentinels else { return self.subscribe(channel).await };
        self.at(&sentinels.primary().await?).subscribe(channel).await
    }

    /// Whether a server that was replaced may go on as if it were the primary.
    pub(super) fn is_watched(&self) -> bool {
        self.sentinels.is_some()
    }

    /// What a server says counts, under Sentinel, only if the sentinels hold to it after they were asked at the same time: one
    /// that was replaced calls itself primary for seconds more. Where none of them answers, its own word has to do.
    pub(super) async fn held_to<T>(
        &self,
        place: Option<Place>,
        saying: impl Future<Output = Result<T, LayerError>>,
    ) -> Result<T, LayerError> {
        let Some(sentinels) = &self.sentinels else { return saying.await };
        let asked = async { Ok(tokio::time::timeout(self.response / 2, sentinels.primary()).await) };
        match tokio::try_join!(saying, asked)? {
            (_, Ok(Ok(primary))) if Some(&primary) != place.as_ref() => {
                Err(LayerError::Away("the sentinels have another primary".to_owned()))
            }
            (said, _) => Ok(said),
        }
    }

    async fn subscribe(&self, channel: &str) -> Result<(Link, Subscription), LayerError> {
        let (sender, pushes) = mpsc::unbounded_channel();
        let config = AsyncConnectionConfig::new().set_push_sender(move |push: PushInfo| match heard(&push) {
            Some(push) => sender.send(push),
            None => Ok(()),
        });
        let mut link = self.connect(config, true).await?;
        let subscribing = async {
            link.connection.subscribe(channel).await.map_err(away)?;
            let role: Value = redis::cmd("ROLE").query_async(&mut link.connection).await.map_err(away)?;
            primary_or_away(&role)
        };
        within(self.connect, subscribing).await?;
        Ok((link, pushes))
    }

    /// Connects for commands alone.
    pub(super) async fn open(&self) -> Result<Link, LayerError> {
        self.connect(AsyncConnectionConfig::new(), false).await
    }

    async fn connect(&self, config: AsyncConnectionConfig, subscribes: bool) -> Result<Link, LayerError> {
        let config =
            config.set_response_timeout(Some(self.response)).set_connection_timeout(Some(self.connect));
        let connecting = async {
            let client = Client::open(self.info.clone()).map_err(away)?;
            let mut connection =
                client.get_multiplexed_async_connection_with_config(&config).await.map_err(away)?;
            let server: String =
                redis::cmd("INFO").arg("server").query_async(&mut connection).await.map_err(away)?;
            let run = server.lines().find_map(|line| line.strip_prefix("run_id:")).map(str::trim);
            let run = run.ok_or_else(|| LayerError::Away("it names no run id".to_owned()))?.to_owned();
            self.silence_former((subscribes, self.place(), run.clone()), &mut connection).await?;
            let (id, place) = (LINKS.fetch_add(1, Ordering::Relaxed), self.place());
            Ok(Link { connection, run, id, place })
        };
        // The client's own limit is for each of its steps.
        within(self.connect, connecting).await
    }

    /// A connection that was given up may have commands on their way for as long as TCP tries, and a late `set` would undo
    /// what is said over the next one. So it is closed at the server's end before anything else is said. Those to another run
    /// need not be: what they say is of another epoch.
    ///
    /// Where the user may not do so, only versions tell a late `set` from a new one.
    async fn silence_former(
        &self,
        whose: Whose,
        connection: &mut MultiplexedConnection,
    ) -> Result<(), LayerError> {
        let allowed = |answer: Result<u64, RedisError>| match answer {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if error.is_io_error() || error.is_timeout() => Err(away(error)),
            Err(_) => Ok(None),
        };
        let former = self.former.lock().get(&whose).copied();
        if let Some(id) = former {
            allowed(redis::cmd("CLIENT").arg("KILL").arg("ID").arg(id).query_async(connection).await)?;
        }
        if let Some(own) = allowed(redis::cmd("CLIENT").arg("ID").query_async(connection).await)? {
            self.former.lock().insert(whose, own);
        }
        Ok(())
    }
}

static LINKS: AtomicU64 = AtomicU64::new(1);

async fn within<T>(
    limit: Duration,
    step: impl Future<Output = Result<T, LayerError>>,
) -> Result<T, LayerError> {
    let late = |_| LayerError::Away(format!("not connected within {limit:?}"));
    tokio::time::timeout(limit, step).await.map_err(late)?
}

/// A replica answers too, with what it knew some time ago.
pub(super) fn primary_or_away(role: &Value) -> Result<(), LayerError> {
    let name = match role {
        Value::Array(words) => words.first(),
        _ => None,
    };
    match name {
        Some(Value::BulkString(name)) if name == b"master" => Ok(()),
        Some(Value::BulkString(name)) => {
            Err(LayerError::Away(format!("the server is no primary but a {}", String::from_utf8_lossy(name))))
        }
        _ => Err(LayerError::Away("the server names no role".to_owned())),
    }
}

fn heard(push: &PushInfo) -> Option<Push> {
    match push.kind {
        PushKind::Disconnection => Some(Push::Lost),
        PushKind::Message => match push.data.get(1) {
            Some(Value::BulkString(text)) => {
                let said = std::str::from_utf8(text).ok().and_then(Announcement::parse);
                // What nobody of ours could have said may stand for something that was: hear it all again.
                Some(said.map_or(Push::Lost, Push::Announced))
            }
            _ => Some(Push::Lost),
        },
        _ => None,
    }
}

pub(super) fn away(error: RedisError) -> LayerError {
    if error.code() == Some("FENCED") { LayerError::Fenced } else { LayerError::Away(error.to_string()) }
}
