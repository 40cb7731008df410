//! The scripts with their keys and arguments, for one server that holds all or for one slot of a Cluster.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, RedisWrite, Script, ScriptInvocation, ToRedisArgs, ToSingleRedisArg};

use super::scripts::Scripts;
use crate::clock::Clock;
use crate::codec::header::{CREATED_AT, EPOCH_AT, STAMPED_TO};
use crate::layers::keeper::{Since, Token, Wanted};
use crate::layers::shared::{Item, Prolonged};
use crate::options::RedisConfig;
use crate::stamps::Target;

const _: () = assert!(EPOCH_AT == 12 && STAMPED_TO == 28, "the scripts find epoch and born at these offsets");
const _: () = assert!(CREATED_AT == 37, "and there when a value was created");

/// The name of a key in Redis, written without a text in between.
pub(super) struct Name<'a> {
    pub(super) prefix: &'a str,
    pub(super) part: &'static str,
    pub(super) key: &'a str,
}

impl ToRedisArgs for Name<'_> {
    fn write_redis_args<W: RedisWrite + ?Sized>(&self, out: &mut W) {
        let mut arg = out.writer_for_next_arg();
        for part in [self.prefix, ":", self.part, ":", self.key] {
            // Into memory, where writing does not fail.
            let _ = arg.write_all(part.as_bytes());
        }
    }
}

impl ToSingleRedisArg for Name<'_> {}

/// Asks for what lies under these keys, behind what is asked for `first`.
pub(super) fn mget<'k>(
    prefix: &str,
    first: Option<&str>,
    keys: impl Iterator<Item = &'k str> + Clone,
) -> Cmd {
    let part = "v";
    let bytes: usize = keys.clone().map(|key| prefix.len() + part.len() + key.len() + 2).sum();
    let (count, more) = (keys.clone().count(), first.map_or(0, str::len));
    let mut mget = Cmd::with_capacity(count + 2, bytes + more + 4);
    mget.arg("MGET").arg(first);
    for key in keys {
        mget.arg(Name { prefix, part, key });
    }
    mget
}

/// Where a script runs, and in which epoch.
#[derive(Debug, Clone, Copy)]
pub(super) enum Site<'a> {
    /// Beside the control key.
    Control { prefix: &'a str, channel: &'a str, epoch: u64, clock: u64 },
    /// In a slot of its own, far from the control key: fenced by the bucket's epoch, values stamped with another number.
    Bucket { prefix: &'a str, epoch: u64, stamp: u64, clock: u64 },
}

impl<'a> Site<'a> {
    pub(super) fn prefix(&self) -> &'a str {
        match self {
            Self::Control { prefix, .. } | Self::Bucket { prefix, .. } => prefix,
        }
    }
}

/// What a node says of itself with every command.
#[derive(Debug)]
pub(super) struct Calls {
    scripts: Scripts,
    /// In hex for announcements, in bytes for leases.
    node: (String, [u8; 8]),
    stamp_bound: usize,
    stream_bound: usize,
    floor_ms: u64,
    token_ms: u64,
    lease_ms: u64,
    clock: Arc<Clock>,
}

impl Calls {
    pub(super) fn new(
        scripts: Scripts,
        config: &RedisConfig,
        node: u64,
        stamp_bound: usize,
        clock: &Arc<Clock>,
    ) -> Self {
        Self {
            scripts,
            node: (format!("{node:x}"), node.to_be_bytes()),
            stamp_bound,
            stream_bound: config.announcements_kept,
            floor_ms: ms(config.floor_ttl),
            token_ms: ms(config.token_ttl),
            lease_ms: ms(config.lease),
            clock: clock.clone(),
        }
    }

