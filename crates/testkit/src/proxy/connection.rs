use super::faults::{Rule, Way, Weather};
use super::pump::pump;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

/// A server on this machine takes a connection at once, or refuses it.
const CONNECT: Duration = Duration::from_secs(5);

/// How much of what a client sent is kept to choose by.
const KEPT: usize = 64 << 10;

/// One connection through the proxy, as the rules and the test see it.
#[derive(Debug)]
pub(super) struct Connection {
    rules: watch::Receiver<Vec<Rule>>,
    /// The first bytes from the client.
    sent: watch::Sender<Vec<u8>>,
    broken: Notify,
}

/// Bytes that arrived from one side, and those of them that were lost.
#[derive(Debug, Default)]
pub(super) struct Meter {
    pub(super) arrived: AtomicU64,
    pub(super) lost: AtomicU64,
}

#[derive(Debug, Default)]
pub(super) struct Meters {
    pub(super) to_server: Meter,
    pub(super) to_client: Meter,
}

impl Connection {
    pub(super) fn new(rules: watch::Receiver<Vec<Rule>>) -> Self {
        Self { rules, sent: watch::Sender::default(), broken: Notify::new() }
    }

    pub(super) fn is_chosen(&self, choice: impl Fn(&[u8]) -> bool) -> bool {
        choice(&self.sent.borrow())
    }

    /// Breaks the connection, now or as soon as it is relayed.
    pub(super) fn reset(&self) {
        self.broken.notify_one();
    }

    /// Carries bytes until both sides have ended, one was reset, or the test has it broken; what does not end well is
    /// reset on both sides.
    pub(super) async fn relay(&self, mut client: TcpStream, server: SocketAddr, meters: &Meters) {
        let connect = async { timeout(CONNECT, TcpStream::connect(server)).await? };
        let server = tokio::select! {
            connected = connect => connected,
            () = self.broken.notified() => Err(io::ErrorKind::ConnectionReset.into()),
        };
        let Ok(mut server) = server else {
            reset_on_drop(&client);
            return;
        };
        // Bytes are carried as they come; the client that wants them gathered has gathered them.
        let _not_that_important = (client.set_nodelay(true), server.set_nodelay(true));
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let both = async {
            tokio::try_join!(
                pump(self, Way::ToServer, from_client, to_server, &meters.to_server),
                pump(self, Way::ToClient, from_server, to_client, &meters.to_client),
            )
        };
        let ended = tokio::select! {
            ended = both => ended.map(drop),
            () = self.broken.notified() => Err(io::ErrorKind::ConnectionReset.into()),
            () = self.until(Way::Both, |weather| weather.refuse) => Err(io::ErrorKind::ConnectionReset.into()),
        };
        if ended.is_err() {
            reset_on_drop(&client);
            reset_on_drop(&server);
        }
    }

    /// Takes note of what the client sends.
    pub(super) fn note(&self, bytes: &[u8]) {
        self.sent.send_if_modified(|sent| {
            let room = KEPT - sent.len();
            sent.extend_from_slice(&bytes[..bytes.len().min(room)]);
            room > 0
        });
    }

    pub(super) fn weather(&self, way: Way) -> Weather {
        Weather::of(&self.rules.borrow(), &self.sent.borrow(), way)
    }

    /// Waits for weather that lets pass.
    pub(super) async fn until(&self, way: Way, lets_pass: impl Fn(Weather) -> bool) {
        let (mut rules, mut sent) = (self.rules.clone(), self.sent.subscribe());
        while !lets_pass(self.weather(way)) {
            tokio::select! {
                Ok(()) = rules.changed() => {}
                Ok(()) = sent.changed() => {}
                // The proxy is being dropped, and this with it.
                else => std::future::pending().await,
            }
        }
    }
}

/// Unread or not, the socket then says RST instead of FIN.
fn reset_on_drop(socket: &TcpStream) {
    let _closed_already = socket.set_zero_linger();
}
