use super::Origin;
use figment::{
    Figment,
    value::{Dict, Value},
};

/// What all sources say together, and who said what.
#[derive(Debug)]
pub struct Merged {
    figment: Figment,
    /// By key.
    pub root: Dict,
}

impl Merged {
    pub(super) fn new(figment: Figment) -> Self {
        let root = figment.find_value("").ok().and_then(Value::into_dict).unwrap_or_default();
        Self { figment, root }
    }

    /// What is set at a path such as `service.database`.
    pub fn find(&self, path: &str) -> Option<Value> {
        self.figment.find_value(path).ok()
    }

    /// Who set `value`; what nobody set is the profile's.
    pub fn origin(&self, value: &Value, profile: &'static str) -> Origin {
        Origin::of(self.figment.get_metadata(value.tag()), profile)
    }
}

/// Tables are merged from several sources, so that a table's own origin says little: its first value's says more.
pub fn innermost(value: &Value) -> &Value {
    value.as_dict().and_then(|table| table.values().next()).map_or(value, innermost)
}

/// A value as JSON spells it.
pub fn text(value: &Value) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| value.to_actual().to_string())
}
