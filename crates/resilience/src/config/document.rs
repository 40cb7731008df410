use super::{
    LoadProblem, Merged, Origin, Profile, Reading, ServiceConfig, layer::Layer, merged::text,
    problem::resembling,
};
use crate::ConfigProblem;
use figment::value::Value;
use std::collections::BTreeMap;

pub(super) const PROFILE: &str = "profile";
pub(super) const SERVICE: &str = "service";

/// All sources as one: a profile, sections for all services, and tables of sections by service.
pub(super) struct Document {
    merged: Merged,
    pub(super) profile: Profile,
}

impl Document {
    pub(super) fn new(reading: &Reading, problems: &mut Vec<LoadProblem>) -> Self {
        let mut document = Self { merged: reading.merge(problems), profile: Profile::default() };
        document.profile = document.named_profile(problems);
        document
    }

    /// Who set `value`.
    pub(super) fn origin(&self, value: &Value) -> Origin {
        self.merged.origin(value, self.profile.as_str())
    }

    /// What is said of all services.
    pub(super) fn general(&self) -> Layer<'_> {
        Layer::new(self, String::new(), &self.merged.root)
    }

    /// What is said of single services, by name.
    pub(super) fn services(&self, problems: &mut Vec<LoadProblem>) -> BTreeMap<&str, Layer<'_>> {
        let mut services = BTreeMap::new();
        let Some(tables) = self.merged.root.get(SERVICE) else { return services };
        let Some(tables) = tables.as_dict() else {
            problems.push(self.not_a_table(SERVICE.into(), tables));
            return services;
        };
        for (name, table) in tables {
            let path = format!("{SERVICE}.{name}");
            match table.as_dict() {
                Some(sections) => {
                    services.insert(name.as_str(), Layer::new(self, path, sections));
                }
                None => problems.push(self.not_a_table(path, table)),
            }
        }
        services
    }

    /// What can stand beside the sections in the document itself, and in no service's table.
    pub(super) fn is_root_key(key: &str) -> bool {
        key == PROFILE || key == SERVICE
    }

    /// Every key that may stand in the document itself.
    pub(super) fn root_keys() -> impl Iterator<Item = &'static str> {
        [PROFILE, SERVICE].into_iter().chain(ServiceConfig::SECTIONS.iter().copied())
    }

    /// A value out of range, set by the first of `layers` that sets it, or by nobody but the profile.
    pub(super) fn out_of_range(
        &self,
        service: &str,
        section: &str,
        problem: &ConfigProblem,
        layers: &[&Layer<'_>],
    ) -> LoadProblem {
        let set = layers.iter().find_map(|layer| layer.value(section, field_of(problem)));
        LoadProblem::OutOfRange {
            path: format!("{service}{section}.{}", problem.field),
            value: problem.value.clone(),
            allowed: problem.allowed.to_string(),
            origin: set.map_or(Origin::Profile(self.profile.as_str()), |value| self.origin(value)),
        }
    }

    pub(super) fn not_a_table(&self, path: String, value: &Value) -> LoadProblem {
        LoadProblem::Malformed {
            path,
            value: text(value),
            message: "expected a table".into(),
            suggestion: None,
            origin: self.origin(value),
        }
    }

    fn named_profile(&self, problems: &mut Vec<LoadProblem>) -> Profile {
        let Some(value) = self.merged.root.get(PROFILE) else { return Profile::default() };
        value.deserialize().unwrap_or_else(|_| {
            let names = Profile::ALL.map(Profile::as_str);
            problems.push(LoadProblem::Malformed {
                path: PROFILE.into(),
                value: text(value),
                message: format!("expected one of {}", names.join(", ")),
                suggestion: value.as_str().and_then(|name| resembling(name, names)),
                origin: self.origin(value),
            });
            Profile::default()
        })
    }
}

/// The field that was set; what is wrong may lie deeper.
pub(super) fn field_of(problem: &ConfigProblem) -> &str {
    problem.field.split(['.', '[']).next().unwrap_or_default()
}
