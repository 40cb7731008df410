use super::{BudgetConfig, balance::Balance, floor::Floor};
use crate::{Attempt, ConfigError, counter::Counter, live::Live};
use crossbeam_utils::CachePadded;
use std::{
    num::NonZeroU16,
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering::Relaxed},
    },
};

/// Keeps retries and hedges to a share of the calls, so that they cannot drown a callee that is already failing.
///
/// Share one among all policies that call the same callee. Each call earns a share of an extra attempt, each retry and
/// each copy spends a whole one; a call that passes several policies of one budget earns once. Where all calls fail, the
/// attempts are `1 + share` times the calls. Lock-free; without trouble a call reads two words of it and writes nothing.
///
/// ```
/// # use mainstay_resilience::{Budget, BudgetConfig, Retry, RetryConfig};
/// # use std::sync::Arc;
/// let budget = Arc::new(Budget::new("valuer", BudgetConfig::default()).unwrap());
/// let value_of = Retry::new("value_of", RetryConfig::FAST).unwrap().budget(budget.clone());
/// let history_of = Retry::new("history_of", RetryConfig::STANDARD).unwrap().budget(budget.clone());
/// assert_eq!(budget.snapshot().available, 1); // the floor: nothing has been earned yet
/// ```
#[derive(Debug)]
pub struct Budget {
    id: BudgetId,
    name: Arc<str>,
    config: Live<BudgetConfig>,
    // Written by every call while there is less than may be saved, so it shares no cache line with what is only read.
    balance: CachePadded<Balance>,
    floor: Floor,
    granted: Counter,
    refused: Counter,
}

/// Tells budgets apart on an [`Attempt`]. It wraps around: two budgets on one call would have to be 65,535 apart to be
/// taken for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BudgetId(NonZeroU16);

impl BudgetId {
    fn next() -> Self {
        static NEXT: AtomicU16 = AtomicU16::new(1);
        loop {
            if let Some(id) = NonZeroU16::new(NEXT.fetch_add(1, Relaxed)) {
                return Self(id);
            }
        }
    }
}

/// A budget at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BudgetSnapshot {
    /// Extra attempts that would be granted now.
    pub available: u64,
    /// Extra attempts granted since it was made.
    pub granted: u64,
    /// Extra attempts refused since it was made.
    pub refused: u64,
}

impl Budget {
    /// A budget named `name`, with nothing saved yet.
    ///
    /// # Errors
    /// A field of `config` out of its range.
    pub fn new(name: impl Into<Arc<str>>, config: BudgetConfig) -> Result<Self, ConfigError> {
        let name = name.into();
        config.validate(&name)?;
        Ok(Self {
            id: BudgetId::next(),
            name,
            balance: CachePadded::new(Balance::new(&config)),
            floor: Floor::new(&config),
            config: Live::new(config),
            granted: Counter::default(),
            refused: Counter::default(),
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it works with now.
    pub fn config(&self) -> Arc<BudgetConfig> {
        self.config.get()
    }

    /// Works with `config` from now on; what was saved and counted stays.
    ///
    /// # Errors
    /// A field of `config` out of its range; the configuration then stays as it was.
    pub fn reconfigure(&self, config: BudgetConfig) -> Result<(), ConfigError> {
        config.validate(&self.name)?;
        self.balance.reconfigure(&config);
        self.floor.reconfigure(&config);
        self.config.set(config);
        Ok(())
    }

    /// What is left and what was asked of it so far.
    pub fn snapshot(&self) -> BudgetSnapshot {
        BudgetSnapshot {
            available: self.balance.saved().max(self.floor.left()),
            granted: self.granted.get(),
            refused: self.refused.get(),
        }
    }

    /// A call begins: it earns its share, unless a policy further out that shares this budget has counted it already.
    #[inline]
    pub(crate) fn count_call(&self, attempt: Attempt) -> Attempt {
        if !attempt.is_counted_by(self.id) {
            self.balance.earn();
        }
        attempt.counted_by(self.id)
    }

    /// Whether an extra attempt may be made; if so, it has been paid for.
    pub(crate) fn grant(&self) -> bool {
        let granted = if self.balance.spend() {
            self.floor.note();
            true
        } else if self.floor.take() {
            self.balance.owe();
            true
        } else {
            false
        };
        let counter = if granted { &self.granted } else { &self.refused };
        counter.increment();
        granted
    }
}
