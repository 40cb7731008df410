use crate::budget::BudgetId;
use std::time::Duration;

/// Which try this is, and how long the caller will still wait for it.
///
/// Policies hand it inward, so that no layer starts work that cannot finish in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    number: u32,
    copy: u16,
    /// The budget that has counted this call already, the nearest if there are several.
    budget: Option<BudgetId>,
    time_left: Option<Duration>,
}

impl Attempt {
    /// The first attempt of a caller who sets no deadline.
    pub const fn first() -> Self {
        Self { number: 1, copy: 0, budget: None, time_left: None }
    }

    /// 1 for the first try, 2 for the first retry.
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// 0 for the call itself, 1 for the first copy that a hedge started beside it.
    pub const fn copy(&self) -> u32 {
        self.copy as u32
    }

    /// Time from the start of this attempt to the nearest deadline around it; `None` where nobody set one.
    ///
    /// Whoever sets a deadline also enforces it, so an inner layer that gets less time than it would grant need not arm
    /// a timer of its own.
    pub const fn time_left(&self) -> Option<Duration> {
        self.time_left
    }

    /// The same attempt with at most `limit` left.
    #[must_use]
    #[inline]
    pub fn within(self, limit: Duration) -> Self {
        Self { time_left: Some(self.time_left.map_or(limit, |left| left.min(limit))), ..self }
    }

    /// The same attempt after `spent` has passed.
    #[inline]
    pub(crate) fn after(self, spent: Duration) -> Self {
        Self { time_left: self.time_left.map(|left| left.saturating_sub(spent)), ..self }
    }

    /// The same call tried for the `number`th time.
    #[inline]
    pub(crate) fn numbered(self, number: u32) -> Self {
        Self { number, ..self }
    }

    /// The same attempt as the `copy`th copy of a hedged call.
    #[inline]
    pub(crate) fn copied(self, copy: u16) -> Self {
        Self { copy, ..self }
    }

    /// The same attempt, marked as counted by this budget: another policy that shares it need not count the call again.
    #[inline]
    pub(crate) fn counted_by(self, budget: BudgetId) -> Self {
        Self { budget: Some(budget), ..self }
    }

    #[inline]
    pub(crate) fn is_counted_by(&self, budget: BudgetId) -> bool {
        self.budget == Some(budget)
    }

    #[inline]
    pub(crate) fn is_out_of_time(&self) -> bool {
        self.time_left.is_some_and(|left| left.is_zero())
    }
}
