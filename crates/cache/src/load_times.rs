use std::array;
use std::fmt;
use std::time::Duration;

use crate::counter::Counter;

/// Steps within which a time may have doubled.
const STEPS: usize = 4;
/// From 4 µs to 36 minutes; longer ones are counted with the longest.
const OCTAVES: usize = 29;
const BUCKETS: usize = STEPS * OCTAVES;

/// How long loads take, as a histogram of a kilobyte that is written without a lock.
pub(crate) struct LoadClock {
    buckets: [Counter; BUCKETS],
    total_micros: Counter,
    longest_micros: Counter,
}

impl LoadClock {
    pub(crate) fn record(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.buckets[bucket(micros)].add(1);
        self.total_micros.add(micros);
        self.longest_micros.raise(micros);
    }

    pub(crate) fn snapshot(&self) -> LoadTimes {
        LoadTimes {
            total: Duration::from_micros(self.total_micros.get()),
            longest: Duration::from_micros(self.longest_micros.get()),
            buckets: self.buckets.iter().map(Counter::get).collect(),
        }
    }
}

impl Default for LoadClock {
    fn default() -> Self {
        let buckets = array::from_fn(|_| Counter::default());
        Self { buckets, total_micros: Counter::default(), longest_micros: Counter::default() }
    }
}

impl fmt::Debug for LoadClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.snapshot().fmt(f)
    }
}

/// How long a region's loads took, those that failed included.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoadTimes {
    /// All of them together.
    pub total: Duration,
    /// The longest.
    pub longest: Duration,
    buckets: Vec<u64>,
}

impl LoadTimes {
    /// Loads that ended.
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// The mean; zero if none ended.
    pub fn mean(&self) -> Duration {
        let count = self.count();
        if count == 0 { Duration::ZERO } else { self.total.div_f64(count as f64) }
    }

    /// What this share of the loads, 0 to 1, did not take longer than, to within an eighth; zero if none ended.
    ///
    /// ```
    /// # use mainstay_cache::{Cache, RegionOptions};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cache = Cache::builder("houses").build().await?;
    /// let houses = cache.region::<u64, String>("house", RegionOptions::default())?;
    /// houses.get_or_load(&1, |_| async { Ok::<_, std::io::Error>("by the sea".to_owned()) }).await?;
    /// let times = houses.stats().load_times;
    /// assert_eq!(times.count(), 1);
    /// assert!(times.quantile(0.99) <= times.longest);
    /// # Ok(())
    /// # }
    /// ```
    pub fn quantile(&self, share: f64) -> Duration {
        let rank = (share.clamp(0.0, 1.0) * self.count() as f64).ceil().max(1.0);
        let mut seen = 0;
        for (time, count) in self.counted() {
            seen += count;
            if seen as f64 >= rank {
                return time.min(self.longest);
            }
        }
        self.longest
    }

    /// What ended since an earlier reading: each bucket's middle, and how many loads took about so long.
    #[cfg(feature = "metrics")]
    pub(crate) fn since<'a>(&'a self, earlier: &'a Self) -> impl Iterator<Item = (Duration, u64)> + 'a {
        let before = earlier.buckets.iter().copied().chain(std::iter::repeat(0));
        self.counted()
            .zip(before)
            .map(|((took, now), before)| (took, now - before))
            .filter(|(_, more)| *more > 0)
    }

    /// Each bucket's middle, and how many loads took about so long.
    fn counted(&self) -> impl Iterator<Item = (Duration, u64)> + '_ {
        self.buckets.iter().enumerate().map(|(at, count)| (middle(at), *count))
    }
}

impl fmt::Debug for LoadTimes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoadTimes")
            .field("count", &self.count())
            .field("mean", &self.mean())
            .field("p50", &self.quantile(0.5))
            .field("p99", &self.quantile(0.99))
            .field("longest", &self.longest)
            .finish()
    }
}

/// The octave by the leading bit, the step by the two bits after it.
fn bucket(micros: u64) -> usize {
    let micros = micros.max(4);
    let octave = micros.ilog2() - 2;
    let step = (micros >> octave) - 4;
    let at = u64::from(octave) * STEPS as u64 + step;
    usize::try_from(at).unwrap_or(BUCKETS).min(BUCKETS - 1)
}

fn middle(at: usize) -> Duration {
    let (octave, step) = (at / STEPS, (at % STEPS) as u64);
    let width = 1_u64 << octave;
    Duration::from_nanos((4 + step) * width * 1_000 + width * 500)
}

#[cfg(test)]
mod tests {
    use super::{BUCKETS, LoadClock, bucket, middle};
    use std::time::Duration;

    #[test]
    fn every_time_is_within_an_eighth_of_its_bucket() {
        for micros in (4..5_000).chain([1 << 20, (1 << 30) - 1, 2_000_000_000]) {
            let error = middle(bucket(micros)).as_secs_f64() * 1e6 / micros as f64 - 1.0;
            assert!(error.abs() <= 0.13, "{micros} µs is off by {error}");
        }
        assert_eq!((bucket(0), bucket(u64::MAX)), (0, BUCKETS - 1));
    }

    #[test]
    fn sum_and_longest_are_exact_and_quantiles_near() {
        let clock = LoadClock::default();
        for ms in 1..=100 {
            clock.record(Duration::from_millis(ms));
        }
        let times = clock.snapshot();
        assert_eq!((times.count(), times.total, times.longest), (100, ms(5_050), ms(100)));
        assert_eq!(times.mean(), Duration::from_micros(50_500));
        let median = times.quantile(0.5).as_secs_f64() / 0.05;
        assert!((0.87..1.13).contains(&median), "{median}");
        assert_eq!(times.quantile(1.0), ms(100));
        assert_eq!(LoadClock::default().snapshot().quantile(0.5), Duration::ZERO);
    }

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }
}
