use figment::Figment;
use figment::value::{Dict, Value};

use super::cache_config::without_user;
use super::problem::resembling;
use super::sources::Reading;
use super::{LoadProblem, Origin, Profile};

/// Every key that may stand in a configuration.
pub(super) const KEYS: [&str; 9] =
    ["profile", "memory", "redis", "sqlite", "postgres", "sql", "ttl", "warm", "popularity"];

/// All sources as one.
pub(super) struct Document {
    merged: Figment,
    root: Dict,
    pub(super) profile: Profile,
}

impl Document {
    pub(super) fn new(reading: &Reading, problems: &mut Vec<LoadProblem>) -> Self {
        let merged = reading.merge(problems);
        let root = merged.find_value("").ok().and_then(Value::into_dict).unwrap_or_default();
        let mut document = Self { merged, root, profile: Profile::default() };
        document.profile = document.named_profile(problems);
        for (key, value) in &document.root {
            if !KEYS.contains(&key.as_str()) {
                problems.push(document.unknown(key.clone(), key, &KEYS, value));
            }
        }
        document
    }

    /// What stands at a key of the document itself.
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.root.get(key)
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
        let set = paths.iter().find_map(|path| self.merged.find_value(path).ok());
        set.map_or(Origin::Profile(self.profile), |value| self.origin(&value))
    }

    pub(super) fn origin(&self, value: &Value) -> Origin {
        Origin::of(self.merged.get_metadata(innermost(value).tag()), self.profile)
    }

    pub(super) fn unknown(&self, path: String, name: &str, known: &[&str], value: &Value) -> LoadProblem {
        LoadProblem::UnknownKey {
            path,
            suggestion: resembling(name, known.iter().copied()),
            known: known.iter().map(|&name| name.to_owned()).collect(),
            origin: self.origin(value),
        }
    }

    pub(super) fn malformed(&self, path: String, value: &Value, message: String) -> LoadProblem {
        LoadProblem::Malformed { path, value: text(value), message, origin: self.origin(value) }
    }

    fn named_profile(&self, problems: &mut Vec<LoadProblem>) -> Profile {
        let Some(value) = self.get("profile") else { return Profile::default() };
        value.deserialize().unwrap_or_else(|_| {
            let names = Profile::ALL.map(Profile::as_str);
            let resembles = value.as_str().and_then(|name| resembling(name, names));
            let meant = resembles.map_or(String::new(), |name| format!(", did you mean `{name}`?"));
            let message = format!("expected one of {}{meant}", names.join(", "));
            problems.push(self.malformed("profile".to_owned(), value, message));
            Profile::default()
        })
    }
}

/// The first value that is no table: figment remembers of tables only who began them.
fn innermost(value: &Value) -> &Value {
    value.as_dict().and_then(|table| table.values().next()).map_or(value, innermost)
}

/// A value as JSON spells it, without the user and the password of a URL.
pub(super) fn text(value: &Value) -> String {
    let text = serde_json::to_string(value).unwrap_or_else(|_| value.to_actual().to_string());
    without_user(&text)
}
