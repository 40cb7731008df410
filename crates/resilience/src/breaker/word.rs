use super::State;

/// The breaker's whole state in one atomic word, so that every transition is one compare-and-swap.
///
/// From the top: state 3 bits, epoch 16 bits, payload 45 bits. The epoch goes up by one with every transition; a result
/// that comes from another epoch than the current one is stale and moves nothing. The payload by state:
///
/// | state | payload, from the lowest bit |
/// |---|---|
/// | closed | failures in a row, 32 bits |
/// | open | tick at which the first probe may go, 38 bits (8 years of ms); times it opened in a row before, 7 bits |
/// | half-open | probes out, 16 bits; probes that succeeded, 16 bits; times it opened in a row before, 7 bits |
/// | ramping | failures in a row, 32 bits; times it opened in a row before, 7 bits from bit 38 |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word(u64);

const PAYLOAD_BITS: u32 = 45;
const EPOCH_BITS: u32 = 16;
const TICK_BITS: u32 = 38;
const TICK: u64 = (1 << TICK_BITS) - 1;
const STREAK_MAX: u32 = 127;

/// The number of a state episode. It wraps: after 65,536 transitions a result can no longer tell that it is stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Epoch(pub(super) u16);

impl Epoch {
    pub(super) const fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }

    /// Whether this one came later, of two that are less than half a round apart.
    pub(super) const fn is_after(self, other: Self) -> bool {
        (self.0.wrapping_sub(other.0) as i16) > 0
    }
}

impl Word {
    pub(super) const NEW: Self = Self::pack(State::Closed, Epoch(0), 0);

    pub(super) const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    pub(super) const fn bits(self) -> u64 {
        self.0
    }

    const fn pack(state: State, epoch: Epoch, payload: u64) -> Self {
        Self((state as u64) << (EPOCH_BITS + PAYLOAD_BITS) | (epoch.0 as u64) << PAYLOAD_BITS | payload)
    }

    const fn pack_streak(state: State, epoch: Epoch, streak: u32, low: u64) -> Self {
        let streak = if streak > STREAK_MAX { STREAK_MAX } else { streak };
        Self::pack(state, epoch, (streak as u64) << TICK_BITS | low)
    }

    #[inline]
    pub(super) const fn state(self) -> State {
        match self.0 >> (EPOCH_BITS + PAYLOAD_BITS) {
            0 => State::Closed,
            1 => State::Open,
            2 => State::HalfOpen,
            3 => State::Ramping,
            4 => State::ForcedOpen,
            5 => State::ForcedClosed,
            _ => State::Disabled,
        }
    }

    #[inline]
    pub(super) const fn epoch(self) -> Epoch {
        Epoch((self.0 >> PAYLOAD_BITS) as u16)
    }

    /// Closed in that epoch, with no failure counted: nothing to write for a success.
    #[inline]
    pub(super) const fn is_calm(self, epoch: Epoch) -> bool {
        self.0 == Self::pack(State::Closed, epoch, 0).0
    }

    /// Failures in a row; of a closed or ramping word.
    pub(super) const fn failures(self) -> u32 {
        self.0 as u32
    }

    pub(super) const fn open_until(self) -> u64 {
        self.0 & TICK
    }

    pub(super) const fn probes_out(self) -> u16 {
        self.0 as u16
    }

    pub(super) const fn probe_successes(self) -> u16 {
        (self.0 >> 16) as u16
    }

    /// How often it opened before without having closed in between; 0 in a closed word.
    pub(super) const fn streak(self) -> u32 {
        match self.state() {
            State::Open | State::HalfOpen | State::Ramping => (self.0 >> TICK_BITS) as u32 & STREAK_MAX,
            _ => 0,
        }
    }

    pub(super) const fn with_failures(self, failures: u32) -> Self {
        Self(self.0 & !(u32::MAX as u64) | failures as u64)
    }

    pub(super) const fn with_probes(self, out: u16, successes: u16) -> Self {
        Self(self.0 & !(u32::MAX as u64) | (successes as u64) << 16 | out as u64)
    }

    pub(super) const fn opened(self, until: u64, streak: u32) -> Self {
        let until = if until > TICK { TICK } else { until };
        Self::pack_streak(State::Open, self.epoch().next(), streak, until)
    }

    /// Half-open with the first probe already out: the step and the permit are one.
    pub(super) const fn half_opened(self) -> Self {
        Self::pack_streak(State::HalfOpen, self.epoch().next(), self.streak(), 1)
    }

    pub(super) const fn ramping(self) -> Self {
        Self::pack_streak(State::Ramping, self.epoch().next(), self.streak(), 0)
    }

    pub(super) const fn closed(self) -> Self {
        self.forced(State::Closed)
    }

    /// In `state` with an empty payload.
    pub(super) const fn forced(self, state: State) -> Self {
        Self::pack(state, self.epoch().next(), 0)
    }
}
