use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use mainstay_testkit::StartError;
use mainstay_testkit::proxy::{Selection, Trouble, Way};
use mainstay_testkit::redis::{Redis, Sentinel};

use crate::fault::Fault;
use crate::node::{COMMAND_TIMEOUT, NODES};
use crate::reshard::Reshard;
use crate::servers::{Servers, ask};
use crate::succession::{REIGN, Succession};
use crate::tally::Tally;
use crate::ways;

/// Draws faults, brings them about and heals them.
#[derive(Debug)]
pub(crate) struct Driver<'s> {
    servers: &'s dyn Servers,
    rng: Rng,
    bound: Duration,
    faults: Vec<Fault>,
    /// Every kind comes up before one comes again.
    deck: Vec<Fault>,
    /// When the last succession had ended.
    reigns_since: Option<Instant>,
    pub(crate) tally: Tally,
}

/// A fault in force, and what ends it.
#[derive(Debug)]
pub(crate) enum Underway<'s> {
    /// It did not come about: the server it was meant for is away.
    Missed,
    /// It left nothing behind that must be ended.
    Done,
    OnWays(Vec<Trouble<'s>>),
    Dead(&'s Redis),
    Paused(&'s Redis),
    SentinelPaused(&'s Sentinel),
    Succession(Succession<'s>),
    Reshard(Reshard<'s>),
}

impl<'s> Driver<'s> {
    pub(crate) fn new(servers: &'s dyn Servers, faults: Vec<Fault>, bound: Duration, rng: Rng) -> Self {
        let (deck, tally) = (Vec::new(), Tally::default());
        Self { servers, rng, bound, faults, deck, reigns_since: None, tally }
    }

    /// One fault, or now and then two on different nodes, and how long they last.
    pub(crate) fn draw(&mut self) -> (Vec<(Fault, usize)>, Duration) {
        let first = (self.next(), self.rng.usize(..NODES));
        let mut faults = vec![first];
        if self.rng.u32(..4) == 0 {
            let second = self.next();
            let other = (first.1 + 1) % NODES;
            if first.0.is_central() && second.is_central() {
                self.deck.push(second);
            } else {
                faults.push((second, other));
            }
        }
        let bound = u64::try_from(self.bound.as_millis()).unwrap_or(u64::MAX);
        // Some outlast the bound, so that what a node last heard no longer vouches for its memory.
        let long = Duration::from_millis(match self.rng.u32(..10) {
            0..=5 => self.rng.u64(..bound),
            6..=8 => self.rng.u64(bound..3 * bound),
            _ => self.rng.u64(3 * bound..5 * bound),
        });
        let pauses = faults.iter().any(|(fault, _)| *fault == Fault::Pause);
        (faults, if pauses { long.min(self.servers.longest_pause()) } else { long })
    }

    fn next(&mut self) -> Fault {
        if self.deck.is_empty() {
            self.deck = self.faults.clone();
            self.rng.shuffle(&mut self.deck);
        }
        self.deck.pop().expect("a plan has faults")
    }

    /// What did not come about comes up again later.
    pub(crate) fn begin(&mut self, fault: Fault, node: usize) -> Result<Underway<'s>, StartError> {
        let underway = self.bring_about(fault, node)?;
        if matches!(underway, Underway::Missed) {
            self.deck.insert(0, fault);
        }
        Ok(underway)
    }

    fn bring_about(&mut self, fault: Fault, node: usize) -> Result<Underway<'s>, StartError> {
        let servers = self.servers;
        let (control_key, stream) = servers.control_names();
        match fault {
            Fault::Kill | Fault::Failover | Fault::Depose | Fault::Lag | Fault::TakeOver => {
                if let Some(group) = servers.group() {
                    if let Some(since) = self.reigns_since {
                        thread::sleep(REIGN.saturating_sub(since.elapsed()));
                    }
                    return Succession::begin(group, fault, &mut self.rng).map(Underway::Succession);
                }
                let server = servers.any_primary(&mut self.rng)?.server;
                server.kill();
                return Ok(Underway::Dead(server));
            }
            Fault::Restart => {
                servers.restart(servers.any_primary(&mut self.rng)?.server)?;
            }
            Fault::Pause => {
                let server = servers.any_primary(&mut self.rng)?.server;
                server.pause();
                return Ok(Underway::Paused(server));
            }
            Fault::Flush => return Ok(tell(servers.any_primary(&mut self.rng)?.server, &["FLUSHALL"])),
            Fault::LoseControlKey => return Ok(tell(servers.control()?, &["DEL", &control_key])),
            Fault::LoseStream => return Ok(tell(servers.control()?, &["DEL", &stream])),
            Fault::CutSubscribers => {
                return Ok(tell(servers.control()?, &["CLIENT", "KILL", "TYPE", "pubsub"]));
            }
            Fault::Reshard => {
                if let Some(cluster) = servers.cluster() {
                    let reshard = Reshard::begin(cluster, &mut self.rng, &mut self.tally)?;
                    return Ok(Underway::Reshard(reshard));
                }
            }
            Fault::MuteSentinel => {
                if let Some(sentinel) = servers.first_sentinel() {
                    sentinel.pause();
                    return Ok(Underway::SentinelPaused(sentinel));
                }
            }
            Fault::LoseEpochs => {
                servers.cluster().into_iter().for_each(|cluster| cluster.lose_epochs(&mut self.rng));
            }
            Fault::Reset => self.ways(node)?.iter().for_each(Selection::reset),
            Fault::MissAnnouncements => {
                let ways = self.ways(node)?;
                let troubles: Vec<Trouble<'_>> = ways.iter().map(|ways| ways.cut(Way::ToClient)).collect();
                thread::sleep(Duration::from_millis(self.rng.u64(1..40)));
                troubles.into_iter().for_each(Trouble::heal);
            }
            Fault::Latency => {
                let longest = u64::try_from(COMMAND_TIMEOUT.as_millis()).unwrap_or(u64::MAX);
                let delay = Duration::from_millis(self.rng.u64(1..longest));
                return self.on_ways(node, |ways| ways.delay(Way::Both, delay));
            }
            Fault::Deafen => return self.on_ways(node, |ways| ways.cut(Way::ToClient)),
            Fault::Mute => return self.on_ways(node, |ways| ways.cut(Way::ToServer)),
            Fault::Partition => return self.on_ways(node, |ways| ways.cut(Way::Both)),
            Fault::Delay => {
                let way = *self.rng.choice(&[Way::ToServer, Way::ToClient, Way::Both]).unwrap_or(&Way::Both);
                return self.on_ways(node, |ways| ways.hold(way));
            }
            Fault::Refuse => return self.on_ways(node, Selection::refuse),
        }
        Ok(Underway::Done)
    }

    fn on_ways(
        &mut self,
        node: usize,
        befall: impl Fn(&Selection<'s>) -> Trouble<'s>,
    ) -> Result<Underway<'s>, StartError> {
        Ok(Underway::OnWays(self.ways(node)?.iter().map(befall).collect()))
    }

    /// A node's ways to all servers, or, in a Cluster, every other time that to one shard alone.
    fn ways(&mut self, node: usize) -> Result<Vec<Selection<'s>>, StartError> {
        let servers = self.servers;
        let proxies = match servers.group() {
            Some(group) if servers.cluster().is_some() && self.rng.bool() => {
                vec![group.proxy(servers.any_primary(&mut self.rng)?.server)]
            }
            _ => servers.proxies(),
        };
        Ok(proxies.into_iter().map(|proxy| ways::of(proxy, node)).collect())
    }

    /// Answers whether the nodes have come to terms with what is there now, as far as that is known yet.
    pub(crate) fn heal(&mut self, underway: Underway<'s>) -> Result<bool, StartError> {
        match underway {
            Underway::Missed | Underway::Done => {}
            Underway::OnWays(troubles) => troubles.into_iter().for_each(Trouble::heal),
            Underway::Dead(server) => self.servers.restart(server)?,
            Underway::Paused(server) => server.resume(),
            Underway::SentinelPaused(sentinel) => sentinel.resume(),
            Underway::Succession(succession) => {
                let met = succession.end(&mut self.tally)?;
                self.reigns_since = Some(Instant::now());
                return Ok(met);
            }
            Underway::Reshard(reshard) => reshard.end(&mut self.tally)?,
        }
        Ok(true)
    }

    /// Takes note of the epoch there is.
    pub(crate) fn note_epoch(&mut self) {
        let Ok(control) = self.servers.control() else { return };
        let words = ["HGET", &self.servers.control_names().0, "e"];
        if let Ok(Some(epoch)) = ask::<Option<Vec<u8>>>(control, &words, COMMAND_TIMEOUT) {
            self.tally.epochs.insert(epoch);
        }
    }
}

/// Tells a server something that needs no healing.
fn tell(server: &Redis, words: &[&str]) -> Underway<'static> {
    match ask::<redis::Value>(server, words, COMMAND_TIMEOUT) {
        // Nothing was there to be lost, or nobody to be cut off.
        Ok(redis::Value::Int(0)) | Err(_) => Underway::Missed,
        Ok(_) => Underway::Done,
    }
}
