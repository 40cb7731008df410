use super::{
    LoadError, Profile, ServiceConfig, Sources,
    document::{Document, SERVICE},
    sources::Reading,
    well_known::WELL_KNOWN,
};
use std::collections::{BTreeMap, BTreeSet};

/// The configuration of all policies of a process, whole and checked.
///
/// A value is, from the last that counts to the first: the profile's, a well-known service's, the sources' for all
/// services, the sources' for the service itself. Default: profile [`Standard`](Profile::Standard), no source.
///
/// ```
/// use mainstay_resilience::config::{Format, ResilienceConfig, Sources};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let text = r#"
///     profile = "production"
///
///     [breaker]
///     open_for = "20s"
///
///     [service.valuer.bulkhead]
///     max_concurrent = 4
/// "#;
/// let config = ResilienceConfig::load(&Sources::new().text("example", Format::Toml, text).environment())?;
///
/// let valuer = config.service("valuer");
/// assert_eq!(valuer.breaker.failure_threshold, 3); // the profile's
/// assert_eq!(valuer.breaker.open_for.as_secs(), 20); // said of all services
/// assert_eq!(valuer.bulkhead.max_concurrent, 4); // said of this one
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ResilienceConfig {
    profile: Profile,
    general: ServiceConfig,
    services: BTreeMap<String, ServiceConfig>,
}

impl Default for ResilienceConfig {
    fn default() -> Self {
        Self::from_profile(Profile::default())
    }
}

impl ResilienceConfig {
    /// What `profile` says, and nothing else.
    pub fn from_profile(profile: Profile) -> Self {
        let general = profile.config();
        let services = WELL_KNOWN.map(|(name, differ)| (name.to_owned(), differ(general.clone()))).into();
        Self { profile, general, services }
    }

    /// Reads, resolves and checks what `sources` say.
    ///
    /// # Errors
    /// Everything that is wrong in any of them.
    pub fn load(sources: &Sources) -> Result<Self, LoadError> {
        Self::resolve(&sources.read())
    }

    pub(super) fn resolve(reading: &Reading) -> Result<Self, LoadError> {
        let mut problems = Vec::new();
        let document = Document::new(reading, &mut problems);
        let mut config = Self::from_profile(document.profile);

        let mut general = document.general();
        config.general.overlay(&mut general);
        problems.extend(general.take_problems());
        for service in config.services.values_mut() {
            service.overlay(&mut general);
        }

        let mut own = BTreeMap::new();
        for (name, mut layer) in document.services(&mut problems) {
            config
                .services
                .entry(name.to_owned())
                .or_insert_with(|| config.general.clone())
                .overlay(&mut layer);
            problems.extend(layer.take_problems());
            own.insert(name, layer);
        }

        let said_of_all = config.general.problems();
        for (section, problem) in &said_of_all {
            problems.push(document.out_of_range("", section, problem, &[&general]));
        }
        for (name, service) in &config.services {
            let layers: Vec<_> = own.get(name.as_str()).into_iter().chain([&general]).collect();
            // What is said of all services is wrong in each of them, and is said once.
            for (section, problem) in service.problems().iter().filter(|found| !said_of_all.contains(found)) {
                problems.push(document.out_of_range(
                    &format!("{SERVICE}.{name}."),
                    section,
                    problem,
                    &layers,
                ));
            }
        }
        if problems.is_empty() { Ok(config) } else { Err(LoadError { problems }) }
    }

    /// The profile it began with.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// What holds for a service of this name; a name of which nothing is said gets what is said of all.
    pub fn service(&self, name: &str) -> &ServiceConfig {
        self.services.get(name).unwrap_or(&self.general)
    }

    /// The services of which something is said in particular, the well-known ones among them, by name.
    pub fn services(&self) -> impl Iterator<Item = (&str, &ServiceConfig)> {
        self.services.iter().map(|(name, config)| (name.as_str(), config))
    }

    /// What holds for services of which nothing is said in particular.
    pub fn general(&self) -> &ServiceConfig {
        &self.general
    }

    /// Sets a service's configuration whole.
    #[must_use]
    pub fn with_service(mut self, name: impl Into<String>, config: ServiceConfig) -> Self {
        self.services.insert(name.into(), config);
        self
    }

    /// The names of all services of this or of `other`.
    pub(super) fn names_with<'a>(&'a self, other: &'a Self) -> BTreeSet<&'a str> {
        self.services.keys().chain(other.services.keys()).map(String::as_str).collect()
    }
}
