use super::connection::{Connection, Meter, Meters};
use super::faults::{Choice, Fault, Rule, Way};
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What has gone through a [`Proxy`](super::Proxy) since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Traffic {
    /// Connections taken from clients.
    pub accepted: u64,
    /// Those of them that are open now.
    pub open: usize,
    /// Bytes from clients, lost ones included.
    pub from_clients: u64,
    /// Bytes from the server, lost ones included.
    pub from_server: u64,
    /// Bytes from clients that a cut swallowed.
    pub lost_to_server: u64,
    /// Bytes from the server that a cut swallowed.
    pub lost_to_client: u64,
}

/// The connections, and the rules they obey.
#[derive(Debug)]
pub(super) struct Hub {
    server: SocketAddr,
    rules: watch::Sender<Vec<Rule>>,
    /// Rules ever made.
    made: AtomicU64,
    open: Mutex<BTreeMap<u64, Arc<Connection>>>,
    accepted: AtomicU64,
    meters: Meters,
}

impl Hub {
    pub(super) fn new(server: SocketAddr) -> Self {
        Self {
            server,
            rules: watch::Sender::default(),
            made: AtomicU64::new(0),
            open: Mutex::default(),
            accepted: AtomicU64::new(0),
            meters: Meters::default(),
        }
    }

    pub(super) fn add(&self, choice: Choice, way: Way, fault: Fault) -> u64 {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        self.rules.send_modify(|rules| rules.push(Rule { number, choice, way, fault }));
        number
    }

    pub(super) fn end(&self, number: u64) {
        self.rules.send_modify(|rules| rules.retain(|rule| rule.number != number));
    }

    pub(super) fn clear(&self) {
        self.rules.send_replace(Vec::new());
    }

    pub(super) fn open(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Connection>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn traffic(&self) -> Traffic {
        let Meters { to_server, to_client } = &self.meters;
        let arrived = |meter: &Meter| meter.arrived.load(Ordering::Relaxed);
        let lost = |meter: &Meter| meter.lost.load(Ordering::Relaxed);
        Traffic {
            accepted: self.accepted.load(Ordering::Relaxed),
            open: self.open().len(),
            from_clients: arrived(to_server),
            from_server: arrived(to_client),
            lost_to_server: lost(to_server),
            lost_to_client: lost(to_client),
        }
    }

    pub(super) async fn accept(self: Arc<Self>, listener: std::net::TcpListener) -> io::Result<()> {
        let listener = TcpListener::from_std(listener)?;
        loop {
            if let Ok((client, _)) = listener.accept().await {
                self.enter(client);
            } else {
                // Out of file descriptors, or the client is gone already.
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    }

    fn enter(self: &Arc<Self>, client: TcpStream) {
        let number = self.accepted.fetch_add(1, Ordering::Relaxed);
        let connection = Arc::new(Connection::new(self.rules.subscribe()));
        self.open().insert(number, Arc::clone(&connection));
        let hub = Arc::clone(self);
        tokio::spawn(async move {
            connection.relay(client, hub.server, &hub.meters).await;
            hub.open().remove(&number);
        });
    }
}
