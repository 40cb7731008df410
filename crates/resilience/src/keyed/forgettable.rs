use crate::{Bulkhead, CircuitBreaker, Fallback, Hedge, Retry, Timeout, pipeline::for_each_arity};
use std::sync::Arc;

/// A policy that can tell whether forgetting it would lose anything.
///
/// [`Keyed`](super::Keyed) forgets a policy in demand only where a new one in its place would treat every later call alike;
/// counts for display are not worth keeping it.
pub trait Forgettable {
    /// Whether a new policy in its place would treat every later call alike.
    ///
    /// Asked under a lock of the set of keys: it should be a look at a field or two, and must not ask for keys.
    fn is_forgettable(&self) -> bool;
}

impl<P: Forgettable + ?Sized> Forgettable for &P {
    fn is_forgettable(&self) -> bool {
        (**self).is_forgettable()
    }
}

impl<P: Forgettable + ?Sized> Forgettable for Arc<P> {
    fn is_forgettable(&self) -> bool {
        (**self).is_forgettable()
    }
}

impl<P: Forgettable> Forgettable for Option<P> {
    fn is_forgettable(&self) -> bool {
        self.as_ref().is_none_or(Forgettable::is_forgettable)
    }
}

/// Closed, without failures, in a row or in its window, and nobody has a clone or handle of it or watches it.
impl<C, O> Forgettable for CircuitBreaker<C, O> {
    fn is_forgettable(&self) -> bool {
        self.is_untroubled()
    }
}

/// Nobody in it and nobody in line.
impl<O> Forgettable for Bulkhead<O> {
    fn is_forgettable(&self) -> bool {
        let now = self.snapshot();
        now.running == 0 && now.queued == 0
    }
}

/// Always: it remembers nothing but counts.
impl<O> Forgettable for Timeout<O> {
    fn is_forgettable(&self) -> bool {
        true
    }
}

/// Always: it remembers nothing but counts.
impl<C, O, N> Forgettable for Retry<C, O, N> {
    fn is_forgettable(&self) -> bool {
        true
    }
}

/// Always: it remembers nothing but counts.
impl<S, C, O> Forgettable for Fallback<S, C, O> {
    fn is_forgettable(&self) -> bool {
        true
    }
}

/// Unless it observes calls to learn its delay.
impl<C, O> Forgettable for Hedge<C, O> {
    fn is_forgettable(&self) -> bool {
        self.config().percentile.is_none()
    }
}

impl Forgettable for () {
    fn is_forgettable(&self) -> bool {
        true
    }
}

macro_rules! tuple {
    ($($part:ident)+) => {
        impl<$($part: Forgettable),+> Forgettable for ($($part,)+) {
            #[allow(non_snake_case, reason = "each variable is named after its type parameter")]
            fn is_forgettable(&self) -> bool {
                let ($($part,)+) = self;
                true $(&& $part.is_forgettable())+
            }
        }
    };
}

for_each_arity!(tuple);
