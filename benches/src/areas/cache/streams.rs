//! Seeded streams of keys, each hard in another way for a cache that keeps 1,000.

use fastrand::Rng;

pub(super) const CAPACITY: usize = 1_000;
const LENGTH: usize = 400_000;
const KEYS: usize = 50_000;
const SEED: u64 = 0x6d61_696e_7374_6179;

/// Popularity falls with the rank's power: what most caches meet.
pub(super) fn zipf(skew: f64) -> Vec<u64> {
    let (mut rng, zipf) = (Rng::with_seed(SEED), Zipf::new(KEYS, skew));
    (0..LENGTH).map(|_| zipf.draw(&mut rng)).collect()
}

/// Zipf 0.9, and every 10,000 requests a scan of 2,500 keys that nobody asks for again.
pub(super) fn scans() -> Vec<u64> {
    let (mut rng, zipf) = (Rng::with_seed(SEED), Zipf::new(KEYS, 0.9));
    let mut next = KEYS as u64;
    let mut stream = Vec::with_capacity(LENGTH);
    while stream.len() < LENGTH {
        stream.extend((0..10_000).map(|_| zipf.draw(&mut rng)));
        stream.extend(next..next + 2_500);
        next += 2_500;
    }
    stream
}

/// The same 1,250 keys over and over: all a recency queue can do wrong, it does.
pub(super) fn cycle() -> Vec<u64> {
    (0..1_250).cycle().take(LENGTH).collect()
}

/// Nine in ten requests go to 700 keys, which are others every 25,000 requests.
pub(super) fn shifting() -> Vec<u64> {
    let mut rng = Rng::with_seed(SEED);
    let draw = |at: usize| {
        let era = (at / 25_000) as u64;
        if rng.u8(..10) == 0 { 1_000_000 + rng.u64(..KEYS as u64) } else { era * 700 + rng.u64(..700) }
    };
    (0..LENGTH).map(draw).collect()
}

/// Draws ranks by their share of the whole.
struct Zipf(Vec<f64>);

impl Zipf {
    fn new(keys: usize, skew: f64) -> Self {
        let mut sum = 0.0;
        let up_to = (1..=keys).map(|rank| {
            sum += (rank as f64).powf(-skew);
            sum
        });
        Self(up_to.collect())
    }

    fn draw(&self, rng: &mut Rng) -> u64 {
        let at = rng.f64() * self.0.last().copied().expect("there are keys");
        self.0.partition_point(|up_to| *up_to <= at) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_zipf_is_drawn_by_its_share() {
        let stream = zipf(1.0);
        let share = stream.iter().filter(|key| **key == 0).count() as f64 / stream.len() as f64;
        let expected = 1.0 / (1..=KEYS).map(|rank| 1.0 / rank as f64).sum::<f64>();
        assert!((share - expected).abs() < 0.002, "{share} of {expected}");
        assert!(stream.iter().all(|key| *key < KEYS as u64));
    }

    #[test]
    fn a_stream_is_the_same_each_time() {
        assert_eq!(scans(), scans());
        assert_eq!(shifting(), shifting());
    }
}
