use super::finding::Incoherence;

/// What an [`Auditor`](super::Auditor) did since it was started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditReport {
    /// Rounds ended.
    pub rounds: u64,
    /// Rounds in which Redis did not answer, or is owed an invalidation and hence not read.
    pub unanswered: u64,
    /// Entries looked at.
    pub checked: u64,
    /// Entries whose sides differed at the first look; under traffic that is ordinary.
    pub suspected: u64,
    /// Entries of which memory served an older value than Redis held, for longer than promised.
    pub memory_older_than_redis: u64,
    /// Entries of which Redis held an older version than the source, for longer than promised.
    pub redis_older_than_source: u64,
    /// Entries of which memory served an older version than the source, for longer than promised.
    pub memory_older_than_source: u64,
}

impl AuditReport {
    /// All that was found. Anything but 0 is worth an alarm.
    #[must_use]
    pub fn incoherent(&self) -> u64 {
        self.memory_older_than_redis + self.redis_older_than_source + self.memory_older_than_source
    }

    /// What was found of one kind.
    #[must_use]
    pub fn of(&self, kind: Incoherence) -> u64 {
        match kind {
            Incoherence::MemoryOlderThanRedis => self.memory_older_than_redis,
            Incoherence::RedisOlderThanSource => self.redis_older_than_source,
            Incoherence::MemoryOlderThanSource => self.memory_older_than_source,
        }
    }

    pub(super) fn count(&mut self, kind: Incoherence) {
        let counter = match kind {
            Incoherence::MemoryOlderThanRedis => &mut self.memory_older_than_redis,
            Incoherence::RedisOlderThanSource => &mut self.redis_older_than_source,
            Incoherence::MemoryOlderThanSource => &mut self.memory_older_than_source,
        };
        *counter += 1;
    }
}
