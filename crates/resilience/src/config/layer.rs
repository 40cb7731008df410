use super::{
    LoadProblem, ServiceConfig,
    document::Document,
    merged::{innermost, text},
    problem::resembling,
};
use figment::{
    error::Kind,
    value::{Dict, Tag, Value},
};
use serde::{Serialize, de::DeserializeOwned};

/// What the sources say of one service, or of all: a table a section.
pub(super) struct Layer<'a> {
    document: &'a Document,
    /// `service.database`; nothing where it speaks of all services.
    path: String,
    sections: &'a Dict,
    problems: Vec<LoadProblem>,
}

impl<'a> Layer<'a> {
    pub(super) fn new(document: &'a Document, path: String, sections: &'a Dict) -> Self {
        let mut layer = Self { document, path, sections, problems: Vec::new() };
        layer.refuse_unknown_sections();
        layer
    }

    fn is_root(&self) -> bool {
        self.path.is_empty()
    }

    /// The path of `key` in it.
    fn at(&self, key: &str) -> String {
        if self.is_root() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// What it sets a field to, if it does.
    pub(super) fn value(&self, section: &str, field: &str) -> Option<&'a Value> {
        self.sections.get(section)?.as_dict()?.get(field)
    }

    /// What was wrong in it so far; from here on it knows of nothing.
    pub(super) fn take_problems(&mut self) -> Vec<LoadProblem> {
        std::mem::take(&mut self.problems)
    }

    fn refuse_unknown_sections(&mut self) {
        for (key, value) in self.sections {
            let known = ServiceConfig::SECTIONS.contains(&key.as_str())
                || (self.is_root() && Document::is_root_key(key));
            if !known {
                let names: Vec<_> = if self.is_root() {
                    Document::root_keys().collect()
                } else {
                    ServiceConfig::SECTIONS.to_vec()
                };
                self.problems.push(self.unknown(self.at(key), key, &names, value));
            }
        }
    }

    fn unknown(&self, path: String, name: &str, known: &[&str], value: &Value) -> LoadProblem {
        LoadProblem::unknown(path, name, known, self.document.origin(innermost(value)))
    }

    /// Replaces each field of `config` that this layer sets in `section`. Fields are tried one by one, so that one that
    /// is wrong hides no other.
    pub(super) fn lay_over<C: Serialize + DeserializeOwned>(&mut self, section: &str, config: &mut C) {
        let Some(table) = self.sections.get(section) else { return };
        let Some(fields) = table.as_dict() else {
            self.problems.push(self.document.not_a_table(self.at(section), table));
            return;
        };
        let whole = Value::serialize(&*config).ok().and_then(Value::into_dict);
        let mut whole = whole.expect("a policy's configuration is a plain struct");
        for (field, value) in fields {
            let mut with_field = whole.clone();
            with_field.insert(field.clone(), value.clone());
            match Value::Dict(Tag::Default, with_field.clone()).deserialize() {
                Ok(read) => (*config, whole) = (read, with_field),
                Err(error) => self.problems.push(self.misread(section, field, value, error)),
            }
        }
    }

    fn misread(&self, section: &str, field: &str, value: &Value, error: figment::Error) -> LoadProblem {
        let mut path = self.at(section);
        let keys = if error.path.is_empty() { &[field.to_owned()][..] } else { &error.path };
        let mut culprit = value;
        for (depth, key) in keys.iter().enumerate() {
            path = format!("{path}.{key}");
            if depth > 0 {
                culprit = culprit.as_dict().and_then(|table| table.get(key)).unwrap_or(culprit);
            }
        }
        let (message, suggestion) = match error.kind {
            Kind::UnknownField(name, known) => {
                if let Some(inner) = culprit.as_dict().and_then(|table| table.get(&name)) {
                    return self.unknown(format!("{path}.{name}"), &name, known, inner);
                }
                return self.unknown(path, &name, known, culprit);
            }
            Kind::UnknownVariant(name, known) => {
                (format!("expected one of {}", known.join(", ")), resembling(&name, known.iter().copied()))
            }
            Kind::InvalidType(_, expected)
            | Kind::InvalidValue(_, expected)
            | Kind::InvalidLength(_, expected) => (format!("expected {expected}"), None),
            other => (other.to_string(), None),
        };
        let origin = self.document.origin(innermost(culprit));
        LoadProblem::Malformed { path, value: text(culprit), message, suggestion, origin }
    }
}
