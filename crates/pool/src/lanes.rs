use std::sync::Arc;

use crate::config::PoolConfig;

/// A lane's place among its pool's lanes; it stays the same for as long as the pool lives.
pub(crate) type LaneId = usize;

/// The lane of those who name none: nothing guaranteed and no cap of its own.
pub(crate) const UNNAMED: LaneId = 0;

#[derive(Clone, Debug)]
pub(crate) struct Share {
    pub(crate) name: Arc<str>,
    pub(crate) guaranteed: usize,
    pub(crate) cap: usize,
    pub(crate) in_use: usize,
}

impl Share {
    fn unlimited(name: &str) -> Self {
        Self { name: name.into(), guaranteed: 0, cap: usize::MAX, in_use: 0 }
    }

    /// What is guaranteed and not in use.
    fn reserved(&self) -> usize {
        self.guaranteed.saturating_sub(self.in_use)
    }
}

/// How the lanes of a pool share its maximum.
///
/// A lane may take one more connection while it is below its cap, and either below its guarantee or with enough left to keep every
/// other lane's. Guarded by the pool's lock.
#[derive(Debug)]
pub(crate) struct Lanes {
    shares: Vec<Share>,
}

impl Lanes {
    pub(crate) fn new(config: &PoolConfig) -> Self {
        let mut lanes = Self { shares: vec![Share::unlimited("")] };
        lanes.configure(config);
        lanes
    }

    /// Takes new limits over; a lane that is gone from the configuration loses its own and lets its callers finish.
    pub(crate) fn configure(&mut self, config: &PoolConfig) {
        for share in &mut self.shares {
            (share.guaranteed, share.cap) = (0, usize::MAX);
        }
        for (name, lane) in &config.lanes {
            let id = self.shares.iter().skip(1).position(|share| *share.name == **name).map(|at| at + 1);
            let id = id.unwrap_or_else(|| {
                self.shares.push(Share::unlimited(name));
                self.shares.len() - 1
            });
            let share = &mut self.shares[id];
            (share.guaranteed, share.cap) = (lane.guaranteed, lane.cap.unwrap_or(usize::MAX));
        }
    }

    pub(crate) fn find(&self, name: &str) -> Option<LaneId> {
        self.shares.iter().skip(1).position(|share| &*share.name == name).map(|at| at + 1)
    }

    /// All but the unnamed one.
    pub(crate) fn named(&self) -> impl Iterator<Item = (LaneId, &Share)> {
        self.shares.iter().enumerate().skip(1)
    }

    /// Whether there are any but the unnamed one.
    #[inline]
    pub(crate) fn are_shared(&self) -> bool {
        self.shares.len() > 1
    }

    #[inline]
    pub(crate) fn enter(&mut self, lane: LaneId) {
        self.shares[lane].in_use += 1;
    }

    #[inline]
    pub(crate) fn leave(&mut self, lane: LaneId) {
        self.shares[lane].in_use -= 1;
    }

    /// Whether `lane` may take one more connection.
    #[inline]
    pub(crate) fn admits(&self, lane: LaneId, max: usize) -> bool {
        !self.are_shared() || self.room(lane, max) > 0
    }

    /// The place of `lane` among those that wait, if it may take one more connection: who holds the fewest comes first, so that a flood in
    /// one lane delays no other.
    #[inline]
    pub(crate) fn rank(&self, lane: LaneId, max: usize) -> Option<usize> {
        self.admits(lane, max).then(|| self.shares[lane].in_use)
    }

    /// How many more connections `lane` may take.
    fn room(&self, lane: LaneId, max: usize) -> usize {
        let share = &self.shares[lane];
        let free = max.saturating_sub(self.in_use() + self.reserved());
        (share.reserved() + free).min(share.cap.saturating_sub(share.in_use))
    }

    /// For how many of those who wait, `waiting(lane)` in each lane, there is room.
    pub(crate) fn servable(&self, max: usize, waiting: impl Fn(LaneId) -> usize) -> usize {
        let free = max.saturating_sub(self.in_use() + self.reserved());
        let (mut within, mut beyond) = (0, 0);
        for (lane, share) in self.shares.iter().enumerate() {
            let admitted = waiting(lane).min(share.cap.saturating_sub(share.in_use));
            let guaranteed = admitted.min(share.reserved());
            within += guaranteed;
            beyond += admitted - guaranteed;
        }
        within + beyond.min(free)
    }

    fn in_use(&self) -> usize {
        self.shares.iter().map(|share| share.in_use).sum()
    }

    fn reserved(&self) -> usize {
        self.shares.iter().map(Share::reserved).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::LaneConfig;

    fn lanes() -> Lanes {
        let config = PoolConfig::testing()
            .max(4)
            .lane("orders", LaneConfig::default().guaranteed(2))
            .lane("reports", LaneConfig::default().cap(3));
        Lanes::new(&config)
    }

    #[test]
    fn what_is_guaranteed_is_kept_free() {
        let (mut lanes, max) = (lanes(), 4);
        let (orders, reports) = (lanes.find("orders").unwrap(), lanes.find("reports").unwrap());
        lanes.enter(reports);
        lanes.enter(reports);
        assert!(!lanes.admits(reports, max) && !lanes.admits(UNNAMED, max), "two are reserved");
        assert!(lanes.admits(orders, max));
        lanes.enter(orders);
        lanes.enter(orders);
        assert!(!lanes.admits(orders, max), "all four are out");
        lanes.leave(reports);
        assert!(lanes.admits(reports, max) && lanes.admits(orders, max));
    }

    #[test]
    fn only_those_with_room_are_servable() {
        let lanes = lanes();
        let (orders, reports) = (lanes.find("orders").unwrap(), lanes.find("reports").unwrap());
        let waiting = |in_orders, in_reports| {
            move |lane| match lane {
                _ if lane == orders => in_orders,
                _ if lane == reports => in_reports,
                _ => 0,
            }
        };
        assert_eq!(lanes.servable(4, waiting(0, 9)), 2, "the rest is reserved");
        assert_eq!(lanes.servable(9, waiting(0, 9)), 3, "the cap");
        assert_eq!(lanes.servable(4, waiting(9, 0)), 4);
        assert_eq!(lanes.servable(4, waiting(1, 9)), 3);
    }

    #[test]
    fn lanes_keep_their_places_when_limits_change() {
        let mut lanes = lanes();
        let reports = lanes.find("reports").unwrap();
        lanes.enter(reports);
        lanes.configure(&PoolConfig::testing().max(4).lane("batch", LaneConfig::default().cap(1)));
        assert_eq!(lanes.find("reports"), Some(reports));
        assert!(lanes.admits(reports, 4), "no cap any more");
        assert_eq!(lanes.named().count(), 3);
    }
}