    pub(super) fn hello(&self, site: Site<'_>, run: &str, since: Since) -> ScriptInvocation<'_> {
        let mut invocation = invoke(&self.scripts.hello, site, []);
        invocation.arg(run).arg(&since.epoch.to_be_bytes()[..]).arg(since.sequence);
        invocation
    }

    /// The clock, and the stamps unless they are known already.
    pub(super) fn clock(&self, site: Site<'_>, known: u64) -> ScriptInvocation<'_> {
        let mut invocation = invoke(&self.scripts.clock, site, []);
        invocation.arg(known);
        invocation
    }

    pub(super) fn claim(
        &self,
        site: Site<'_>,
        known: u64,
        wanted: &[&Wanted],
        give_up: bool,
    ) -> ScriptInvocation<'_> {
        let mut invocation = invoke(&self.scripts.claim, site, wanted.iter().map(|wanted| &*wanted.key));
        invocation.arg(known).arg(u8::from(give_up)).arg(self.token_ms).arg(self.lease_ms);
        invocation.arg(&self.node.1[..]);
        for wanted in wanted {
            let dead = wanted.dead.map(u64::to_be_bytes);
            invocation.arg(&fastrand::u64(1..).to_be_bytes()[..]);
            invocation.arg(dead.as_ref().map_or(&[][..], |born| &born[..]));
        }
        invocation
    }

    pub(super) fn renew(&self, site: Site<'_>, key: &str, token: Token) -> ScriptInvocation<'_> {
        let mut invocation = invoke(&self.scripts.renew, site, [key]);
        invocation.arg(&token.0[..]).arg(self.token_ms).arg(self.lease_ms);
        invocation
    }

    /// Of items that are worth keeping; see [`Self::worth`].
    pub(super) fn commit(&self, site: Site<'_>, items: &[&(Item, Token)]) -> ScriptInvocation<'_> {
        let now_ms = self.clock.wall_ms();
        let keys = items.iter().map(|(item, _)| &*item.key);
        let mut invocation = self.announcing(&self.scripts.commit, site, keys);
        for (item, token) in items {
            invocation.arg(&token.0[..]).arg(item.version);
            invocation.arg(&item.bytes[..EPOCH_AT]).arg(&item.bytes[STAMPED_TO..]);
            invocation.arg(item.born).arg(item.expires_ms.saturating_sub(now_ms).max(1));
        }
        invocation
    }

    pub(super) fn prolong(&self, site: Site<'_>, prolonged: &Prolonged) -> ScriptInvocation<'_> {
        let left = prolonged.expires_ms.saturating_sub(self.clock.wall_ms()).max(1);
        let mut invocation = invoke(&self.scripts.prolong, site, [&*prolonged.key]);
        invocation.arg(&prolonged.born.to_be_bytes()[..]).arg(&prolonged.created_ms.to_be_bytes()[..]);
        invocation.arg(left);
        invocation
    }

    /// Those of which there is anything to keep: what has run out meanwhile is refused before it is sent.
    pub(super) fn worth<'a>(&self, items: &'a [(Item, Token)]) -> Vec<&'a (Item, Token)> {
        let now_ms = self.clock.wall_ms();
        let worth = |item: &Item| item.expires_ms > now_ms && item.bytes.len() >= STAMPED_TO;
        items.iter().filter(|(item, _)| worth(item)).collect()
    }

    pub(super) fn store(&self, site: Site<'_>, items: &[&Item]) -> ScriptInvocation<'_> {
        let now_ms = self.clock.wall_ms();
        let mut invocation = self.announcing(&self.scripts.store, site, items.iter().map(|item| &*item.key));
        for item in items {
            invocation.arg(&*item.key).arg(item.version);
            invocation.arg(&item.bytes[..EPOCH_AT]).arg(&item.bytes[STAMPED_TO..]);
            invocation.arg(item.expires_ms.saturating_sub(now_ms).max(1));
        }
        invocation
    }

    pub(super) fn revoke(&self, site: Site<'_>, keys: &[&str], version: u64) -> ScriptInvocation<'_> {
        let mut invocation = self.announcing(&self.scripts.revoke, site, keys.iter().copied());
        invocation.arg(version).arg(keys.join("\n"));
        invocation
    }

    pub(super) fn stamp(&self, site: Site<'_>, target: &Target) -> ScriptInvocation<'_> {
        let mut invocation = self.announcing(&self.scripts.stamp, site, []);
        invocation.arg(target.name()).arg(self.stamp_bound);
        invocation
    }

    /// Announces what was done elsewhere: `k` for keys made dead, `s` for keys overwritten.
    pub(super) fn tell(
        &self,
        site: Site<'_>,
        kind: &str,
        version: u64,
        keys: &[&str],
    ) -> ScriptInvocation<'_> {
        let mut invocation = self.announcing(&self.scripts.tell, site, []);
        invocation.arg(kind).arg(version).arg(keys.join("\n"));
        invocation
    }

    /// A script that may announce.
    fn announcing<'s, 'k>(
        &self,
        script: &'s Script,
        site: Site<'_>,
        keys: impl IntoIterator<Item = &'k str>,
    ) -> ScriptInvocation<'s> {
        let mut invocation = invoke(script, site, keys);
        match site {
            Site::Control { .. } => invocation.arg(&self.node.0),
            Site::Bucket { clock, .. } => invocation.arg(clock),
        };
        invocation.arg(self.stream_bound).arg(self.floor_ms);
        invocation
    }
}

fn invoke<'s, 'k>(
    script: &'s Script,
    site: Site<'_>,
    keys: impl IntoIterator<Item = &'k str>,
) -> ScriptInvocation<'s> {
    let mut invocation = script.prepare_invoke();
    let prefix = site.prefix();
    match site {
        Site::Control { channel, epoch, clock, .. } => {
            invocation.key(format!("{prefix}:meta")).key(channel);
            invocation.arg(&epoch.to_be_bytes()[..]).arg(clock);
        }
        Site::Bucket { epoch, stamp, .. } => {
            // Twice, so that the others stand where they stand beside the control key.
            invocation.key(format!("{prefix}:e")).key(format!("{prefix}:e"));
            invocation.arg(&epoch.to_be_bytes()[..]).arg(&stamp.to_be_bytes()[..]);
        }
    }
    for key in keys {
        for part in ["v", "l", "f"] {
            invocation.key(Name { prefix, part, key });
        }
    }
    invocation
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
