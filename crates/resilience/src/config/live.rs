use super::{Changes, Environment, LoadError, Reading, Reconfigure, ResilienceConfig, Sources};
use crate::{ConfigError, live::Live};
use parking_lot::Mutex;
use std::{
    convert::Infallible,
    sync::{Arc, Weak},
    time::Duration,
};

/// A configuration that may change while the process runs, and the policies that follow it.
///
/// A change is taken whole or not at all: everything is read and checked before the first policy hears of it, and if a
/// policy refuses, those before it get back what they had. Policies keep their state: window, queue, counts.
///
/// ```
/// use mainstay_resilience::{Timeout, config::{Format, LiveConfig, Sources}};
/// use std::{sync::Arc, time::Duration};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sources = Sources::new().text("example", Format::Toml, "[service.valuer.timeout]\nafter = '2s'");
/// let live = LiveConfig::load(sources)?;
///
/// let limit = Arc::new(Timeout::new("valuer", Duration::from_secs(10))?);
/// live.register("valuer", &limit)?;
/// assert_eq!(limit.config().after, Duration::from_secs(2));
/// # Ok(())
/// # }
/// ```
pub struct LiveConfig {
    sources: Sources,
    current: Live<ResilienceConfig>,
    /// What the sources held when they were last read, also if it was refused: the same is not refused twice.
    seen: Mutex<Reading>,
    followers: Mutex<Vec<Follower>>,
    /// Held while policies are told, so that two changes never mix.
    turn: Mutex<()>,
}

#[derive(Clone)]
struct Follower {
    service: Arc<str>,
    policy: Weak<dyn Reconfigure>,
}

/// Why a change was not taken; everything is as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReloadError {
    /// The sources are wrong.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A policy refused its part.
    #[error(transparent)]
    Apply(#[from] ConfigError),
}

impl LiveConfig {
    /// Reads and checks `sources`. It reads files, and blocks for that long.
    ///
    /// # Errors
    /// Everything that is wrong in any of them.
    pub fn load(sources: Sources) -> Result<Self, LoadError> {
        let seen = sources.read(&Environment::POLICIES);
        let config = ResilienceConfig::resolve(&seen)?;
        Ok(Self {
            sources,
            current: Live::new(config),
            seen: Mutex::new(seen),
            followers: Mutex::default(),
            turn: Mutex::new(()),
        })
    }

    /// What holds now.
    pub fn current(&self) -> Arc<ResilienceConfig> {
        self.current.get()
    }

    /// Makes `policy` follow what is said of `service`, from now until it is dropped elsewhere.
    ///
    /// # Errors
    /// What of it the policy refuses; it then does not follow.
    pub fn register<P: Reconfigure + 'static>(
        &self,
        service: impl Into<Arc<str>>,
        policy: &Arc<P>,
    ) -> Result<(), ConfigError> {
        let service = service.into();
        let _turn = self.turn.lock();
        policy.apply(self.current().service(&service))?;
        let policy: Weak<P> = Arc::downgrade(policy);
        self.followers.lock().push(Follower { service, policy });
        Ok(())
    }

    /// Reads the sources again and takes what they say. It reads files, and blocks for that long.
    ///
    /// # Errors
    /// Everything that is wrong in them, or what a policy refuses; everything is then as it was.
    pub fn reload(&self) -> Result<Changes, ReloadError> {
        self.take(self.sources.read(&Environment::POLICIES))
    }

    fn take(&self, reading: Reading) -> Result<Changes, ReloadError> {
        let config = ResilienceConfig::resolve(&reading);
        *self.seen.lock() = reading;
        Ok(self.apply(config?)?)
    }

    /// Takes `config`, wherever it comes from. The next reading of the sources that differs from the last replaces it.
    ///
    /// # Errors
    /// What a policy refuses; everything is then as it was.
    pub fn apply(&self, config: ResilienceConfig) -> Result<Changes, ConfigError> {
        let _turn = self.turn.lock();
        let old = self.current();
        let mut changes = Changes::between(&old, &config);
        let mut told: Vec<(Arc<str>, Arc<dyn Reconfigure>)> = Vec::new();
        for (service, policy) in self.present() {
            if old.service(&service) == config.service(&service) {
                continue;
            }
            let outcome = policy.apply(config.service(&service));
            if outcome.is_ok() {
                changes.policies.extend(policy.ids());
            }
            // The one that refuses may be a tuple, of which some have taken it.
            told.push((service, policy));
            if let Err(refusal) = outcome {
                for (service, policy) in told.into_iter().rev() {
                    // It was in force until now, so that nobody has reason to refuse it.
                    let _ = policy.apply(old.service(&service));
                }
                return Err(refusal);
            }
        }
        self.current.set(config);
        Ok(changes)
    }

    /// The followers that are still there.
    fn present(&self) -> Vec<(Arc<str>, Arc<dyn Reconfigure>)> {
        let mut followers = self.followers.lock();
        followers.retain(|follower| follower.policy.strong_count() > 0);
        followers.iter().filter_map(|each| Some((each.service.clone(), each.policy.upgrade()?))).collect()
    }

    /// Reads the sources again and again, `every` so often, and takes what has changed; `heard` is told of each change,
    /// taken or refused. Runs until it is dropped: spawn it, and abort the task to end it.
    ///
    /// To change a file, rename a new one over it: half a file may be a configuration, too.
    ///
    /// # Cancel safety
    /// Dropping it loses nothing: a change is taken between two polls or not at all.
    ///
    /// # Panics
    /// Outside a tokio runtime, since files are read on its threads for blocking work.
    pub async fn watch(
        &self,
        every: Duration,
        mut heard: impl FnMut(Result<Changes, ReloadError>),
    ) -> Infallible {
        loop {
            tokio::time::sleep(every).await;
            let sources = self.sources.clone();
            // A reading lost to a panic or to the runtime's end is made again.
            let Ok(reading) = tokio::task::spawn_blocking(move || sources.read(&Environment::POLICIES)).await
            else {
                continue;
            };
            if *self.seen.lock() != reading {
                heard(self.take(reading));
            }
        }
    }
}

impl std::fmt::Debug for LiveConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LiveConfig")
            .field("sources", &self.sources)
            .field("current", &self.current())
            .finish_non_exhaustive()
    }
}
