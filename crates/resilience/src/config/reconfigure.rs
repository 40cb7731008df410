use super::ServiceConfig;
use crate::{CircuitBreaker, ConfigError, Describe, Pipeline, Timeout, telemetry::Observer};
use std::sync::Arc;

/// A policy, or a tuple of them, that takes its part of a service's configuration while calls run and keeps its state.
///
/// A tuple gives each of its policies the service's one section of its kind: two timeouts of one pipeline are registered
/// apart, under service names of their own.
pub trait Reconfigure: Describe + Send + Sync {
    /// Puts the policy's section of `config` in force. It must not call back into the [`LiveConfig`](super::LiveConfig)
    /// it is called from.
    ///
    /// # Errors
    /// What of it the policy refuses; of a tuple, the first policy's that refuses.
    fn apply(&self, config: &ServiceConfig) -> Result<(), ConfigError>;
}

impl<C: Send + Sync, O: Observer> Reconfigure for CircuitBreaker<C, O> {
    fn apply(&self, config: &ServiceConfig) -> Result<(), ConfigError> {
        self.reconfigure(config.breaker.clone())
    }
}

impl<O: Observer> Reconfigure for Timeout<O> {
    fn apply(&self, config: &ServiceConfig) -> Result<(), ConfigError> {
        self.reconfigure(config.timeout.clone())
    }
}

impl<P: Reconfigure, O: Observer> Reconfigure for Pipeline<P, O> {
    fn apply(&self, config: &ServiceConfig) -> Result<(), ConfigError> {
        self.policies().apply(config)
    }
}

impl<P: Reconfigure + ?Sized> Reconfigure for &P {
    fn apply(&self, config: &ServiceConfig) -> Result<(), ConfigError> {
        (**self).apply(config)
    }
}

impl<P: Reconfigure + ?Sized> Reconfigure for Arc<P> {
    fn apply(&self, config: &ServiceConfig) -> Result<(), ConfigError> {
        (**self).apply(config)
    }
}

impl<P: Reconfigure> Reconfigure for Option<P> {
    fn apply(&self, config: &ServiceConfig) -> Result<(), ConfigError> {
        self.as_ref().map_or(Ok(()), |policy| policy.apply(config))
    }
}

macro_rules! tuple {
    ($($policy:ident)*) => {
        impl<$($policy: Reconfigure),*> Reconfigure for ($($policy,)*) {
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
