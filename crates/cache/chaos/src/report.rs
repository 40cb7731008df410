use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::fault::Fault;
use crate::judge::Violation;
use crate::plan::Plan;
use crate::servers::Kind;
use crate::tally::Tally;
use crate::worker::World;

/// What a run came to.
#[derive(Debug)]
#[non_exhaustive]
pub struct Report {
    /// Which servers there were.
    pub servers: Kind,
    /// What it was drawn by.
    pub seed: u64,
    /// Whether a server kept its data over a kill.
    pub persistent: bool,
    /// How long it took.
    pub took: Duration,
    /// Reads and writes.
    pub operations: u64,
    /// Reads that gave a value, all of them judged.
    pub reads: u64,
    /// Those of them that nobody can call old: it is not known what became of a write before them.
    pub doubted: u64,
    /// Writes to the source, each with an invalidation or a set.
    pub writes: u64,
    /// Invalidations and sets that were acknowledged by Redis.
    pub applied: u64,
    /// Those that were not.
    pub queued: u64,
    /// Those whose caller went away.
    pub dropped: u64,
    /// Reads with a loader, by where their value came from: memory, Redis, the source.
    pub origins: [u64; 3],
    /// Reads whose value said that it is past its time.
    pub marked_stale: u64,
    /// Faults by kind.
    pub faults: BTreeMap<Fault, u64>,
    /// What befell the servers.
    pub tally: Tally,
    /// How often all caches were compared with the source at rest.
    pub rests: u64,
    /// How old values were that the bound speaks of, counted from the acknowledgement of what superseded them, in microseconds.
    pub staleness: Histogram<u64>,
    /// The bound.
    pub bound: Duration,
    /// Broken promises.
    pub violations: u64,
    /// The first of them.
    pub told: Vec<Violation>,
}

impl Report {
    pub(crate) fn new(
        plan: &Plan,
        persistent: bool,
        took: Duration,
        faults: BTreeMap<Fault, u64>,
        tally: Tally,
        rests: u64,
        world: &World,
    ) -> Self {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counts = &world.counts;
        let (staleness, violations, told) = world.judge.verdict();
        Self {
            servers: plan.servers,
            seed: plan.seed,
            persistent,
            took,
            operations: count(&counts.operations),
            reads: count(&world.judge.reads),
            doubted: count(&world.judge.doubted),
            writes: count(&counts.writes),
            applied: count(&counts.applied),
            queued: count(&counts.queued),
            dropped: count(&counts.dropped),
            origins: [&counts.from_memory, &counts.from_redis, &counts.from_source].map(count),
            marked_stale: count(&counts.marked_stale),
            faults,
            tally,
            rests,
            staleness,
            bound: plan.bound,
            violations,
            told,
        }
    }

    /// How many faults there were.
    #[must_use]
    pub fn fault_count(&self) -> u64 {
        self.faults.values().sum()
    }
}

pub(crate) fn ms(micros: u64) -> f64 {
    Duration::from_micros(micros).as_secs_f64() * 1e3
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kept = if self.persistent { "keeps its data" } else { "comes back empty" };
        let [memory, redis, source] = self.origins;
        writeln!(f, "servers       {} (a killed one {kept})", self.servers)?;
        writeln!(f, "seed          {}", self.seed)?;
        writeln!(f, "took          {:.1} s", self.took.as_secs_f64())?;
        writeln!(f, "operations    {}", self.operations)?;
        writeln!(
            f,
            "reads judged  {} (with a loader: {memory} memory, {redis} Redis, {source} source; {} marked stale, {} in doubt)",
            self.reads, self.marked_stale, self.doubted
        )?;
        writeln!(
            f,
            "writes        {} ({} applied, {} queued, {} with the caller gone)",
            self.writes, self.applied, self.queued, self.dropped
        )?;
        let faults: Vec<String> =
            self.faults.iter().map(|(fault, count)| format!("{fault} {count}")).collect();
        writeln!(f, "faults        {} ({})", self.fault_count(), faults.join(", "))?;
        writeln!(f, "befell        {}", self.tally)?;
        writeln!(f, "at rest       {} times, every key on every node", self.rests)?;
        writeln!(
            f,
            "staleness     p50 {:.1} ms, p99 {:.1} ms, p99.9 {:.1} ms, max {:.1} ms (bound {:?})",
            ms(self.staleness.value_at_quantile(0.5)),
            ms(self.staleness.value_at_quantile(0.99)),
            ms(self.staleness.value_at_quantile(0.999)),
            ms(self.staleness.max()),
            self.bound
        )?;
        writeln!(f, "violations    {}", self.violations)?;
        self.told.iter().try_for_each(|violation| writeln!(f, "  {violation}"))
    }
}
