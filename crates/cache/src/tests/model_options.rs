//! Long random histories of one node under every mixture of options, against a reference model, on the paused clock.
//!
//! The model is a map with stages: what each read must answer, how fresh it must say it is, and whether the source may be
//! asked. A million operations take longer than a suite should; `MAINSTAY_CACHE_MODEL_OPERATIONS` sets how many are tried.

use std::collections::HashMap;
use std::time::Duration;

use fastrand::Rng;
use tokio::time::Instant;

use super::stand_in::Store;
use super::stand_in::node;
use super::world::Source;
use crate::{
    FailSafe, Freshness, LayerOptions, LoadContext, Loaded, MemoryConfig, MemoryKind, Region, RegionOptions,
    Why,
};

const KEYS: usize = 6;
const OPERATIONS_A_HISTORY: u64 = 2_000;

/// What the model knows of a key.
#[derive(Debug, Clone)]
struct Kept {
    value: Option<u64>,
    created: Instant,
    /// The last read, where reads prolong.
    read: Instant,
    tagged: bool,
    /// No load is tried before.
    again: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
struct Times {
    soft: Option<Duration>,
    hard: Duration,
    negative: Option<Duration>,
    fail_safe: Option<(Duration, Duration)>,
    sliding: Option<Duration>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Fresh,
    Stale,
    Reserve,
    Dead,
}

impl Times {
    fn draw(rng: &mut Rng) -> Self {
        Self {
            soft: rng.bool().then(|| ms(8_000)),
            hard: ms(20_000),
            negative: rng.bool().then(|| ms(5_000)),
            fail_safe: rng.bool().then(|| (ms(60_000), ms(3_000))),
            sliding: (rng.u8(..3) == 0).then(|| ms(7_000)),
        }
    }

    fn options(&self) -> RegionOptions {
        RegionOptions {
            soft_ttl: self.soft,
            sliding: self.sliding,
            negative_ttl: self.negative,
            fail_safe: self
                .fail_safe
                .map(|(max_age, throttle)| FailSafe::default().max_age(max_age).throttle(throttle)),
            ..RegionOptions::default().ttl(self.hard)
        }
    }

    fn stage(&self, kept: &Kept, now: Instant) -> Stage {
        let age = now - kept.created;
        if kept.value.is_none() {
            return if self.negative.is_some_and(|negative| age < negative) {
                Stage::Fresh
            } else {
                Stage::Dead
            };
        }
        if self.sliding.is_some_and(|idle| now - kept.read >= idle) {
            return Stage::Dead;
        }
        if age < self.soft.unwrap_or(self.hard) {
            Stage::Fresh
        } else if age < self.hard {
            Stage::Stale
        } else if self.fail_safe.is_some_and(|(max_age, _)| age < max_age) {
            Stage::Reserve
        } else {
            Stage::Dead
        }
    }

    /// A failed load is not tried again for so long.
    fn throttle(&self) -> Duration {
        self.fail_safe.map_or(ms(1_000), |(_, throttle)| throttle)
    }
}

/// What runs behind the caller ends before the next operation.
async fn settle() {
    for _ in 0..40 {
        tokio::task::yield_now().await;
    }
}

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

struct History {
    rng: Rng,
    times: Times,
    values: Region<usize, u64>,
    source: Source,
    model: HashMap<usize, Kept>,
    what: String,
}

impl History {
    fn stage(&self, key: usize) -> Stage {
        let now = Instant::now();
        self.model.get(&key).map_or(Stage::Dead, |kept| self.times.stage(kept, now))
    }

    fn touch(&mut self, key: usize) {
        if let Some(kept) = self.model.get_mut(&key) {
            kept.read = Instant::now();
        }
    }

