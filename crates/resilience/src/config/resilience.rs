use super::{
    Environment, LoadError, LoadProblem, Profile, Reading, ServiceConfig, Sources,
    document::{Document, SERVICE, field_of},
    layer::Layer,
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

    /// Reads, resolves and checks what `sources` say. It reads files, and blocks for that long.
    ///
    /// # Errors
    /// Everything that is wrong in any of them.
    pub fn load(sources: &Sources) -> Result<Self, LoadError> {
        Self::resolve(&sources.read(&Environment::POLICIES))
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

        let mut own = document.services(&mut problems);
        for (name, layer) in &mut own {
            let service = config.services.entry((*name).to_owned());
            service.or_insert_with(|| config.general.clone()).overlay(layer);
            problems.extend(layer.take_problems());
        }

        problems.extend(config.out_of_range(&document, &general, &own));
        if problems.is_empty() { Ok(config) } else { Err(problems.into()) }
    }

    /// What is understood and not accepted. What is said of all services is wrong in each of them, and listed once.
    fn out_of_range(
        &self,
        document: &Document,
        general: &Layer<'_>,
        own: &BTreeMap<&str, Layer<'_>>,
    ) -> Vec<LoadProblem> {
        let said_of_all = self.general.problems();
        let in_general =
            said_of_all.iter().map(|(section, found)| document.out_of_range("", section, found, &[general]));
        let mut problems: Vec<_> = in_general.collect();
        for (name, service) in &self.services {
            let own = own.get(name.as_str());
            let layers: Vec<_> = own.into_iter().chain([general]).collect();
            for found in service.problems() {
                let (section, problem) = &found;
                let set_here = own.is_some_and(|layer| layer.value(section, field_of(problem)).is_some());
                if set_here || !said_of_all.contains(&found) {
                    let path = format!("{SERVICE}.{name}.");
                    problems.push(document.out_of_range(&path, section, problem, &layers));
                }
            }
        }
        problems
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
