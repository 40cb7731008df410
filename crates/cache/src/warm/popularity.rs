use std::cell::Cell;
use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::HotKey;
use crate::error::ConfigError;
use crate::key::{CacheKey, with_rendered};

/// How closely a [`Popularity`] looks.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct PopularityConfig {
    /// Keys it can tell apart for sure: any key that is more than one in so many reads is among them. It holds at most twice as
    /// many. Default 1,000.
    pub capacity: usize,
    /// One read in so many is counted. Default 64.
    pub sample_one_in: u32,
}

impl Default for PopularityConfig {
    fn default() -> Self {
        Self { capacity: 1_000, sample_one_in: 64 }
    }
}

impl PopularityConfig {
    /// Sets how many keys it can tell apart. Default 1,000.
    #[must_use]
    pub fn capacity(mut self, keys: usize) -> Self {
        self.capacity = keys;
        self
    }

    /// Sets that one read in so many is counted. Default 64; 1 counts every read.
    #[must_use]
    pub fn sample_one_in(mut self, reads: u32) -> Self {
        self.sample_one_in = reads;
        self
    }

    /// Checks the ranges.
    ///
    /// # Errors
    /// Names the first field that is out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        if !(1..=1_000_000).contains(&self.capacity) {
            return Err(ConfigError::new("capacity", self.capacity, "1 to 1,000,000"));
        }
        if !(1..=1_000_000).contains(&self.sample_one_in) {
            return Err(ConfigError::new("sample_one_in", self.sample_one_in, "1 to 1,000,000"));
        }
        Ok(())
    }
}

/// Counts a sample of the reads and knows the keys that are read most, in bounded memory.
///
/// Misra and Gries' heavy hitters, pruned in bulk as in Apache DataSketches' frequent items: a full table loses its median count
/// from every count, and with it at least half of the keys. A read that is not in the sample lowers a number of its thread; one that
/// is takes a lock, or is let go if somebody else has it.
#[derive(Debug)]
pub struct Popularity {
    config: PopularityConfig,
    counts: Mutex<Counts>,
}

/// What a thread pays for one sample on average, whoever asks: a read of which one in `n` is counted pays an `n`th.
const SAMPLE: i64 = 1 << 30;

thread_local! {
    /// What is still to be paid before the next sample; drawn, so that no rhythm of the reads meets that of the samples.
    static LEFT: Cell<Option<i64>> = const { Cell::new(None) };
}

#[inline]
fn is_sampled(pays: i64) -> bool {
    let left = LEFT.get().map_or(-1, |left| left - pays);
    if left >= 0 {
        LEFT.set(Some(left));
        return false;
    }
    draw(pays)
}

#[cold]
fn draw(pays: i64) -> bool {
    let left = LEFT.get().unwrap_or_else(rest_of_a_gap) - pays;
    // A gap is never less than one read may pay: two samples never fall on one read, and none is passed on to the next.
    LEFT.set(Some(if left < 0 { left + SAMPLE / 2 + fastrand::i64(0..SAMPLE) } else { left }));
    left < 0
}

/// A thread comes upon the samples as if it had read for ever: what is left of the gap it falls into, so that its first read is as
/// likely a sample as any other.
fn rest_of_a_gap() -> i64 {
    if fastrand::bool() {
        fastrand::i64(0..SAMPLE / 2)
    } else {
        SAMPLE / 2 + fastrand::i64(0..SAMPLE).min(fastrand::i64(0..SAMPLE))
    }
}

#[derive(Debug, Default)]
struct Counts {
    by_key: HashMap<Box<str>, Counted, foldhash::fast::RandomState>,
    regions: Vec<Arc<str>>,
    since_halving: usize,
}

#[derive(Debug)]
struct Counted {
    region: Arc<str>,
    count: u64,
}

/// All counts are halved after so many samples a key of capacity: what was hot yesterday gives way to what is hot now.
const SAMPLES_A_KEY: usize = 32;

impl Popularity {
    /// Nothing counted yet.
    ///
    /// # Errors
    /// A setting is out of range.
    pub fn new(config: PopularityConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        Ok(Self { config, counts: Mutex::default() })
    }

    /// A key was read from a region.
    pub fn touch<K: CacheKey + ?Sized>(&self, region: &str, key: &K) {
        if self.config.sample_one_in == 1 || is_sampled(SAMPLE / i64::from(self.config.sample_one_in)) {
            self.count(region, key);
        }
    }

    #[cold]
    fn count<K: CacheKey + ?Sized>(&self, region: &str, key: &K) {
        let Some(mut counts) = self.counts.try_lock() else { return };
        with_rendered(&format!("{region}:"), key, |key| counts.add(region, key));
        if counts.by_key.len() > 2 * self.config.capacity {
            counts.prune(self.config.capacity);
        }
        if counts.since_halving >= SAMPLES_A_KEY * self.config.capacity {
            counts.halve();
        }
    }

    /// The keys read most, most first, each with about how many reads of it there were lately: the longer ago, the less a read
    /// counts.
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    pub fn hottest(&self, most: usize) -> Vec<HotKey> {
        let scale = f64::from(self.config.sample_one_in);
        let counts = self.counts.lock();
        let hot = counts.by_key.iter();
        let mut hot: Vec<HotKey> = hot
            .map(|(key, counted)| HotKey::new(&*counted.region, &**key, counted.count as f64 * scale))
            .collect();
        drop(counts);
        hot.sort_by(|a, b| b.weight.total_cmp(&a.weight).then_with(|| a.key.cmp(&b.key)));
        hot.truncate(most);
        hot
    }
}

impl Counts {
    fn add(&mut self, region: &str, key: &str) {
        self.since_halving += 1;
        if let Some(counted) = self.by_key.get_mut(key) {
            counted.count += 1;
            return;
        }
        let known = self.regions.iter().find(|known| &***known == region).cloned();
        let region = known.unwrap_or_else(|| {
            let new: Arc<str> = region.into();
            self.regions.push(new.clone());
            new
        });
        self.by_key.insert(key.into(), Counted { region, count: 1 });
    }

    fn prune(&mut self, keep: usize) {
        let mut counts: Vec<u64> = self.by_key.values().map(|counted| counted.count).collect();
        let at = counts.len() - 1 - keep.min(counts.len() - 1);
        let (_, median, _) = counts.select_nth_unstable(at);
        let median = *median;
        self.lower(|count| count.saturating_sub(median));
    }

    fn halve(&mut self) {
        self.since_halving = 0;
        self.lower(|count| count / 2);
    }

    fn lower(&mut self, to: impl Fn(u64) -> u64) {
        self.by_key.retain(|_, counted| {
            counted.count = to(counted.count);
            counted.count > 0
        });
    }
}
