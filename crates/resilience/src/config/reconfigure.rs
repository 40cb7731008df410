use super::ServiceConfig;
use crate::{
    Budget, CircuitBreaker, ConfigError, Describe, Fallback, Hedge, Pipeline, Retry, Timeout,
    telemetry::{Observer, PolicyId, PolicyKind},
};
use std::sync::Arc;

/// A policy, or a tuple of them, that takes its part of a service's configuration while calls run and keeps its state.
///
/// A tuple gives each of its policies the service's one section of its kind: two timeouts of one pipeline are registered
/// apart, under service names of their own.
pub trait Reconfigure: Send + Sync {
    /// The policies it stands for, by which a change names them.
    fn ids(&self) -> Vec<PolicyId>;

    /// Puts the policy's section of `config` in force. It must not call back into the [`LiveConfig`](super::LiveConfig)
    /// it is called from.
    ///
    /// # Errors
    /// What of it the policy refuses; of a tuple, the first policy's that refuses.
    fn apply(&self, config: &ServiceConfig) -> Result<(), ConfigError>;
}

/// A policy that has `reconfigure` and its section.
macro_rules! policies {
    ($($policy:ident<$($parameter:ident $(: $bound:ident)?),*>: $section:ident,)*) => {$(
        impl<$($parameter: Send + Sync $(+ $bound)?),*> Reconfigure for $policy<$($parameter),*> {
            fn ids(&self) -> Vec<PolicyId> {
                self.stages().into_iter().map(|stage| stage.policy).collect()
            }

            fn apply(&self, config: &ServiceConfig) -> Result<(), ConfigError> {
                self.reconfigure(config.$section.clone())
            }
        }
    )*};
}

policies! {
    CircuitBreaker<C, O>: breaker,
    Fallback<S, C, O>: fallback,
    Hedge<C, O>: hedge,
    Retry<C, O, N>: retry,
    Timeout<O>: timeout,
}

impl Reconfigure for Budget {
    fn ids(&self) -> Vec<PolicyId> {
        vec![PolicyId::new(PolicyKind::Custom, self.name())]
    }

    fn apply(&self, config: &ServiceConfig) -> Result<(), ConfigError> {
        self.reconfigure(config.budget.clone())
    }
}

impl<P: Reconfigure, O: Observer> Reconfigure for Pipeline<P, O> {
    fn ids(&self) -> Vec<PolicyId> {
        self.policies().ids()
    }

    fn apply(&self, config: &ServiceConfig) -> Result<(), ConfigError> {
        self.policies().apply(config)
    }
}

impl<P: Reconfigure + ?Sized> Reconfigure for &P {
    fn ids(&self) -> Vec<PolicyId> {
        (**self).ids()
    }

    fn apply(&self, config: &ServiceConfig) -> Result<(), ConfigError> {
        (**self).apply(config)
    }
}

impl<P: Reconfigure + ?Sized> Reconfigure for Arc<P> {
    fn ids(&self) -> Vec<PolicyId> {
        (**self).ids()
    }

    fn apply(&self, config: &ServiceConfig) -> Result<(), ConfigError> {
        (**self).apply(config)
    }
}

impl<P: Reconfigure> Reconfigure for Option<P> {
    fn ids(&self) -> Vec<PolicyId> {
        self.as_ref().map(Reconfigure::ids).unwrap_or_default()
    }

    fn apply(&self, config: &ServiceConfig) -> Result<(), ConfigError> {
        self.as_ref().map_or(Ok(()), |policy| policy.apply(config))
    }
}

macro_rules! tuple {
    ($($policy:ident)*) => {
        impl<$($policy: Reconfigure),*> Reconfigure for ($($policy,)*) {
            #[allow(non_snake_case, reason = "each variable is named after its type parameter")]
            fn ids(&self) -> Vec<PolicyId> {
                let ($($policy,)*) = self;
                [$($policy.ids()),*].concat()
            }

            #[allow(non_snake_case, reason = "each variable is named after its type parameter")]
            fn apply(&self, config: &ServiceConfig) -> Result<(), ConfigError> {
                let ($($policy,)*) = self;
                $($policy.apply(config)?;)*
                Ok(())
            }
        }
    };
}

tuple!(A);
tuple!(A B);
tuple!(A B C);
tuple!(A B C D);
tuple!(A B C D E);
tuple!(A B C D E F);
tuple!(A B C D E F G);
tuple!(A B C D E F G H);
tuple!(A B C D E F G H I);
tuple!(A B C D E F G H I J);
tuple!(A B C D E F G H I J K);
tuple!(A B C D E F G H I J K L);
