use std::collections::BTreeMap;
use std::time::Duration;

use crate::error::ConfigError;

pub(crate) const LONGEST: Duration = Duration::from_secs(365 * 86_400);
pub(crate) const ALLOWED: &str = "1 ms to 365 days";

/// Times to live by name, as data: a file may override any, and the service looks them up when it opens its regions.
///
/// | name | default |
/// |---|---|
/// | `search_results`, `trending_properties` | 300 s |
/// | `popular_suburbs` | 600 s |
/// | `user_alerts` | 1,800 s |
/// | `property_details`, `listings`, `aggregate_data` | 3,600 s |
/// | `price_history_long`, `static_data` | 86,400 s |
///
/// Under the feature `config`, what a file names overrides or adds to the defaults: `search_results = "2m"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TtlTable(BTreeMap<String, Duration>);

const DEFAULTS: [(&str, u64); 9] = [
    ("search_results", 300),
    ("trending_properties", 300),
    ("popular_suburbs", 600),
    ("property_details", 3_600),
    ("user_alerts", 1_800),
    ("listings", 3_600),
    ("price_history_long", 86_400),
    ("aggregate_data", 3_600),
    ("static_data", 86_400),
];

impl Default for TtlTable {
    fn default() -> Self {
        Self(DEFAULTS.map(|(name, seconds)| (name.to_owned(), Duration::from_secs(seconds))).into())
    }
}

impl TtlTable {
    /// The time to live of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Duration> {
        self.0.get(name).copied()
    }

    /// Overrides a name, or adds one.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, ttl: Duration) -> Self {
        self.0.insert(name.into(), ttl);
        self
    }

    /// All names with their times, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Duration)> {
        self.0.iter().map(|(name, ttl)| (name.as_str(), *ttl))
    }

    /// Shortens whatever is longer.
    #[must_use]
    pub fn at_most(mut self, longest: Duration) -> Self {
        self.0.values_mut().for_each(|ttl| *ttl = longest.min(*ttl));
        self
    }

    /// Checks that each lies within 1 ms and 365 days.
    ///
    /// # Errors
    /// Shows the first that does not.
    pub fn validate(&self) -> Result<(), ConfigError> {
        match self.problems().next() {
            Some((name, ttl)) => Err(ConfigError::new("ttl", format!("{ttl:?} for `{name}`"), ALLOWED)),
            None => Ok(()),
        }
    }

    /// All that do not.
    pub(crate) fn problems(&self) -> impl Iterator<Item = (&str, Duration)> {
        self.iter().filter(|(_, ttl)| !(Duration::from_millis(1)..=LONGEST).contains(ttl))
    }
}

#[cfg(feature = "config")]
impl serde::Serialize for TtlTable {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(name, ttl)| (name, humantime_serde::Serde::from(ttl))))
    }
}

#[cfg(feature = "config")]
impl<'de> serde::Deserialize<'de> for TtlTable {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let named = BTreeMap::<String, humantime_serde::Serde<Duration>>::deserialize(deserializer)?;
        Ok(named.into_iter().fold(Self::default(), |table, (name, ttl)| table.with(name, ttl.into_inner())))
    }
}
