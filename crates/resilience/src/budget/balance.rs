use super::BudgetConfig;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

/// One extra attempt, in the units of a [`Balance`].
const ONE: i64 = 1_000_000;

/// What calls have earned and extra attempts have spent: each call earns a share, each extra attempt spends a whole.
///
/// It may be in debt, for what the floor granted while nothing was earned; so the share is kept over the long run.
#[derive(Debug)]
pub(super) struct Balance {
    units: AtomicI64,
    earned_by_a_call: AtomicI64,
    most: AtomicI64,
}

impl Balance {
    /// Starts with nothing saved: whatever is granted has been earned, or is the floor's.
    pub(super) fn new(config: &BudgetConfig) -> Self {
        let balance =
            Self { units: AtomicI64::new(0), earned_by_a_call: AtomicI64::new(0), most: AtomicI64::new(0) };
        balance.reconfigure(config);
        balance
    }

    pub(super) fn reconfigure(&self, config: &BudgetConfig) {
        self.earned_by_a_call.store((config.share * ONE as f64).round() as i64, Relaxed);
        self.most.store(i64::from(config.max_saved) * ONE, Relaxed);
    }

    /// Only reads while there is nothing to add, as in all good weather. Calls that race may save a few shares too many.
    #[inline]
    pub(super) fn earn(&self) {
        if self.units.load(Relaxed) < self.most.load(Relaxed) {
            self.units.fetch_add(self.earned_by_a_call.load(Relaxed), Relaxed);
        }
    }

    /// Whether one could be spent.
    pub(super) fn spend(&self) -> bool {
        self.units.try_update(Relaxed, Relaxed, |units| (units >= ONE).then_some(units - ONE)).is_ok()
    }

    /// Spends one that need not be there, down to a debt as deep as savings may be high.
    pub(super) fn owe(&self) {
        let deepest = -self.most.load(Relaxed);
        self.units.update(Relaxed, Relaxed, |units| (units - ONE).max(deepest));
    }

    pub(super) fn saved(&self) -> u64 {
        u64::try_from(self.units.load(Relaxed) / ONE).unwrap_or(0)
    }
}
