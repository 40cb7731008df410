use super::ServiceConfig;
use crate::{
    ConfigError, Pipeline,
    pipeline::for_each_arity,
    telemetry::{Observer, PolicyId},
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

for_each_arity!(tuple);
