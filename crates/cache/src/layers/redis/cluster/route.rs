//! The way of one command to the node that has its slot, whatever the Cluster is doing.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use redis::{Cmd, RedisError, RetryMethod, Script, ScriptInvocation, Value};
use tokio::time::Instant;

use super::bucket::Bucket;
use super::line::Line;
use super::map::redirected;
use super::shards::Shards;
use crate::layers::redis::answer::read;
use crate::layers::redis::client::{Link, Place, away};
use crate::layers::redis::scripts::HELLO_BUCKET;
use crate::layers::shared::LayerError;

/// Sendings of one command before it is given up: a slot that moves while its owner fails over takes four.
const TRIES: u32 = 8;
const FIRST_REST: Duration = Duration::from_millis(2);

static HELLO: LazyLock<Script> = LazyLock::new(|| Script::new(HELLO_BUCKET));

/// What is sent.
pub(super) enum Call<'a> {
    Script(&'a ScriptInvocation<'a>),
    Command(&'a Cmd),
}

/// Where a command stands on its way.
pub(super) struct Route<'a> {
    shards: &'a Arc<Shards>,
    slot: u16,
    limit: Duration,
    deadline: Instant,
    /// Whether it may be sent again when it is not known whether it ran.
    repeatable: bool,
    asking: Option<Place>,
    /// Whether a node could not be connected to.
    unreached: bool,
    tries: u32,
}

/// The node a command goes to next.
pub(super) struct Stop {
    place: Place,
    link: Arc<Link>,
    asking: bool,
}

impl<'a> Route<'a> {
    /// `limit` for the whole way.
    pub(super) fn new(shards: &'a Arc<Shards>, slot: u16, limit: Duration) -> Self {
        let deadline = Instant::now() + limit;
        Self { shards, slot, limit, deadline, repeatable: true, asking: None, unreached: false, tries: 0 }
    }

    pub(super) fn sent_once(self) -> Self {
        Self { repeatable: false, ..self }
    }

    pub(super) async fn stop(&mut self) -> Result<Stop, LayerError> {
        let late = self.late();
        tokio::time::timeout_at(self.deadline, self.find()).await.map_err(|_| late)?
    }

    async fn find(&mut self) -> Result<Stop, LayerError> {
        loop {
            let asking = self.asking.take();
            let (place, asking) = match asking {
                Some(place) => (place, true),
                None => (self.shards.owner(self.slot).await?, false),
            };
            match self.shards.link(&place).await {
                Ok(link) => return Ok(Stop { place, link, asking }),
                Err(error) if self.unreached => return Err(error),
                // Another may own the slot by now; if not, that is that.
                Err(error) => {
                    self.unreached = true;
                    self.again(error).await?;
                }
            }
        }
    }

    /// Sends it there. `None`: the slot is elsewhere, or busy; go on to the next stop.
    pub(super) async fn send(&mut self, stop: &Stop, call: Call<'_>) -> Result<Option<Value>, LayerError> {
        let mut line = Line { connection: stop.link.connection.clone(), asking: stop.asking };
        let sending = async {
            match call {
                Call::Script(invocation) => invocation.invoke_async(&mut line).await,
                Call::Command(command) => command.query_async(&mut line).await,
            }
        };
        let sent = Instant::now();
        let Ok(answered) = tokio::time::timeout_at(self.deadline, sending).await else {
            // Where little time was left, its silence says little.
            if sent.elapsed() * 2 > self.limit {
                self.shards.discard(&stop.place, &stop.link);
                self.look_behind();
            }
            return Err(self.late());
        };
        match answered {
            Ok(value) => Ok(Some(value)),
            Err(error) => self.after(stop, error).await.map(|()| None),
        }
    }

    /// What to do about an error: go on to the next stop, or give up.
    async fn after(&mut self, stop: &Stop, error: RedisError) -> Result<(), LayerError> {
        let told = error.redirect_node().and_then(|(to, slot)| Some((redirected(to, &stop.place)?, slot)));
        match error.retry_method() {
            RetryMethod::MovedRedirect => {
                let (place, slot) = told.ok_or_else(|| away(error.clone()))?;
                self.shards.moved(slot, place);
                // Seldom is one slot moved alone.
                self.look_behind();
                self.count(away(error))
            }
            RetryMethod::AskRedirect => {
                let (place, _) = told.ok_or_else(|| away(error.clone()))?;
                self.asking = Some(place);
                self.count(away(error))
            }
            RetryMethod::WaitAndRetry | RetryMethod::RefreshSlotsAndRetry => {
                // A slot between two nodes is still to be asked where it was; a Cluster that is down has a new map soon.
                if error.code() != Some("TRYAGAIN") {
                    self.look_behind();
                } else if stop.asking {
                    self.asking = Some(stop.place.clone());
                }
                self.rest().await;
                self.count(away(error))
            }
            _ if error.is_unrecoverable_error() || error.is_connection_dropped() => {
                self.shards.discard(&stop.place, &stop.link);
                if self.repeatable {
                    return self.again(away(error)).await;
                }
                self.look_behind();
                Err(away(error))
            }
            _ => Err(away(error)),
        }
    }

    /// After a look at the map.
    async fn again(&mut self, error: LayerError) -> Result<(), LayerError> {
        self.count(error)?;
        self.shards.look_again().await;
        Ok(())
    }

    pub(super) fn count(&mut self, error: LayerError) -> Result<(), LayerError> {
        self.tries += 1;
        if self.tries < TRIES { Ok(()) } else { Err(error) }
    }

    fn late(&self) -> LayerError {
        LayerError::Away(format!("no answer for slot {} within {:?}", self.slot, self.limit))
    }

    async fn rest(&self) {
        tokio::time::sleep(FIRST_REST * 2_u32.pow(self.tries.min(5))).await;
    }

    fn look_behind(&self) {
        let shards = self.shards.clone();
        tokio::spawn(async move { shards.look_again().await });
    }
}

/// The epoch of a bucket as the node there knows it, beginning a new one if it is another run than the one it was made for.
pub(super) async fn introduce(
    route: &mut Route<'_>,
    stop: &Stop,
    bucket: &Bucket,
) -> Result<Option<u64>, LayerError> {
    if let Some(epoch) = bucket.known_over(&stop.link) {
        return Ok(Some(epoch));
    }
    let mut hello = HELLO.prepare_invoke();
    hello.key(bucket.epoch_key()).arg(&fastrand::u64(1..).to_be_bytes()[..]).arg(&stop.link.run);
    let Some(answer) = route.send(stop, Call::Script(&hello)).await? else { return Ok(None) };
    #[cfg(test)]
    crate::hold::at_unless_within(crate::hold::Point::Met).await;
    let epoch: Vec<u8> = read(answer)?;
    let epoch = epoch.try_into().map(u64::from_be_bytes);
    let epoch = epoch.map_err(|_| LayerError::Away("a bucket's epoch is not 8 bytes".to_owned()))?;
    bucket.introduced(&stop.link, epoch);
    Ok(Some(epoch))
}
