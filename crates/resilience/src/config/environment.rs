use super::document::Document;
use std::{collections::BTreeMap, ffi::OsString};

/// Which environment variables are settings of what is read.
#[derive(Clone, Copy, Debug)]
pub struct Environment {
    /// What their names begin with.
    pub prefix: &'static str,
    /// Whether what follows the prefix, in lower case, is a setting or looks as if it was meant to be one. What is neither belongs
    /// to somebody else and is passed over.
    pub is_setting: fn(&str) -> bool,
}

/// A variable that is to be read as a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Variable {
    /// The path of the setting.
    pub(super) path: String,
    pub(super) name: String,
    pub(super) value: String,
}

impl Environment {
    /// The one of this crate's policies.
    pub(super) const POLICIES: Self = Self { prefix: "MAINSTAY_", is_setting: is_of_a_policy };

    /// The settings among `variables`, in the order of their names.
    pub(super) fn settings(
        &self,
        prefix: &str,
        variables: impl Iterator<Item = (String, String)>,
    ) -> Vec<Variable> {
        let by_name: BTreeMap<_, _> = variables.collect();
        let setting = |(name, value): (String, String)| {
            let key = name.strip_prefix(prefix)?.to_ascii_lowercase();
            (self.is_setting)(&key).then(|| Variable { path: key.replace("__", "."), name, value })
        };
        by_name.into_iter().filter_map(setting).collect()
    }
}

/// All variables of the process; what of them is no Unicode is replaced.
pub(super) fn of_the_process() -> impl Iterator<Item = (String, String)> {
    let lossy = |text: OsString| text.to_string_lossy().into_owned();
    std::env::vars_os().map(move |(name, value)| (lossy(name), lossy(value)))
}

/// What another crate of this house reads, under a prefix that begins with ours: `MAINSTAY_CACHE_`.
const SIBLINGS: [&str; 1] = ["cache_"];

fn is_of_a_policy(key: &str) -> bool {
    if SIBLINGS.iter().any(|sibling| key.starts_with(sibling)) {
        return false;
    }
    let begins_like = |known| {
        let rest = key.strip_prefix(known);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
    };
    key.contains("__") || Document::root_keys().any(begins_like)
}
