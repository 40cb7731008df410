use super::{BreakerConfig, BreakerHandle, CircuitBreaker, Transition, transition::Listener};
use crate::ConfigError;
use parking_lot::Mutex;
use std::{collections::BTreeMap, sync::Arc};

/// Breakers by name: made when first asked for, with the configuration that their name calls for.
///
/// A pattern is a name in which `*` stands for any run of characters; of several that fit a name the last one given
/// counts.
///
/// ```
/// # use mainstay_resilience::{BreakerConfig, breaker::CircuitBreakerRegistry};
/// # fn main() -> Result<(), mainstay_resilience::ConfigError> {
/// let breakers = CircuitBreakerRegistry::new(BreakerConfig::default())?;
/// breakers.configure("db-*", BreakerConfig::default().failure_threshold(3))?;
/// assert_eq!(breakers.get("db-listings").config().failure_threshold, 3);
/// assert_eq!(breakers.get("valuer").config().failure_threshold, 5);
/// breakers.on_transition(|transition| println!("{transition}"));
/// # Ok(())
/// # }
/// ```
pub struct CircuitBreakerRegistry {
    inner: Mutex<Inner>,
}

struct Inner {
    default: BreakerConfig,
    patterns: Vec<(Arc<str>, BreakerConfig)>,
    made: BTreeMap<Arc<str>, CircuitBreaker>,
    /// Breakers with classifiers or observers of their own, which were made elsewhere.
    registered: BTreeMap<Arc<str>, BreakerHandle>,
    listeners: Vec<Listener>,
}

impl Inner {
    fn config_of(&self, name: &str) -> &BreakerConfig {
        let fitting = self.patterns.iter().rev().find(|(pattern, _)| fits(pattern, name));
        fitting.map_or(&self.default, |(_, config)| config)
    }

    fn handles(&self) -> Vec<BreakerHandle> {
        let made = self.made.values().map(CircuitBreaker::handle);
        let mut all: Vec<_> = made.chain(self.registered.values().cloned()).collect();
        all.sort_by(|a, b| a.name().cmp(b.name()));
        all
    }
}

/// Whether `*` in the pattern can stand for what the name has in its place.
fn fits(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut parts: Vec<_> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

impl CircuitBreakerRegistry {
    /// A registry whose breakers are made with `default` where no pattern fits.
    ///
    /// # Errors
    /// All fields of `default` that are out of range.
    pub fn new(default: BreakerConfig) -> Result<Self, ConfigError> {
        default.validate(&"*".into())?;
        Ok(Self {
            inner: Mutex::new(Inner {
                default,
                patterns: Vec::new(),
                made: BTreeMap::new(),
                registered: BTreeMap::new(),
                listeners: Vec::new(),
            }),
        })
    }

    /// The breaker of that name, made if there is none.
    pub fn get(&self, name: &str) -> CircuitBreaker {
        let mut inner = self.inner.lock();
        if let Some(breaker) = inner.made.get(name) {
            return breaker.clone();
        }
        // Every configuration in here was validated when it came in.
        let breaker = CircuitBreaker::of_valid(name.into(), inner.config_of(name).clone());
        for listener in &inner.listeners {
            breaker.core.listen(listener.clone());
        }
        inner.made.insert(name.into(), breaker.clone());
        breaker
    }

    /// The breaker of that name, if there is one.
    pub fn find(&self, name: &str) -> Option<BreakerHandle> {
        let inner = self.inner.lock();
        inner.registered.get(name).cloned().or_else(|| inner.made.get(name).map(CircuitBreaker::handle))
    }

    /// Takes in a breaker that was made elsewhere, in place of another that was taken in under its name. It keeps its
    /// configuration until a pattern that fits it is given.
    pub fn register(&self, breaker: BreakerHandle) {
        let mut inner = self.inner.lock();
        for listener in &inner.listeners {
            breaker.core.listen(listener.clone());
        }
        inner.registered.insert(breaker.core.id.name.clone(), breaker);
    }

    /// All breakers, by name.
    pub fn all(&self) -> Vec<BreakerHandle> {
        self.inner.lock().handles()
    }

    /// Gives every breaker whose name fits `pattern`, now and later, this configuration; those there are keep their state.
    ///
    /// # Errors
    /// All fields that are out of range; nothing has changed then.
    pub fn configure(&self, pattern: &str, config: BreakerConfig) -> Result<(), ConfigError> {
        config.validate(&pattern.into())?;
        let mut inner = self.inner.lock();
        inner.patterns.retain(|(known, _)| &**known != pattern);
        inner.patterns.push((pattern.into(), config.clone()));
        for breaker in inner.handles() {
            if fits(pattern, breaker.name()) {
                breaker.reconfigure(config.clone())?;
            }
        }
        Ok(())
    }

    /// Calls `listener` for every transition of every breaker in here, now and later.
    pub fn on_transition(&self, listener: impl Fn(&Transition) + Send + Sync + 'static) {
        let listener: Listener = Arc::new(listener);
        let mut inner = self.inner.lock();
        for breaker in inner.handles() {
            breaker.core.listen(listener.clone());
        }
        inner.listeners.push(listener);
    }
}

impl std::fmt::Debug for CircuitBreakerRegistry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CircuitBreakerRegistry").field("breakers", &self.all()).finish_non_exhaustive()
    }
}
