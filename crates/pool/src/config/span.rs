//! A duration or `"never"`: TOML and the environment know no null.

use std::time::Duration;

use humantime_serde::re::humantime;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

const NEVER: &str = "never";

pub(super) fn serialize<S: Serializer>(span: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
    match span {
        Some(span) => humantime_serde::serialize(span, to),
        None => NEVER.serialize(to),
    }
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    match Option::<String>::deserialize(from)? {
        None => Ok(None),
        Some(text) if text == NEVER => Ok(None),
        Some(text) => humantime::parse_duration(&text).map(Some).map_err(|error| {
            D::Error::custom(format!("{text:?} is neither a duration nor \"never\": {error}"))
        }),
    }
}
