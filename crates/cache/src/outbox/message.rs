use serde::{Deserialize, Serialize};

use crate::invalidators::InvalidationPlan;
use crate::key::Key;

/// A plan as it lies in a row: JSON, so that an operator can read it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Message {
    #[serde(default)]
    keys: Vec<String>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    patterns: Vec<String>,
}

impl Message {
    pub(super) fn write(plan: &InvalidationPlan) -> String {
        let (keys, tags, patterns) = plan.parts();
        let keys = keys.iter().map(|key| key.as_str().to_owned()).collect();
        let message = Self { keys, tags: tags.to_vec(), patterns: patterns.to_vec() };
        serde_json::to_string(&message).expect("lists of texts are JSON")
    }

    /// What cannot be read might have concerned anything.
    pub(super) fn read(text: &str) -> InvalidationPlan {
        let Ok(message) = serde_json::from_str::<Self>(text) else {
            return InvalidationPlan::new().pattern("*");
        };
        let keys = message.keys.into_iter().map(Key::rendered).collect();
        InvalidationPlan::of_parts(keys, message.tags, message.patterns)
    }
}

#[cfg(test)]
mod tests {
    use super::Message;
    use crate::invalidators::InvalidationPlan;

    #[test]
    fn a_plan_comes_back_as_it_was_and_nonsense_concerns_everything() {
        let plan = InvalidationPlan::new()
            .key("home", &7_u64)
            .tag("a\"b\n")
            .pattern("list:*")
            .under("search", "ann");
        assert_eq!(Message::read(&Message::write(&plan)), plan);
        assert_eq!(Message::read("{"), InvalidationPlan::new().pattern("*"));
    }
}
