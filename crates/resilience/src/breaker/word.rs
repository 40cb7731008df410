/// Whether calls pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Calls pass; failures in a row are counted.
    Closed,
    /// Nothing passes until the open time is over.
    Open,
    /// Probes pass, and nothing else.
    HalfOpen,
}

/// The breaker's whole state in one atomic word, so that every transition is one compare-and-swap.
///
/// From the top: state 2 bits, epoch 20 bits, payload 42 bits. The epoch goes up by one with every transition; a
/// result that comes from another epoch than the current one is a stale result and moves nothing. The payload is, when
/// closed, the failures in a row; when open, the tick (ms since the breaker was made, good for 139 years) at which the
/// first probe may go; when half-open, the probes out and the probes that succeeded, 16 bits each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word(u64);

const PAYLOAD_BITS: u32 = 42;
const PAYLOAD: u64 = (1 << PAYLOAD_BITS) - 1;
const EPOCH_BITS: u32 = 20;
const EPOCH: u64 = (1 << EPOCH_BITS) - 1;

impl Word {
    pub(super) const NEW: Self = Self::pack(State::Closed, 0, 0);

    pub(super) const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    pub(super) const fn bits(self) -> u64 {
        self.0
    }

    const fn pack(state: State, epoch: u64, payload: u64) -> Self {
        Self(
            (state as u64) << (EPOCH_BITS + PAYLOAD_BITS)
                | (epoch & EPOCH) << PAYLOAD_BITS
                | payload & PAYLOAD,
        )
    }

    pub(super) const fn state(self) -> State {
        match self.0 >> (EPOCH_BITS + PAYLOAD_BITS) {
            0 => State::Closed,
            1 => State::Open,
            _ => State::HalfOpen,
        }
    }

    pub(super) const fn epoch(self) -> u64 {
        self.0 >> PAYLOAD_BITS & EPOCH
    }

    pub(super) const fn failures(self) -> u32 {
        (self.0 & PAYLOAD) as u32
    }

    pub(super) const fn open_until(self) -> u64 {
        self.0 & PAYLOAD
    }

    pub(super) const fn probes_out(self) -> u16 {
        self.0 as u16
    }

    pub(super) const fn probe_successes(self) -> u16 {
        (self.0 >> 16) as u16
    }

    pub(super) const fn with_failures(self, failures: u32) -> Self {
        Self::pack(State::Closed, self.epoch(), failures as u64)
    }

    pub(super) const fn with_probes(self, out: u16, successes: u16) -> Self {
        Self::pack(State::HalfOpen, self.epoch(), (successes as u64) << 16 | out as u64)
    }

    pub(super) const fn opened(self, until: u64) -> Self {
        let until = if until > PAYLOAD { PAYLOAD } else { until };
        Self::pack(State::Open, self.epoch() + 1, until)
    }

    /// Half-open with the first probe already out: the step and the permit are one.
    pub(super) const fn half_opened(self) -> Self {
        Self::pack(State::HalfOpen, self.epoch() + 1, 1)
    }

    pub(super) const fn closed(self) -> Self {
        Self::pack(State::Closed, self.epoch() + 1, 0)
    }
}

/// Until when the probes of one half-open epoch hold their places; packed with the epoch it speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lease(u64);

impl Lease {
    /// Of an epoch that no half-open episode has: the first episode is epoch 2.
    pub(super) const NONE: Self = Self(0);

    pub(super) const fn new(epoch: u64, until: u64) -> Self {
        let until = if until > PAYLOAD { PAYLOAD } else { until };
        Self(epoch << PAYLOAD_BITS | until)
    }

    pub(super) const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    pub(super) const fn bits(self) -> u64 {
        self.0
    }

    pub(super) const fn epoch(self) -> u64 {
        self.0 >> PAYLOAD_BITS
    }

    pub(super) const fn until(self) -> u64 {
        self.0 & PAYLOAD
    }
}
