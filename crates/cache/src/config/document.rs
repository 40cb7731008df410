use figment::value::Value;
use mainstay_resilience::config::{self, Environment, Merged, Reading, innermost, resembling};

use super::cache_config::without_user;
use super::{LoadProblem, Origin, Profile};

/// Every variable with the prefix is a setting: one that is none is refused, not passed over.
pub(super) const ENVIRONMENT: Environment = Environment { prefix: "MAINSTAY_CACHE_", is_setting: |_| true };

/// Every key that may stand in a configuration.
pub(super) const KEYS: [&str; 9] =
    ["profile", "memory", "redis", "sqlite", "postgres", "sql", "ttl", "warm", "popularity"];

/// All sources as one.
pub(super) struct Document {
    merged: Merged,
    pub(super) profile: Profile,
}

impl Document {
    pub(super) fn new(reading: &Reading, problems: &mut Vec<LoadProblem>) -> Self {
        let mut document = Self { merged: reading.merge(problems), profile: Profile::default() };
        document.profile = document.named_profile(problems);
        for (key, value) in &document.merged.root {
            if !KEYS.contains(&key.as_str()) {
                problems.push(document.unknown(key.clone(), key, &KEYS, value));
            }
        }
        document
    }

    /// What stands at a key of the document itself.
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.merged.root.get(key)
    }

    /// The text at such a key.
    pub(super) fn word(&self, key: &str, problems: &mut Vec<LoadProblem>) -> Option<String> {
        let value = self.get(key)?;
        let word = value.as_str().map(str::to_owned);
        if word.is_none() {
            problems.push(self.malformed(key.to_owned(), value, "expected a text".to_owned()));
        }
        word
    }

    /// Who set what is found first along these paths; nobody but the profile, if nothing is.
    pub(super) fn origin_at(&self, paths: &[&str]) -> Origin {
        let set = paths.iter().find_map(|path| self.merged.find(path));
        set.map_or(Origin::Profile(self.profile.as_str()), |value| self.origin(&value))
    }

    pub(super) fn origin(&self, value: &Value) -> Origin {
        self.merged.origin(innermost(value), self.profile.as_str())
    }

    pub(super) fn unknown(&self, path: String, name: &str, known: &[&str], value: &Value) -> LoadProblem {
        LoadProblem::unknown(path, name, known, self.origin(value))
    }

    pub(super) fn malformed(&self, path: String, value: &Value, message: String) -> LoadProblem {
        let origin = self.origin(value);
        LoadProblem::Malformed { path, value: text(value), message, suggestion: None, origin }
    }

    fn named_profile(&self, problems: &mut Vec<LoadProblem>) -> Profile {
        let Some(value) = self.get("profile") else { return Profile::default() };
        value.deserialize().unwrap_or_else(|_| {
            let names = Profile::ALL.map(Profile::as_str);
            problems.push(LoadProblem::Malformed {
                path: "profile".to_owned(),
                value: text(value),
                message: format!("expected one of {}", names.join(", ")),
                suggestion: value.as_str().and_then(|name| resembling(name, names)),
                origin: self.origin(value),
            });
            Profile::default()
        })
    }
}

/// A value as JSON spells it, without the user and the password of a URL.
pub(super) fn text(value: &Value) -> String {
    without_user(&config::text(value))
}
