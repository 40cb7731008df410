use super::layer::Layer;
use crate::{ConfigProblem, config_error::Problems};

/// A section is a field of [`ServiceConfig`] and a table of the same name in files.
macro_rules! sections {
    ($($(#[$doc:meta])* $name:ident: $config:ty,)*) => {
        /// The configuration of every policy that may guard one service.
        ///
        /// Default: each policy's own.
        #[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(default, deny_unknown_fields)]
        #[non_exhaustive]
        pub struct ServiceConfig {
            $($(#[$doc])* pub $name: $config,)*
        }

        impl ServiceConfig {
            /// The names of all sections, as spelt in files.
            pub const SECTIONS: &'static [&'static str] = &[$(stringify!($name)),*];

            $(
                /// Sets the section of this name.
                #[must_use]
                pub fn $name(mut self, config: impl Into<$config>) -> Self {
                    self.$name = config.into();
                    self
                }
            )*

            /// Lays what `layer` says over what is here.
            pub(super) fn overlay(&mut self, layer: &mut Layer<'_>) {
                $(layer.lay_over(stringify!($name), &mut self.$name);)*
            }

            /// What is out of range, by section.
            pub(super) fn problems(&self) -> Vec<(&'static str, ConfigProblem)> {
                let mut found = Vec::new();
                $({
                    let mut problems = Problems::default();
                    self.$name.check(&mut problems);
                    found.extend(problems.into_vec().into_iter().map(|problem| (stringify!($name), problem)));
                })*
                found
            }
        }
    };
}

// A new policy is one line here; its config needs serde with `default`, `check`, and `JsonSchema` with feature `schema`.
sections! {
    /// Circuit breakers.
    breaker: crate::BreakerConfig,
    /// Retries.
    retry: crate::RetryConfig,
    /// Timeouts.
    timeout: crate::TimeoutConfig,
    /// Bulkheads.
    bulkhead: crate::BulkheadConfig,
    /// Hedges.
    hedge: crate::HedgeConfig,
    /// Budgets that retries and hedges share.
    budget: crate::BudgetConfig,
    /// Fallbacks.
    fallback: crate::FallbackConfig,
}
