use crate::{
    TimeoutConfig,
    config_error::Problems,
    config_macros::{setters, validated},
};
use std::time::Duration;

/// The name under which calls go that no endpoint of the table matches.
pub(super) const DEFAULT: &str = "default";

/// Which endpoint may take how long.
///
/// By default the table of the report mainstay starts from: health 1 s, authentication 5 s, properties 10 s, search 15 s,
/// training of models 60 s, and 10 s for everything else.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct EndpointTimeoutsConfig {
    /// The limit where no endpoint matches. Default 10 s; above 0.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub default: Duration,
    /// The endpoints; the longest prefix wins, whatever the order. Default: the five of the report.
    pub endpoints: Vec<EndpointConfig>,
    /// Counts the calls that take longer, and cancels none. Default no.
    pub shadow: bool,
}

/// A limit for the paths below a prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "config", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct EndpointConfig {
    /// What it is called in errors and statistics. Endpoints of one name share a limit and are counted together.
    pub name: String,
    /// Whole segments of a path, from its beginning: `/api/properties` covers `/api/properties/7` and not
    /// `/api/properties-old`.
    pub prefix: String,
    /// The methods it is for; `GET` covers `HEAD`. Default: none named, which means all.
    #[cfg_attr(feature = "config", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub methods: Vec<String>,
    /// The limit, from the first poll. Above 0.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub after: Duration,
}

impl Default for EndpointTimeoutsConfig {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            default: seconds(10),
            endpoints: vec![
                EndpointConfig::new("health", "/health", seconds(1)),
                EndpointConfig::new("auth", "/api/auth", seconds(5)),
                EndpointConfig::new("properties", "/api/properties", seconds(10)),
                EndpointConfig::new("search", "/api/search", seconds(15)),
                EndpointConfig::new("ml_training", "/api/ml/train", seconds(60)),
            ],
            shadow: false,
        }
    }
}

impl EndpointTimeoutsConfig {
    /// A table without endpoints: `default` for all.
    pub fn only(default: Duration) -> Self {
        Self { default, endpoints: Vec::new(), shadow: false }
    }

    /// Sets the limit where no endpoint matches. Default 10 s; above 0.
    #[must_use]
    pub fn default_after(mut self, default: Duration) -> Self {
        self.default = default;
        self
    }

    /// Adds an endpoint, in place of those of the same prefix and methods.
    #[must_use]
    pub fn endpoint(mut self, endpoint: EndpointConfig) -> Self {
        self.endpoints
            .retain(|other| (&other.prefix, &other.methods) != (&endpoint.prefix, &endpoint.methods));
        self.endpoints.push(endpoint);
        self
    }

    setters! {
        /// Sets whether it only counts. Default no.
        shadow: bool,
    }

    validated!();

    pub(crate) fn check(&self, problems: &mut Problems) {
        problems.require(!self.default.is_zero(), "default", self.default, "longer than 0s");
        for (at, endpoint) in self.endpoints.iter().enumerate() {
            endpoint.check(at, &self.endpoints[..at], problems);
        }
    }

    /// What the timeout of a limit is configured with.
    pub(super) fn timeout(&self, after: Duration) -> TimeoutConfig {
        TimeoutConfig::from(after).shadow(self.shadow)
    }
}

impl EndpointConfig {
    /// The limit `after` for all methods below `prefix`.
    pub fn new(name: impl Into<String>, prefix: impl Into<String>, after: Duration) -> Self {
        Self { name: name.into(), prefix: prefix.into(), methods: Vec::new(), after }
    }

    /// Adds a method it is for; without any it is for all.
    #[must_use]
    pub fn method(mut self, method: impl Into<String>) -> Self {
        self.methods.push(method.into());
        self
    }

    fn check(&self, at: usize, earlier: &[Self], problems: &mut Problems) {
        let field = |field: &str| format!("endpoints[{at}].{field}");
        let named = !self.name.is_empty() && self.name != DEFAULT;
        problems.require(named, field("name"), &self.name, "a name other than \"default\"");
        problems.require(
            is_prefix(&self.prefix),
            field("prefix"),
            &self.prefix,
            "\"/\" or segments each after a \"/\", without query, blanks or empty segments",
        );
        problems.require(!self.after.is_zero(), field("after"), self.after, "longer than 0s");
        for method in &self.methods {
            let known =
                !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-');
            problems.require(known, field("methods"), method, "an HTTP method in capitals");
        }
        let overlaps = |other: &&Self| {
            other.prefix == self.prefix
                && if self.methods.is_empty() {
                    other.methods.is_empty()
                } else {
                    self.methods.iter().any(|method| other.methods.contains(method))
                }
        };
        if let Some(twin) = earlier.iter().find(overlaps) {
            let allowed = format!("unlike that of endpoint `{}` for the same methods", twin.name);
            problems.require(false, field("prefix"), &self.prefix, allowed);
        }
        if let Some(twin) = earlier.iter().find(|other| other.name == self.name && other.after != self.after)
        {
            let allowed = format!("{:?}, as with the other endpoint of its name", twin.after);
            problems.require(false, field("after"), self.after, allowed);
        }
    }
}

fn is_prefix(prefix: &str) -> bool {
    let well_formed = |segment: &str| {
        !segment.is_empty()
            && segment.chars().all(|char| !char.is_whitespace() && !char.is_control() && !"?#".contains(char))
    };
    prefix.strip_prefix('/').is_some_and(|rest| rest.is_empty() || rest.split('/').all(well_formed))
}
