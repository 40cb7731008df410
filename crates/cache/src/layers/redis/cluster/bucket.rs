use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;
use xxhash_rust::xxh3::xxh3_64;

use super::map;
use crate::codec::header::{EPOCH_AT, STAMPED_TO};
use crate::codec::{born, stamp};
use crate::layers::redis::calls::Site;
use crate::layers::redis::client::Link;
use crate::layers::shared::LayerError;

/// One of the slots that the keys are dealt out to.
#[derive(Debug)]
pub(super) struct Bucket {
    pub(super) prefix: String,
    pub(super) slot: u16,
    /// The epoch this node knows it in, and the connection over which it was told.
    ///
    /// A bucket's epoch is made for one run of one server. So what a server remembers from before it was promoted, and what
    /// was moved there from another, is dead; and so is what another lost, for who reads it there is introduced anew.
    life: Mutex<Option<(u64, u64)>>,
    /// Until when it is not asked: it could not be a moment ago, and whoever tries waits for that.
    rests: Mutex<Option<Instant>>,
}

const REST: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(super) struct Buckets(Box<[Bucket]>);

impl Buckets {
    pub(super) fn new(prefix: &str, count: u16) -> Self {
        let bucket = |number| {
            let prefix = format!("{{{prefix}:b{number}}}");
            let slot = map::slot(&prefix);
            Bucket { prefix, slot, life: Mutex::default(), rests: Mutex::default() }
        };
        Self((0..count).map(bucket).collect())
    }

    /// Where a key belongs: the same on all nodes.
    #[expect(clippy::cast_possible_truncation, reason = "less than the number of buckets")]
    pub(super) fn of(&self, key: &str) -> usize {
        (xxh3_64(key.as_bytes()) % self.0.len() as u64) as usize
    }

    pub(super) fn at(&self, number: usize) -> &Bucket {
        &self.0[number]
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Bucket> {
        self.0.iter()
    }

    /// The places of the items, by bucket.
    pub(super) fn deal<'a>(&self, keys: impl IntoIterator<Item = &'a str>) -> Vec<(&Bucket, Vec<usize>)> {
        let mut dealt: Vec<(usize, usize)> =
            keys.into_iter().enumerate().map(|(at, key)| (self.of(key), at)).collect();
        dealt.sort_unstable();
        dealt
            .chunk_by(|(one, _), (other, _)| one == other)
            .map(|chunk| (self.at(chunk[0].0), chunk.iter().map(|(_, at)| *at).collect()))
            .collect()
    }
}

impl Bucket {
    pub(super) fn epoch_key(&self) -> String {
        format!("{}:e", self.prefix)
    }

    /// Its epoch, if it was told over this connection.
    pub(super) fn known_over(&self, link: &Link) -> Option<u64> {
        self.life.lock().filter(|(id, _)| *id == link.id).map(|(_, epoch)| epoch)
    }

    pub(super) fn introduced(&self, link: &Link, epoch: u64) {
        *self.life.lock() = Some((link.id, epoch));
    }

    #[cfg(test)]
    pub(super) fn epoch(&self) -> Option<u64> {
        self.life.lock().map(|(_, epoch)| epoch)
    }

    /// It lives in another epoch by now.
    pub(super) fn outlived(&self, epoch: u64) {
        let mut life = self.life.lock();
        if life.is_some_and(|(_, known)| known == epoch) {
            *life = None;
        }
    }

    /// Asks it, unless it rests; it rests for a while when it was away.
    pub(super) async fn ask<T>(
        &self,
        way: impl Future<Output = Result<T, LayerError>>,
    ) -> Result<T, LayerError> {
        #[cfg(test)]
        let _turn = crate::hold::turn(crate::hold::Point::Slot).await?;
        if self.rests.lock().is_some_and(|until| Instant::now() < until) {
            return Err(LayerError::Away(format!("slot {} was away a moment ago", self.slot)));
        }
        let came = way.await;
        let away = matches!(came, Err(LayerError::Away(_)));
        *self.rests.lock() = away.then(|| Instant::now() + REST);
        came
    }

    /// `namespace` is the epoch of the control key. A value must be of both: tags and patterns invalidated in an epoch that
    /// was lost are not known any more, and what this bucket was told to delete may have been lost with its server.
    pub(super) fn site(&self, namespace: u64, epoch: u64, clock: u64) -> Site<'_> {
        Site::Bucket { prefix: &self.prefix, epoch, stamp: namespace ^ epoch, clock }
    }
}

/// Gives a value of this bucket's epoch to the layers above in the epoch they know; any other stays what it is, and dead.
pub(super) fn translate(bytes: &mut [u8], namespace: u64, epoch: u64) {
    let theirs = bytes.get(EPOCH_AT..STAMPED_TO).and_then(|stamped| stamped.first_chunk());
    if theirs == Some(&(namespace ^ epoch).to_be_bytes())
        && let Some(born) = born(bytes)
    {
        stamp(bytes, namespace, born);
    }
}

#[cfg(test)]
mod tests {
    use super::{Buckets, translate};
    use crate::codec::{born, stamp};

    #[test]
    fn keys_are_dealt_to_all_buckets_and_none_is_lost() {
        let buckets = Buckets::new("mainstay:test", 8);
        let keys: Vec<String> = (0..500).map(|n| format!("k:{n}")).collect();
        let dealt = buckets.deal(keys.iter().map(String::as_str));
        assert_eq!(dealt.len(), 8);
        let mut places: Vec<usize> = dealt.iter().flat_map(|(_, places)| places.clone()).collect();
        places.sort_unstable();
        assert_eq!(places, (0..500).collect::<Vec<_>>());
        for (bucket, places) in &dealt {
            for at in places {
                assert_eq!(buckets.at(buckets.of(&keys[*at])).prefix, bucket.prefix);
            }
        }
        assert_eq!(buckets.at(3).prefix, "{mainstay:test:b3}");
    }

    #[test]
    fn only_what_is_of_both_epochs_is_of_the_namespaces() {
        let value = |epoch| {
            let mut bytes = vec![0; 64];
            stamp(&mut bytes, epoch, 42);
            bytes
        };
        let epoch = |bytes: &[u8]| u64::from_be_bytes(*bytes[12..].first_chunk().unwrap());
        for (stamped, seen) in [(5 ^ 9, 5), (5, 5), (6 ^ 9, 6 ^ 9), (5 ^ 8, 5 ^ 8)] {
            let mut bytes = value(stamped);
            translate(&mut bytes, 5, 9);
            assert_eq!((epoch(&bytes), born(&bytes)), (seen, Some(42)));
        }
        translate(&mut [1, 2, 3], 5, 9);
    }
}
