use super::{
    config::{DEFAULT, EndpointTimeoutsConfig},
    table::Table,
};
use crate::{ConfigError, Timeout, telemetry::Observer};
use arc_swap::ArcSwap;
use parking_lot::Mutex;
use std::{sync::Arc, time::Duration};

/// A [`Timeout`] for every endpoint, found by method and path.
///
/// Looking one up takes one step a segment of the path and allocates nothing.
///
/// ```
/// # use mainstay_resilience::{PolicyExt, timeout::{EndpointTimeouts, EndpointTimeoutsConfig}};
/// # use std::time::Duration;
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let endpoints = EndpointTimeouts::new("api", EndpointTimeoutsConfig::default()).unwrap();
/// let limit = endpoints.find("GET", "/api/search?suburb=Newtown");
/// assert_eq!((limit.name(), limit.limit()), ("search", Some(Duration::from_secs(15))));
/// let late = limit.call(std::future::pending::<Result<(), std::io::Error>>).await;
/// assert_eq!(late.unwrap_err().policy(), Some("search"));
/// # }
/// ```
pub struct EndpointTimeouts<O = ()> {
    name: Arc<str>,
    table: ArcSwap<Table<O>>,
    /// Held while a new table is made of the old one; no lookup takes it.
    reconfiguring: Mutex<()>,
    observer: O,
}

impl EndpointTimeouts {
    /// A table named `name`, in errors of its configuration.
    ///
    /// # Errors
    /// All fields of `config` that are out of range.
    pub fn new(name: impl Into<Arc<str>>, config: EndpointTimeoutsConfig) -> Result<Self, ConfigError> {
        Self::observed(name.into(), config, ())
    }
}

impl<O: Observer + Clone> EndpointTimeouts<O> {
    fn observed(name: Arc<str>, config: EndpointTimeoutsConfig, observer: O) -> Result<Self, ConfigError> {
        config.validate(&name)?;
        let table = table(config, &[], &observer)?;
        Ok(Self { name, table: ArcSwap::from_pointee(table), reconfiguring: Mutex::new(()), observer })
    }

    /// Works with `config` from the next call on. Endpoints that keep their name keep their counts.
    ///
    /// # Errors
    /// All fields that are out of range; the table then stays as it was.
    pub fn reconfigure(&self, config: EndpointTimeoutsConfig) -> Result<(), ConfigError> {
        config.validate(&self.name)?;
        let _one_at_a_time = self.reconfiguring.lock();
        let table = table(config, &self.table.load().all, &self.observer)?;
        self.table.store(Arc::new(table));
        Ok(())
    }
}

impl<O> EndpointTimeouts<O> {
    /// Tells copies of `observer`, one for each endpoint, what happens in it.
    ///
    /// # Panics
    /// Never: the configuration was accepted before.
    pub fn observe<P: Observer + Clone>(self, observer: P) -> EndpointTimeouts<P> {
        let config = EndpointTimeoutsConfig::clone(&self.config());
        EndpointTimeouts::observed(self.name, config, observer).expect("it was valid when it was made")
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it works with now.
    pub fn config(&self) -> Arc<EndpointTimeoutsConfig> {
        self.table.load().config.clone()
    }

    /// The timeout for a call of `method` to `path`: that of the longest prefix that has one for the method, and else
    /// the default.
    ///
    /// Segments are compared as they are written: no decoding, no folding of case. Empty segments and what follows a
    /// `?` do not count.
    pub fn find(&self, method: &str, path: &str) -> Arc<Timeout<O>> {
        self.table.load().find(method, path).clone()
    }

    /// Each timeout once: the default, then those of the endpoints in the order of the configuration.
    pub fn all(&self) -> Vec<Arc<Timeout<O>>> {
        self.table.load().all.clone()
    }
}

/// A table in which timeouts of `before` live on under their names.
fn table<O: Observer + Clone>(
    config: EndpointTimeoutsConfig,
    before: &[Arc<Timeout<O>>],
    observer: &O,
) -> Result<Table<O>, ConfigError> {
    let timeout = |name: &str, after: Duration| -> Result<Arc<Timeout<O>>, ConfigError> {
        let limit = config.timeout(after);
        match before.iter().find(|timeout| timeout.name() == name) {
            Some(timeout) => timeout.reconfigure(limit).map(|()| timeout.clone()),
            None => Ok(Arc::new(Timeout::new(name, limit)?.observe(observer.clone()))),
        }
    };
    let default = timeout(DEFAULT, config.default)?;
    let mut named = Vec::with_capacity(config.endpoints.len());
    for endpoint in &config.endpoints {
        named.push(timeout(&endpoint.name, endpoint.after)?);
    }
    Ok(Table::new(config, default, named))
}

impl<O> std::fmt::Debug for EndpointTimeouts<O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EndpointTimeouts")
            .field("name", &self.name)
            .field("config", &self.config())
            .finish_non_exhaustive()
    }
}
