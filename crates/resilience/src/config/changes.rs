use super::{ResilienceConfig, ServiceConfig, document::SERVICE};
use crate::telemetry::PolicyId;
use serde_json::Value;
use std::{collections::BTreeMap, fmt};

/// What a new configuration changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Changes {
    /// The settings that are different now. A service's is listed where it is not merely what changed for all services.
    pub settings: Vec<Change>,
    /// The registered policies that were given something new, in the order of their registration.
    pub policies: Vec<PolicyId>,
}

/// A setting that is different now.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// The setting, as `service.database.breaker.open_for`.
    pub path: String,
    /// What it was, as JSON; `null` where it was not set.
    pub from: String,
    /// What it is, as JSON; `null` where it is not set.
    pub to: String,
}

impl Changes {
    /// Whether everything is as it was.
    pub fn is_empty(&self) -> bool {
        self.settings.is_empty() && self.policies.is_empty()
    }

    pub(super) fn between(old: &ResilienceConfig, new: &ResilienceConfig) -> Self {
        let general = differences(old.general(), new.general());
        let mut settings: Vec<_> = general.iter().map(|change| change.beneath("")).collect();
        for name in old.names_with(new) {
            let own = differences(old.service(name), new.service(name));
            let own = own.iter().filter(|change| !general.contains(change));
            settings.extend(own.map(|change| change.beneath(&format!("{SERVICE}.{name}."))));
        }
        Self { settings, policies: Vec::new() }
    }
}

impl Change {
    fn beneath(&self, parent: &str) -> Self {
        Self { path: format!("{parent}{}", self.path), ..self.clone() }
    }
}

fn differences(old: &ServiceConfig, new: &ServiceConfig) -> Vec<Change> {
    let (old, new) = (leaves(old), leaves(new));
    let paths: std::collections::BTreeSet<_> = old.keys().chain(new.keys()).collect();
    let of = |leaves: &BTreeMap<String, Value>, path| leaves.get(path).unwrap_or(&Value::Null).to_string();
    let changed = paths.into_iter().filter(|&path| of(&old, path) != of(&new, path));
    changed.map(|path| Change { path: path.clone(), from: of(&old, path), to: of(&new, path) }).collect()
}

/// Every setting by its path.
fn leaves(config: &ServiceConfig) -> BTreeMap<String, Value> {
    fn gather(path: &str, value: Value, leaves: &mut BTreeMap<String, Value>) {
        match value {
            Value::Object(table) => {
                for (key, value) in table {
                    let path = if path.is_empty() { key } else { format!("{path}.{key}") };
                    gather(&path, value, leaves);
                }
            }
            leaf => {
                leaves.insert(path.to_owned(), leaf);
            }
        }
    }
    let mut found = BTreeMap::new();
    gather("", serde_json::to_value(config).expect("configurations are plain data"), &mut found);
    found
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, change) in self.settings.iter().enumerate() {
            write!(f, "{}{change}", if at > 0 { "; " } else { "" })?;
        }
        if self.settings.is_empty() { f.write_str("nothing changed") } else { Ok(()) }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} -> {}", self.path, self.from, self.to)
    }
}
