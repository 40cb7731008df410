use super::word::Epoch;

/// A tick that matters to one episode, packed with the epoch it speaks of: in a half-open one, until when its probes hold
/// their places; in a ramping one, when it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lease(u64);

const TICK_BITS: u32 = 48;
const TICK: u64 = (1 << TICK_BITS) - 1;

impl Lease {
    /// Of the first epoch, which is closed and has none.
    pub(super) const NONE: Self = Self(0);

    pub(super) const fn new(epoch: Epoch, tick: u64) -> Self {
        let tick = if tick > TICK { TICK } else { tick };
        Self((epoch.0 as u64) << TICK_BITS | tick)
    }

    pub(super) const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    pub(super) const fn bits(self) -> u64 {
        self.0
    }

    /// The tick, if it is that of `epoch`.
    pub(super) const fn of(self, epoch: Epoch) -> Option<u64> {
        if (self.0 >> TICK_BITS) as u16 == epoch.0 { Some(self.0 & TICK) } else { None }
    }
}
