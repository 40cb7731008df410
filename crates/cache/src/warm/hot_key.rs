use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::key::Key;

/// A key that is asked for much, and how much.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HotKey {
    /// The region it was read from.
    pub region: String,
    /// The rendered key, the region's name included: `property:12`.
    pub key: String,
    /// How much it is asked for, compared with the others.
    pub weight: f64,
}

impl HotKey {
    /// A key as a region renders it.
    pub fn new(region: impl Into<String>, key: impl Into<String>, weight: f64) -> Self {
        Self { region: region.into(), key: key.into(), weight }
    }

    /// The key's components behind the region's name, as they were before they were escaped; of a key that does not begin with
    /// its region's name, as [`CacheKeyBuilder`](crate::CacheKeyBuilder) makes them, all components.
    #[must_use]
    pub fn components(&self) -> Vec<String> {
        let own = self.key.strip_prefix(&self.region).and_then(|rest| rest.strip_prefix(':'));
        own.unwrap_or(&self.key).split(':').map(unescaped).collect()
    }

    /// The typed key, where it is of one component: `hot.parse::<u64>()`.
    #[must_use]
    pub fn parse<K: FromStr>(&self) -> Option<K> {
        match self.components().as_slice() {
            [only] => only.parse().ok(),
            _ => None,
        }
    }

    /// The key as it stands, for a region of `Key`s.
    #[must_use]
    pub fn key(&self) -> Key {
        Key::rendered(self.key.clone())
    }
}

/// Undoes [`KeyText::component`](crate::KeyText::component).
fn unescaped(component: &str) -> String {
    let mut bytes = Vec::with_capacity(component.len());
    let mut rest = component.as_bytes();
    while let [first, after @ ..] = rest {
        let escaped = match after {
            [high, low, ..] if *first == b'%' => hex(*high).zip(hex(*low)),
            _ => None,
        };
        if let Some((high, low)) = escaped {
            bytes.push(high << 4 | low);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}
