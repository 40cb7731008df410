use crate::node::NODES;

/// What was acknowledged about one key: from when on which version is the least that may be served.
///
/// Times are microseconds since the run began.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// Rising in both: acknowledged as applied then, binding for all nodes a bound later.
    applied: Vec<(u64, u64)>,
    /// What an invalidation that returned made the least on each node, however it was acknowledged.
    here: [u64; NODES],
    doubts: Vec<Doubt>,
}

/// A `set` without a known outcome: until its node has told Redis what it owes, the value may come back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Doubt {
    pub(crate) node: usize,
    pub(crate) version: u64,
    pub(crate) since: u64,
    pub(crate) settled: Option<u64>,
}

impl Ledger {
    pub(crate) fn returned(&mut self, node: usize, version: u64) {
        self.here[node] = version.max(self.here[node]);
    }

    pub(crate) fn applied(&mut self, at: u64, version: u64) {
        if self.applied.last().is_none_or(|(_, newest)| *newest < version) {
            self.applied.push((at, version));
        }
    }

    pub(crate) fn doubt(&mut self, doubt: Doubt) {
        self.doubts.push(doubt);
    }

    /// The node owed nothing at a time after `asked`.
    pub(crate) fn settled(&mut self, node: usize, asked: u64, now: u64) {
        for doubt in &mut self.doubts {
            if doubt.node == node && doubt.since < asked {
                doubt.settled.get_or_insert(now);
            }
        }
    }

    pub(crate) fn is_doubted(&self, version: u64, read_at: u64, bound: u64) -> bool {
        self.doubts
            .iter()
            .any(|own| own.version == version && own.settled.is_none_or(|then| read_at <= then + bound))
    }

    pub(crate) fn least_on(&self, node: usize) -> u64 {
        self.here[node]
    }

    /// When something newer than `version` was first acknowledged.
    pub(crate) fn superseded_at(&self, version: u64) -> Option<u64> {
        let next = self.applied.partition_point(|(_, own)| *own <= version);
        self.applied.get(next).map(|(at, _)| *at)
    }

    /// The last acknowledgements, for whoever must find out what went wrong.
    pub(crate) fn tail(&self) -> &[(u64, u64)] {
        &self.applied[self.applied.len().saturating_sub(6)..]
    }
}

#[cfg(test)]
mod tests {
    use super::Ledger;

    #[test]
    fn a_version_is_superseded_when_the_first_newer_one_is_acknowledged() {
        let mut ledger = Ledger::default();
        ledger.applied(10, 2);
        ledger.applied(20, 5);
        // Acknowledged late, and known to be outdated already.
        ledger.applied(30, 4);
        assert_eq!(ledger.superseded_at(1), Some(10));
        assert_eq!(ledger.superseded_at(2), Some(20));
        assert_eq!(ledger.superseded_at(4), Some(20));
        assert_eq!(ledger.superseded_at(5), None);
    }
}
