use std::collections::HashSet;

use figment::error::Kind;
use figment::value::{Dict, Tag, Value};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::LoadProblem;
use super::document::Document;
use crate::error::ConfigError;
use crate::options::{MemoryConfig, RedisConfig, SqlConfig};
use crate::warm::{PopularityConfig, WarmConfig};

/// A part of the configuration with a table of its own.
pub(super) trait Section: Serialize + DeserializeOwned {
    fn check(&self) -> Result<(), ConfigError>;
}

macro_rules! sections {
    ($($config:ty),*) => {$(
        impl Section for $config {
            fn check(&self) -> Result<(), ConfigError> {
                self.validate()
            }
        }
    )*};
}
sections!(MemoryConfig, RedisConfig, SqlConfig, WarmConfig, PopularityConfig);

/// `base` with what the document says of the section. Fields are tried one by one, so that one that is wrong hides no other.
pub(super) fn read<C: Section>(
    document: &Document,
    section: &str,
    base: C,
    problems: &mut Vec<LoadProblem>,
) -> C {
    let Some(table) = document.get(section) else { return base };
    let Some(fields) = table.as_dict() else {
        problems.push(document.malformed(section.to_owned(), table, "expected a table".to_owned()));
        return base;
    };
    let begun_with = fields_of(&base);
    let (mut config, mut whole) = (base, begun_with.clone());
    for (field, value) in fields {
        let mut with_field = whole.clone();
        with_field.insert(field.clone(), value.clone());
        match from_fields(&with_field) {
            Ok(read) => (config, whole) = (read, with_field),
            Err(error) => problems.push(misread(document, section, field, value, error.kind)),
        }
    }
    // A check names one field at a time: that one is put back to what it was, and the rest is checked again.
    let mut named = HashSet::new();
    while let Err(problem) = config.check() {
        let ConfigError { field, value, allowed, also: _ } = problem;
        let path = format!("{section}.{field}");
        let origin = document.origin_at(&[&path, section]);
        problems.push(LoadProblem::OutOfRange { path, value, allowed: allowed.to_owned(), origin });
        match begun_with.get(field) {
            Some(before) => whole.insert(field.to_owned(), before.clone()),
            None => whole.remove(field),
        };
        match from_fields(&whole) {
            Ok(read) if named.insert(field) => config = read,
            _ => break,
        }
    }
    config
}

fn fields_of<C: Serialize>(config: &C) -> Dict {
    Value::serialize(config).ok().and_then(Value::into_dict).expect("a configuration is a plain struct")
}

fn from_fields<C: DeserializeOwned>(fields: &Dict) -> Result<C, Box<figment::Error>> {
    Value::Dict(Tag::Default, fields.clone()).deserialize().map_err(Box::new)
}

fn misread(document: &Document, section: &str, field: &str, value: &Value, kind: Kind) -> LoadProblem {
    let path = format!("{section}.{field}");
    match kind {
        Kind::UnknownField(name, known) => document.unknown(path, &name, known, value),
        kind => document.malformed(path, value, kind.to_string()),
    }
}
