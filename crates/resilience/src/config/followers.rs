use super::{Reconfigure, ServiceConfig};
use crate::{
    AdaptiveLimit, Budget, Bulkhead, Chaos, CircuitBreaker, ConfigError, Fallback, Hedge, KeyedRateLimit,
    Outliers, RateLimit, Retry, Timeout,
    telemetry::{Observer, PolicyId, PolicyKind},
    timeout::{EndpointTimeouts, Tracker},
};
use std::hash::Hash;

/// Who follows a configuration: its kind, and its method for each section that it takes.
macro_rules! followers {
    ($([$($generics:tt)*] $follower:ty: $kind:ident, $($reconfigure:ident($section:ident)),*;)*) => {$(
        impl<$($generics)*> Reconfigure for $follower {
            fn ids(&self) -> Vec<PolicyId> {
                vec![PolicyId::new(PolicyKind::$kind, self.name())]
            }

            fn apply(&self, config: &ServiceConfig) -> Result<(), ConfigError> {
                $(self.$reconfigure(config.$section.clone())?;)*
                Ok(())
            }
        }
    )*};
}

// A new policy is one line here.
followers! {
    [C: Send + Sync, O: Observer] CircuitBreaker<C, O>: Breaker, reconfigure(breaker);
    [C: Send + Sync, O: Observer, N: Send + Sync] Retry<C, O, N>: Retry, reconfigure(retry);
    [O: Observer] Timeout<O>: Timeout, reconfigure(timeout);
    [O: Observer + Clone] EndpointTimeouts<O>: Timeout, reconfigure(endpoints);
    [] Tracker: Custom, reconfigure(tracker);
    [O: Observer] Bulkhead<O>: Bulkhead, reconfigure(bulkhead);
    [C: Send + Sync, O: Observer] AdaptiveLimit<C, O>: Adaptive, reconfigure(adaptive);
    [O: Observer] RateLimit<O>: RateLimit, reconfigure(rate_limit);
    [K: Hash + Eq + Send + Sync, O: Observer] KeyedRateLimit<K, O>: RateLimit,
        reconfigure(rate_limit), reconfigure_keys(keyed);
    [C: Send + Sync, O: Observer] Hedge<C, O>: Hedge, reconfigure(hedge);
    [] Budget: Custom, reconfigure(budget);
    [S: Send + Sync, C: Send + Sync, O: Observer] Fallback<S, C, O>: Fallback, reconfigure(fallback);
    [T: Send + Sync, C: Send + Sync, O: Observer] Outliers<T, C, O>: Outliers, reconfigure(outliers);
    [F: Send + Sync, V: Send + Sync, A: Send + Sync, O: Observer] Chaos<F, V, A, O>: Chaos, reconfigure(chaos);
}
