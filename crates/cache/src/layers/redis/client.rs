use std::time::Duration;

use parking_lot::Mutex;
use redis::aio::MultiplexedConnection;
use redis::io::tcp::TcpSettings;
use redis::{
    AsyncConnectionConfig, Client, ConnectionInfo, IntoConnectionInfo as _, ProtocolVersion, PushInfo,
    PushKind, RedisError, Value,
};
use tokio::sync::mpsc;

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
}

/// Where the server is, and how it is spoken to.
#[derive(Debug)]
pub(super) struct Address {
    info: ConnectionInfo,
    response: Duration,
    connect: Duration,
    /// The connections made before to the server that was last connected to: given up here, maybe not yet there.
    former: Mutex<Former>,
}

#[derive(Debug, Default)]
struct Former {
    run: String,
    ids: Vec<u64>,
}

impl Address {
    pub(super) fn new(config: &RedisConfig) -> Result<Self, RedisError> {
        // Off by default in redis 1.x: without it small pipelined commands wait for Nagle's algorithm.
        let tcp = TcpSettings::default().set_nodelay(true);
        let info = config.url.as_str().into_connection_info()?.set_tcp_settings(tcp);
        let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        Ok(Self {
            info: info.set_redis_settings(settings),
            response: config.command_timeout,
            connect: config.connect_timeout,
            former: Mutex::default(),
        })
    }

    /// Connects and subscribes.
    pub(super) async fn dial(&self, channel: &str) -> Result<(Link, Subscription), LayerError> {
        let client = Client::open(self.info.clone()).map_err(away)?;
        let (sender, pushes) = mpsc::unbounded_channel();
        let config = AsyncConnectionConfig::new()
            .set_response_timeout(Some(self.response))
            .set_connection_timeout(Some(self.connect))
            .set_push_sender(move |push: PushInfo| match heard(&push) {
                Some(push) => sender.send(push),
                None => Ok(()),
            });
        let mut connection =
            client.get_multiplexed_async_connection_with_config(&config).await.map_err(away)?;
        connection.subscribe(channel).await.map_err(away)?;
        let server: String =
            redis::cmd("INFO").arg("server").query_async(&mut connection).await.map_err(away)?;
        let run = server.lines().find_map(|line| line.strip_prefix("run_id:")).map(str::trim);
        let run = run.ok_or_else(|| LayerError::Away("it names no run id".to_owned()))?.to_owned();
        self.silence_former(&run, &mut connection).await?;
        Ok((Link { connection, run }, pushes))
    }

    /// A connection that was given up may have commands on their way for as long as TCP tries, and a late `set` would undo
    /// what is said over the next one. So it is closed at the server's end before anything else is said. Those of another run
    /// need not be: what they say is of another epoch.
    ///
    /// Where the user may not do so, only versions tell a late `set` from a new one.
    async fn silence_former(
        &self,
        run: &str,
        connection: &mut MultiplexedConnection,
    ) -> Result<(), LayerError> {
        let allowed = |answer: Result<u64, RedisError>| match answer {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if error.is_io_error() || error.is_timeout() => Err(away(error)),
            Err(_) => Ok(None),
        };
        let former = {
            let former = self.former.lock();
            if former.run == run { former.ids.clone() } else { Vec::new() }
        };
        for id in former {
            allowed(redis::cmd("CLIENT").arg("KILL").arg("ID").arg(id).query_async(connection).await)?;
        }
        let own = allowed(redis::cmd("CLIENT").arg("ID").query_async(connection).await)?;
        *self.former.lock() = Former { run: run.to_owned(), ids: own.into_iter().collect() };
        Ok(())
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