    /// What a load that begins now does to the model. Answers what its caller is to get: nothing for the loader's error.
    fn load(&mut self, key: usize, answer: Option<u64>, fails: bool) -> Option<(Option<u64>, Freshness)> {
        let now = Instant::now();
        if fails {
            let stage = self.stage(key);
            let throttle = self.times.throttle();
            let kept = self.model.get_mut(&key)?;
            if !matches!(stage, Stage::Stale | Stage::Reserve) {
                return None;
            }
            (kept.again, kept.read) = (Some(now + throttle), now);
            return Some((kept.value, Freshness::Stale { why: Why::LoaderFailed }));
        }
        let kept = Kept { value: answer, created: now, read: now, tagged: true, again: None };
        self.model.insert(key, kept);
        Some((answer, Freshness::Fresh))
    }

    async fn read_or_load(&mut self, step: u64) {
        let (key, batch) = (self.rng.usize(..KEYS), self.rng.u8(..4) == 0);
        let (fails, absent) = (self.rng.u8(..4) == 0, self.rng.u8(..6) == 0);
        let (stage, now) = (self.stage(key), Instant::now());
        let held_off = self.model.get(&key).and_then(|kept| kept.again).is_some_and(|again| now < again);
        let before = self.source.loads();
        // The source answers by count: what a load that succeeds would answer.
        let fresh = (!absent).then_some(before + 1);
        let value = self.model.get(&key).and_then(|kept| kept.value);
        let expected = match stage {
            Stage::Fresh => {
                self.touch(key);
                Some((value, Freshness::Fresh))
            }
            Stage::Stale | Stage::Reserve if held_off => {
                self.touch(key);
                Some((value, Freshness::Stale { why: Why::LoaderFailed }))
            }
            Stage::Stale if !batch => {
                self.touch(key);
                self.load(key, fresh, fails);
                Some((value, Freshness::Stale { why: Why::Refreshing }))
            }
            // A batch loads in place what is past its soft time.
            Stage::Stale => self.load(key, fresh, fails),
            Stage::Reserve | Stage::Dead => self.load(key, fresh, fails),
        };
        let loads = match stage {
            Stage::Fresh => 0,
            Stage::Stale | Stage::Reserve if held_off => 0,
            _ => 1,
        };
        self.source.fail(fails);
        let source = self.source.clone();
        let load = move |cx: LoadContext| async move {
            cx.tag(format!("mod{}", key % 2));
            source.read().await.map(|value| if absent { Loaded::Absent } else { Loaded::Value(value) })
        };
        let answer = if batch {
            let many = self.values.get_many_or_load([&key], |mut missing| {
                let load = load.clone()(missing.remove(0).cx);
                async move { load.await.map(|loaded| vec![loaded]) }
            });
            many.await.map(|mut values| (values.remove(0).map(|value| *value), None))
        } else {
            self.values.get_or_load_hit(&key, load).await.map(|hit| (Some(*hit.value), Some(hit.freshness)))
        };
        let answer = match answer {
            Ok(answer) => Some(answer),
            Err(error) if error.is_absent() => Some((None, Some(Freshness::Fresh))),
            Err(error) => {
                assert!(error.is_loader(), "{} step {step}: {error}", self.what);
                None
            }
        };
        settle().await;
        let what = format!(
            "{} step {step} key {key} {stage:?} held off {held_off} fails {fails} batch {batch}",
            self.what
        );
        // A batch does not say how fresh its values are.
        let expected = expected.map(|(value, freshness)| (value, (!batch).then_some(freshness)));
        assert_eq!(answer, expected, "{what}");
        assert_eq!(self.source.loads() - before, loads, "{what}: loads");
        if loads == 1 && (fails || (absent && self.times.negative.is_none())) {
            // The keeper does not hear of a load that ended with nothing to keep: its lease must end before the next one
            // begins at once.
            tokio::time::advance(ms(1_007)).await;
        }
    }

