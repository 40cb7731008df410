//! What every configuration has, written once: setters by value, and the check of the whole.

/// Setters that chain: `/// doc` and `field: Type,` each. What may be absent takes `impl Into<Option<T>>`.
macro_rules! setters {
    ($($(#[$doc:meta])* $field:ident: $type:ty),* $(,)?) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $field(mut self, $field: $type) -> Self {
            self.$field = $field.into();
            self
        }
    )*};
}
pub(crate) use setters;

/// The public check of a configuration, by its `check`.
macro_rules! validated {
    () => {
        /// Checks every field; `name` is its owner's name in the error.
        ///
        /// # Errors
        /// All fields that are out of range.
        pub fn validate(&self, name: &std::sync::Arc<str>) -> Result<(), $crate::ConfigError> {
            let mut problems = $crate::config_error::Problems::default();
            self.check(&mut problems);
            problems.into_result(name)
        }
    };
}
pub(crate) use validated;
