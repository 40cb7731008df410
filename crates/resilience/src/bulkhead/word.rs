/// How many run, how many may, and whether anybody waits, in one word, so that each step is one atomic operation.
///
/// From the top: limit 31 bits, waiting 1 bit, running 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word(u64);

const WAITING: u64 = 1 << 32;
const LIMIT_SHIFT: u32 = 33;
const RUNNING: u64 = u32::MAX as u64;

/// The highest limit there is room for; in effect none.
pub(crate) const MAX_LIMIT: usize = (1 << 31) - 1;

impl Word {
    /// To add for one who enters and to subtract for one who leaves.
    pub(super) const ONE: u64 = 1;
    /// The flag, to set or to clear.
    pub(super) const WAITING: u64 = WAITING;

    pub(super) const fn new(limit: usize) -> Self {
        Self((if limit > MAX_LIMIT { MAX_LIMIT } else { limit } as u64) << LIMIT_SHIFT)
    }

    pub(super) const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    pub(super) const fn bits(self) -> u64 {
        self.0
    }

    pub(super) const fn limit(self) -> usize {
        (self.0 >> LIMIT_SHIFT) as usize
    }

    pub(super) const fn running(self) -> usize {
        (self.0 & RUNNING) as usize
    }

    /// Somebody waits: the fast path is closed to newcomers, and who leaves has to look at the line.
    pub(super) const fn is_waiting(self) -> bool {
        self.0 & WAITING != 0
    }

    pub(super) const fn with_waiting(self) -> Self {
        Self(self.0 | WAITING)
    }

    pub(super) const fn with_limit(self, limit: usize) -> Self {
        Self(Self::new(limit).0 | self.0 & (WAITING | RUNNING))
    }

    pub(super) const fn entered(self) -> Self {
        Self(self.0 + Self::ONE)
    }
}