    async fn read(&mut self, step: u64) {
        let key = self.rng.usize(..KEYS);
        let stage = self.stage(key);
        let expected = match stage {
            Stage::Fresh | Stage::Stale => self.model[&key].value,
            Stage::Reserve | Stage::Dead => None,
        };
        if matches!(stage, Stage::Fresh | Stage::Stale) {
            self.touch(key);
        }
        let answer = if self.rng.bool() {
            self.values.get(&key).await
        } else {
            self.values.get_many([&key]).await.remove(0)
        };
        settle().await;
        let what = format!("{} step {step} key {key} {stage:?}", self.what);
        assert_eq!(answer.as_deref().copied(), expected, "{what}");
        if let Some(hit) = self.values.peek(&key) {
            assert_ne!(stage, Stage::Dead, "{what}");
            assert_eq!(hit.freshness.is_stale(), stage != Stage::Fresh, "{what}");
        }
    }

    /// What lies below is as it was; what was noted of loads that failed is gone.
    fn restart(&mut self, cache: &crate::Cache) {
        cache.inner.l1.clear();
        if cache.inner.is_layered() {
            self.model.values_mut().for_each(|kept| kept.again = None);
        } else {
            self.model.clear();
        }
    }

    async fn write(&mut self, step: u64) {
        let (key, now) = (self.rng.usize(..KEYS), Instant::now());
        let _ = self.values.set(&key, step).await.unwrap();
        let kept = Kept { value: Some(step), created: now, read: now, tagged: false, again: None };
        self.model.insert(key, kept);
    }

    async fn invalidate(&mut self, cache: &crate::Cache) {
        let key = self.rng.usize(..KEYS);
        match self.rng.u8(..5) {
            0 | 1 => {
                let _ = self.values.invalidate(&key).await;
                self.model.remove(&key);
            }
            2 => {
                let _ = cache.invalidate_tag(&format!("mod{}", key % 2)).await;
                self.model.retain(|own, kept| !(kept.tagged && own % 2 == key % 2));
            }
            3 => {
                let _ = self.values.invalidate_pattern(&key.to_string()).await;
                self.model.remove(&key);
            }
            _ => {
                let _ = self.values.clear().await;
                self.model.clear();
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_history_under_every_mixture_of_options_equals_the_model() {
    let operations = std::env::var("MAINSTAY_CACHE_MODEL_OPERATIONS")
        .map_or(20_000, |text| text.replace('_', "").parse().expect("a number of operations"));
    let mut done = 0;
    for seed in 0_u64.. {
        if done >= operations {
            break;
        }
        let mut rng = Rng::with_seed(seed);
        let times = Times::draw(&mut rng);
        let kind = if rng.bool() { MemoryKind::QuickCache } else { MemoryKind::Moka };
        let (l2, l3) = (Store::new(), Store::new());
        let (l2, l3) = (rng.bool().then_some(&l2), rng.bool().then_some(&l3));
        let cache = node(l2, l3, &MemoryConfig::default().kind(kind).stamps(16));
        let options = times.options().layers(LayerOptions::default());
        let values = cache.region("k", options).unwrap();
        let what = format!("seed {seed}, l2 {}, l3 {}, {times:?}", l2.is_some(), l3.is_some());
        let mut history =
            History { rng, times, values, source: Source::default(), model: HashMap::new(), what };
        for step in 0..OPERATIONS_A_HISTORY {
            match history.rng.u8(..20) {
                0..=8 => history.read_or_load(step).await,
                9..=12 => history.read(step).await,
                13 => history.write(step).await,
                14 => history.invalidate(&cache).await,
                // How long what slides has left below is not exact.
                15 if times.sliding.is_none() && history.rng.u8(..4) == 0 => history.restart(&cache),
                // Whole steps of half a second past odd milliseconds: no deadline is met to the millisecond.
                _ => tokio::time::advance(ms(history.rng.u64(1..12) * 500 + 7)).await,
            }
            cache.flush().await;
        }
        done += OPERATIONS_A_HISTORY;
    }
    println!("{done} operations");
}
