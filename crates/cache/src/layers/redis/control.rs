use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use redis::aio::MultiplexedConnection;
use redis::{Cmd, FromRedisValue, ScriptInvocation, Value};

use super::answer::{self, Answer};
use super::calls::{Calls, Site};
use super::client::{Link, Place, away, primary_or_away};
use crate::clock::Clock;
use crate::layers::keeper::{Pulse, Since, Tidings};
use crate::layers::shared::LayerError;
use crate::stamps::{Stamps, Target};

/// The control key, and the connection to the server that has it.
pub(super) struct Control {
    pub(super) calls: Calls,
    pub(super) prefix: String,
    /// The stream of announcements, and the channel.
    pub(super) channel: String,
    links: Mutex<Links>,
    /// The epoch and version of the stamps last merged into `stamps`.
    known: Mutex<(u64, u64)>,
    clock: Arc<Clock>,
    stamps: Arc<Stamps>,
}

#[derive(Default)]
struct Links {
    /// Connected and subscribed; only hello goes over it.
    fresh: Option<Link>,
    current: Option<Link>,
}

/// Epoch, clock and the clock at the last stamp, if there is a control key.
pub(super) type Head = (Option<Vec<u8>>, Option<u64>, Option<u64>);

impl Control {
    pub(super) fn new(
        prefix: String,
        database: i64,
        calls: Calls,
        clock: &Arc<Clock>,
        stamps: &Arc<Stamps>,
    ) -> Self {
        // Databases do not part channels: without the number, caches of two would hear each other.
        let channel =
            if database == 0 { format!("{prefix}:inv") } else { format!("{prefix}:inv:{database}") };
        let (clock, stamps) = (clock.clone(), stamps.clone());
        Self { calls, prefix, channel, links: Mutex::default(), known: Mutex::default(), clock, stamps }
    }

    pub(super) fn meta(&self) -> String {
        format!("{}:meta", self.prefix)
    }

    pub(super) fn connected(&self, link: Link) {
        self.links.lock().fresh = Some(link);
    }

    pub(super) fn adopt(&self) {
        let mut links = self.links.lock();
        if let Some(fresh) = links.fresh.take() {
            links.current = Some(fresh);
        }
    }

    pub(super) fn hang_up(&self) {
        *self.links.lock() = Links::default();
    }

    pub(super) fn connection(&self) -> Result<MultiplexedConnection, LayerError> {
        let links = self.links.lock();
        let link = links.current.as_ref().ok_or_else(|| LayerError::Away("not connected".to_owned()))?;
        Ok(link.connection.clone())
    }

    /// Where the next word is said: over the new connection, if there is one.
    pub(super) fn place(&self) -> Option<Place> {
        let links = self.links.lock();
        links.fresh.as_ref().or(links.current.as_ref())?.place.clone()
    }

    pub(super) fn site(&self, epoch: u64, at: u64) -> Site<'_> {
        Site::Control {
            prefix: &self.prefix,
            channel: &self.channel,
            epoch,
            clock: at.max(self.clock.read()),
        }
    }

    pub(super) async fn send<T: FromRedisValue>(
        &self,
        invocation: ScriptInvocation<'_>,
    ) -> Result<T, LayerError> {
        invocation.invoke_async(&mut self.connection()?).await.map_err(away)
    }

    pub(super) async fn hello(&self, since: Since) -> Result<Tidings, LayerError> {
        let link = {
            let links = self.links.lock();
            links.fresh.clone().or_else(|| links.current.clone())
        };
        let mut link = link.ok_or_else(|| LayerError::Away("not connected".to_owned()))?;
        let invocation = self.calls.hello(self.site(fastrand::u64(1..), 0), &link.run, since);
        let value: Value = invocation.invoke_async(&mut link.connection).await.map_err(away)?;
        answer::tidings(value)
    }

    /// Makes all that a stamp speaks of dead; answers the clock it was done at.
    pub(super) async fn stamp(&self, epoch: u64, at: u64, target: &Target) -> Result<u64, LayerError> {
        self.send(self.calls.stamp(self.site(epoch, at), target)).await
    }

    /// A server that is no primary any more agrees with nobody: what it knows may be old.
    pub(super) async fn pulse(&self) -> Result<Pulse, LayerError> {
        let mut pipeline = redis::pipe();
        pipeline.cmd("HMGET").arg(self.meta()).arg(&["e", "q", "c"]).cmd("ROLE");
        let (pulse, role): (Value, Value) =
            pipeline.query_async(&mut self.connection()?).await.map_err(away)?;
        primary_or_away(&role)?;
        answer::pulse(pulse)
    }

    /// Asks for the [`Head`].
    pub(super) fn question(&self) -> Cmd {
        let mut question = redis::cmd("HMGET");
        question.arg(self.meta()).arg(&["e", "c", "v"]);
        question
    }

    /// Takes the answer in: the clock, if the epoch lives, after the stamps were made known.
    pub(super) async fn take_in(&self, epoch: u64, head: Head) -> Result<u64, LayerError> {
        // A control key that is gone is another epoch too, and says nothing of Redis' health.
        let (lives, Some(clock), Some(version)) = head else { return Err(LayerError::Fenced) };
        if lives.as_deref() != Some(&epoch.to_be_bytes()[..]) {
            return Err(LayerError::Fenced);
        }
        if *self.known.lock() != (epoch, version) {
            let mut question = redis::cmd("HGETALL");
            let stamps =
                question.arg(self.meta()).query_async(&mut self.connection()?).await.map_err(away)?;
            self.learn(epoch, version, stamps)?;
        }
        Ok(clock)
    }

    /// The version of the stamps this node knows: those of another epoch are not known, whatever their version.
    pub(super) fn known(&self, epoch: u64) -> u64 {
        let (known_epoch, known) = *self.known.lock();
        if known_epoch == epoch { known } else { 0 }
    }

    /// Reads clock and stamps from the front of an answer.
    pub(super) fn take_front(&self, epoch: u64, answer: &mut Answer) -> Result<u64, LayerError> {
        let (clock, version): (u64, u64) = (answer.next()?, answer.next()?);
        if let Some(stamps) = answer.next::<Option<Value>>()? {
            self.learn(epoch, version, stamps)?;
        }
        Ok(clock)
    }

    /// What a bucket says there is not so.
    pub(super) fn skip_front(answer: &mut Answer) -> Result<(), LayerError> {
        let _front: (Value, Value, Value) = (answer.next()?, answer.next()?, answer.next()?);
        Ok(())
    }

    /// Merges the stamps, and only then claims to know them.
    fn learn(&self, epoch: u64, version: u64, stamps: Value) -> Result<(), LayerError> {
        self.stamps.merge(answer::stamps_in(epoch, stamps)?);
        *self.known.lock() = (epoch, version);
        Ok(())
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}
