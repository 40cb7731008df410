use super::faults::{Choice, Fault, Way};
use super::hub::Hub;
use super::trouble::Trouble;
use std::fmt;
use std::thread;
use std::time::{Duration, Instant};

const POLL: Duration = Duration::from_millis(1);
const PATIENCE: Duration = Duration::from_secs(5);

/// Connections of a [`Proxy`](super::Proxy), those that are open and those to come, and what can befall them.
///
/// A fault holds for every byte that arrives after the call, until [`Proxy::heal`](super::Proxy::heal), or until the
/// [`Trouble`] it answered is healed alone.
pub struct Selection<'a> {
    pub(super) hub: &'a Hub,
    pub(super) choice: Choice,
}

impl<'a> Selection<'a> {
    /// Swallows what is sent that way; the connections stay open, and no end or reset of one side reaches the other.
    ///
    /// What was swallowed stays lost after the cut: the stream goes on with what is sent next. Cut and healed between
    /// two messages, a connection misses the messages in between and nothing else.
    pub fn cut(&self, way: Way) -> Trouble<'a> {
        self.add(way, Fault::Cut)
    }

    /// Holds back what is sent that way, and delivers it late, when the proxy is healed: a partition that TCP survives.
    pub fn hold(&self, way: Way) -> Trouble<'a> {
        self.add(way, Fault::Hold)
    }

    /// Delivers what is sent that way so much later; [`Way::Both`] makes a round trip longer by twice that. Of several
    /// delays the last holds.
    pub fn delay(&self, way: Way, delay: Duration) -> Trouble<'a> {
        self.add(way, Fault::Delay(delay))
    }

    /// Breaks the connections that are open now, and each that is to come as soon as it is one of these: for those that
    /// are chosen by what they sent, after they have sent it.
    pub fn refuse(&self) -> Trouble<'a> {
        self.add(Way::Both, Fault::Refuse)
    }

    /// Breaks the connections that are open now: client and server get a reset (RST). Returns once they are gone; new
    /// ones are served.
    ///
    /// # Panics
    ///
    /// If they are not gone within 5 s.
    pub fn reset(&self) {
        let chosen: Vec<u64> = self
            .hub
            .open()
            .iter()
            .filter(|(_, connection)| connection.is_chosen(&*self.choice))
            .map(|(&number, connection)| {
                connection.reset();
                number
            })
            .collect();
        let deadline = Instant::now() + PATIENCE;
        while chosen.iter().any(|number| self.hub.open().contains_key(number)) {
            assert!(Instant::now() < deadline, "connections are still open {PATIENCE:?} after their reset");
            thread::sleep(POLL);
        }
    }

    /// How many of them are open now.
    pub fn count(&self) -> usize {
        self.hub.open().values().filter(|connection| connection.is_chosen(&*self.choice)).count()
    }

    fn add(&self, way: Way, fault: Fault) -> Trouble<'a> {
        Trouble { hub: self.hub, number: self.hub.add(self.choice.clone(), way, fault) }
    }
}

impl fmt::Debug for Selection<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Selection").field("count", &self.count()).finish_non_exhaustive()
    }
}
