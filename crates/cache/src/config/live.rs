use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use mainstay_resilience::config::Reading;
use parking_lot::Mutex;

use super::document::ENVIRONMENT;
use super::{CacheConfig, LoadError, LoadProblem, Origin, Profile, Sources};
use crate::ttl::{ALLOWED, LiveTtl, TtlChange, TtlTable};

/// A configuration whose times to live follow its sources while the process runs.
///
/// A change is taken whole or not at all. Everything but the times to live holds for the next start; a change of it is told.
///
/// ```
/// use mainstay_cache::config::{Format, LiveConfig, Sources};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sources = Sources::new().text("example", Format::Toml, "[ttl]\nsearch_results = '2m'");
/// let live = LiveConfig::load(sources)?;
/// let searches = live.ttl().get("search_results").expect("a line of the default table");
/// assert_eq!(searches.ttl().as_secs(), 120);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct LiveConfig {
    sources: Sources,
    ttl: LiveTtl,
    now: Mutex<Now>,
}

#[derive(Debug)]
struct Now {
    config: Arc<CacheConfig>,
    /// What the sources held when they were last read, also if it was refused: the same is not refused twice.
    seen: Reading,
}

/// What a new configuration changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Changes {
    /// The times to live that are others now.
    pub ttl: Vec<TtlChange>,
    /// The parts that are others from the next start on.
    pub at_restart: Vec<&'static str>,
}

impl Changes {
    /// Whether everything is as it was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ttl.is_empty() && self.at_restart.is_empty()
    }
}

impl LiveConfig {
    /// Reads and checks `sources`. It reads files, and blocks for that long.
    ///
    /// # Errors
    /// Everything that is wrong in any of them.
    pub fn load(sources: Sources) -> Result<Self, LoadError> {
        let seen = sources.read(&ENVIRONMENT);
        let (profile, config) = CacheConfig::resolve(&seen)?;
        let ttl = LiveTtl::new(config.ttl.clone()).map_err(|error| refused(profile, &error.value))?;
        Ok(Self { sources, ttl, now: Mutex::new(Now { config: Arc::new(config), seen }) })
    }

    /// What was read last and taken. Its layers hold if it was read at the start, else from the next start on.
    pub fn current(&self) -> Arc<CacheConfig> {
        self.now.lock().config.clone()
    }

    /// The times to live, to follow by name.
    pub fn ttl(&self) -> &LiveTtl {
        &self.ttl
    }

    /// Reads the sources again and takes what they say. It reads files, and blocks for that long.
    ///
    /// # Errors
    /// Everything that is wrong in them, or a name that is followed is gone; everything is then as it was.
    pub fn reload(&self) -> Result<Changes, LoadError> {
        self.take(self.sources.read(&ENVIRONMENT))
    }

    fn take(&self, reading: Reading) -> Result<Changes, LoadError> {
        let resolved = CacheConfig::resolve(&reading);
        let mut now = self.now.lock();
        now.seen = reading;
        let (profile, config) = resolved?;
        let ttl = self.take_ttl(profile, &config.ttl)?;
        let changes = Changes { ttl, at_restart: at_restart(&now.config, &config) };
        now.config = Arc::new(config);
        Ok(changes)
    }

    fn take_ttl(&self, profile: Profile, table: &TtlTable) -> Result<Vec<TtlChange>, LoadError> {
        self.ttl.replace(table.clone()).map_err(|error| refused(profile, &error.value))
    }

    /// Reads the sources again and again, `every` so often, and takes what has changed; `heard` is told of each change, taken or
    /// refused. Runs until it is dropped: spawn it, and abort the task to end it.
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
        mut heard: impl FnMut(Result<Changes, LoadError>),
    ) -> Infallible {
        loop {
            tokio::time::sleep(every).await;
            let sources = self.sources.clone();
            // A reading lost to a panic or to the runtime's end is made again.
            let Ok(reading) = tokio::task::spawn_blocking(move || sources.read(&ENVIRONMENT)).await else {
                continue;
            };
            let is_new = self.now.lock().seen != reading;
            if is_new {
                heard(self.take(reading));
            }
        }
    }
}

fn refused(profile: Profile, value: &str) -> LoadError {
    let problem = LoadProblem::OutOfRange {
        path: "ttl".to_owned(),
        value: value.to_owned(),
        allowed: format!("{ALLOWED} for every name that is followed"),
        origin: Origin::Profile(profile.as_str()),
    };
    vec![problem].into()
}

fn at_restart(old: &CacheConfig, new: &CacheConfig) -> Vec<&'static str> {
    let parts = [
        ("memory", old.memory != new.memory),
        ("redis", old.redis != new.redis),
        ("sqlite", old.sqlite != new.sqlite),
        ("postgres", old.postgres != new.postgres),
        ("sql", old.sql != new.sql),
        ("warm", old.warm != new.warm),
        ("popularity", old.popularity != new.popularity),
    ];
    parts.into_iter().filter(|(_, changed)| *changed).map(|(name, _)| name).collect()
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("nothing changed");
        }
        let now = self.ttl.iter().map(|change| format!("ttl.{change}"));
        let later = self.at_restart.iter().map(|part| format!("{part}: from the next start on"));
        f.write_str(&now.chain(later).collect::<Vec<_>>().join("; "))
    }
}
