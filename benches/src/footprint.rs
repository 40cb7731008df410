//! What an entry takes in memory.

use crate::report::BenchResult;
use std::{any::Any, collections::BTreeMap};

/// Caches filled with entries, each measured by what it keeps allocated.
pub struct Footprint {
    bench: &'static str,
    value_bytes: u64,
    mainstay: Fill,
    peers: Vec<(&'static str, Fill)>,
}

/// Fills a cache and says how many entries it has.
type Fill = Box<dyn FnOnce() -> (Box<dyn Any>, u64)>;

impl std::fmt::Debug for Footprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Footprint").field("bench", &self.bench).finish_non_exhaustive()
    }
}

impl Footprint {
    pub(crate) fn new(
        bench: &'static str,
        value_bytes: u64,
        mainstay: impl FnOnce() -> (Box<dyn Any>, u64) + 'static,
    ) -> Self {
        Self { bench, value_bytes, mainstay: Box::new(mainstay), peers: Vec::new() }
    }

    pub(crate) fn peer(
        mut self,
        name: &'static str,
        fill: impl FnOnce() -> (Box<dyn Any>, u64) + 'static,
    ) -> Self {
        self.peers.push((name, Box::new(fill)));
        self
    }

    /// Bytes an entry over its value's own; `kept` says how many bytes its argument leaves allocated on this thread.
    ///
    /// # Panics
    /// `kept` does not call its argument.
    pub fn measure(self, area: &'static str, kept: impl Fn(&mut dyn FnMut()) -> i64) -> BenchResult {
        let bytes = |fill: Fill| {
            let (mut fill, mut filled) = (Some(fill), None);
            let bytes = kept(&mut || filled = fill.take().map(|fill| fill()));
            let (_cache, entries) = filled.expect("it was filled");
            bytes as f64 / entries as f64 - self.value_bytes as f64
        };
        let peers: BTreeMap<_, _> = self.peers.into_iter().map(|(name, fill)| (name, bytes(fill))).collect();
        let mainstay = bytes(self.mainstay);
        BenchResult {
            area,
            bench: self.bench,
            mainstay,
            unit: "bytes",
            peers,
            ratio_to_best_peer: None,
            raw: None,
            remark: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_own_bytes_are_taken_off_and_the_cache_lives_while_it_is_measured() {
        let fill = |entries| move || (Box::new(()) as Box<dyn Any>, entries);
        let footprint = Footprint::new("b", 32, fill(10)).peer("peer", fill(5));
        let result = footprint.measure("a", |work| {
            work();
            1_000
        });
        assert_eq!((result.mainstay, result.peers["peer"], result.unit), (68.0, 168.0, "bytes"));
    }
}
