use super::hub::{Hub, Traffic};
use super::selection::Selection;
use crate::{StartError, port};
use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

const NAME: &str = "the proxy";
const POLL: Duration = Duration::from_millis(1);

/// How long another process may keep the port of a proxy that refused for a while.
const PATIENCE: Duration = Duration::from_secs(20);

/// A TCP proxy on a free port of 127.0.0.1, whose connections a test can delay, cut, hold up, reset and refuse.
///
/// It runs on a thread of its own, so that it goes on while a test blocks, and its delays are real ones in a test whose
/// clock is paused. Dropping it closes its connections.
///
/// A server that cannot be reached shows as a connection that is taken and reset at once.
///
/// ```
/// use mainstay_testkit::proxy::{Proxy, Way};
/// use mainstay_testkit::redis::Redis;
/// use std::time::Duration;
///
/// let redis = Redis::start().unwrap();
/// let proxy = Proxy::to(("127.0.0.1", redis.port())).unwrap();
/// let client = redis::Client::open(format!("redis://{}", proxy.address())).unwrap();
/// let mut connection = client.get_connection().unwrap();
///
/// proxy.all().delay(Way::Both, Duration::from_millis(20)); // a round trip takes 40 ms
/// proxy.that_sent("SUBSCRIBE").cut(Way::ToClient); // subscribers hear nothing more, and do not know
/// assert_eq!(redis::cmd("PING").query(&mut connection), Ok("PONG".to_owned()));
/// proxy.heal();
/// ```
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    hub: Arc<Hub>,
    runtime: Handle,
    /// `None` while the port refuses.
    accepting: Mutex<Option<JoinHandle<io::Result<()>>>>,
    /// Taken when the proxy is dropped.
    thread: Option<(oneshot::Sender<()>, thread::JoinHandle<()>)>,
}

impl Proxy {
    /// A proxy before the server at that address, without faults.
    ///
    /// # Errors
    ///
    /// [`StartError::NoPort`] if no port is free; [`StartError::Spawn`] if the address is none, or there are no threads
    /// or file descriptors left.
    pub fn to(server: impl ToSocketAddrs) -> Result<Self, StartError> {
        let server = server.to_socket_addrs().and_then(|mut addresses| {
            addresses.next().ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no address to lead to"))
        });
        let server = server.map_err(StartError::spawn(NAME))?;
        let listener = port::listen().ok_or(StartError::NoPort { server: NAME, port: 0 })?;
        let address = listener.local_addr().map_err(StartError::spawn(NAME))?;
        let runtime = Builder::new_current_thread().enable_all().build().map_err(StartError::spawn(NAME))?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new()
            .name("mainstay-proxy".into())
            .spawn(move || drop(runtime.block_on(stopped)))
            .map_err(StartError::spawn(NAME))?;
        let proxy = Self {
            address,
            hub: Arc::new(Hub::new(server)),
            runtime: handle,
            accepting: Mutex::new(None),
            thread: Some((stop, thread)),
        };
        proxy.accept(listener).map_err(StartError::spawn(NAME))?;
        Ok(proxy)
    }

    /// Where clients connect to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The port of that address, the same for the life of this handle.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Every connection.
    pub fn all(&self) -> Selection<'_> {
        self.those(|_| true)
    }

    /// The connections whose client has sent these bytes, byte for byte, such as `SUBSCRIBE`: a command's name as its
    /// client writes it. The bytes themselves come under the fault already.
    pub fn that_sent(&self, bytes: impl AsRef<[u8]>) -> Selection<'_> {
        let bytes = bytes.as_ref().to_vec();
        self.those(move |sent| bytes.is_empty() || sent.windows(bytes.len()).any(|window| window == bytes))
    }

    /// The connections for which `choice` says yes to what their client has sent so far, of which the first 64 KiB are
    /// kept.
    pub fn those(&self, choice: impl Fn(&[u8]) -> bool + Send + Sync + 'static) -> Selection<'_> {
        Selection { hub: &self.hub, choice: Arc::new(choice) }
    }

    /// Refuses new connections, as a port does where nothing listens; open ones stay.
    pub fn refuse(&self) {
        let accepting = self.accepting.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = accepting {
            task.abort();
            // The listener goes with the task.
            while !task.is_finished() {
                thread::sleep(POLL);
            }
        }
    }

    /// Ends every fault: what was held is delivered, and new connections are taken.
    ///
    /// # Panics
    ///
    /// If the port was refusing, and another process took it and keeps it for 20 s.
    pub fn heal(&self) {
        self.hub.clear();
        if self.accepting.lock().unwrap_or_else(PoisonError::into_inner).is_some() {
            return;
        }
        let deadline = Instant::now() + PATIENCE;
        while let Err(error) = TcpListener::bind(self.address).and_then(|listener| self.accept(listener)) {
            assert!(Instant::now() < deadline, "the proxy cannot listen on {} again: {error}", self.address);
            thread::sleep(POLL);
        }
    }

    /// Counts of connections and bytes.
    pub fn traffic(&self) -> Traffic {
        self.hub.traffic()
    }

    fn accept(&self, listener: TcpListener) -> io::Result<()> {
        listener.set_nonblocking(true)?;
        let task = self.runtime.spawn(Arc::clone(&self.hub).accept(listener));
        *self.accepting.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
        Ok(())
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.thread.take() {
            let _stops_either_way = stop.send(());
            let _its_panic_is_told = thread.join();
        }
    }
}
