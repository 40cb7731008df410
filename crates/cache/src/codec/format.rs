use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::bounded::{Bounded, Budget};
use super::foreign::Foreign;

/// How a value becomes bytes. Every format is read, whichever is written.
///
/// Values that nest deeper than 128 levels are written but not read back: they are misses in shared layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Format {
    /// The smallest and the fastest. Fields have no names: raise the region's `schema` with every change of the type.
    #[default]
    Postcard,
    /// For people with `redis-cli`. `Some(None)` and `Some(())` come back as `None`; maps need keys that are texts or numbers;
    /// a `NaN` is refused when it is read back.
    Json,
    /// `MessagePack` with named fields, for readers in other languages. `Some(None)` and `Some(())` come back as `None`.
    #[cfg(feature = "msgpack")]
    MessagePack,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Postcard => "postcard",
            Self::Json => "JSON",
            #[cfg(feature = "msgpack")]
            Self::MessagePack => "MessagePack",
        })
    }
}

impl Format {
    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Postcard => 1,
            Self::Json => 2,
            #[cfg(feature = "msgpack")]
            Self::MessagePack => 3,
        }
    }

    pub(super) const fn of(code: u8) -> Result<Self, Foreign> {
        match code {
            1 => Ok(Self::Postcard),
            2 => Ok(Self::Json),
            #[cfg(feature = "msgpack")]
            3 => Ok(Self::MessagePack),
            _ => Err(Foreign::Format),
        }
    }

    pub(super) fn encode<V: Serialize>(self, value: &V) -> Result<Vec<u8>, String> {
        match self {
            Self::Postcard => postcard::to_stdvec(value).map_err(|error| error.to_string()),
            Self::Json => serde_json::to_vec(value).map_err(|error| error.to_string()),
            #[cfg(feature = "msgpack")]
            Self::MessagePack => rmp_serde::to_vec_named(value).map_err(|error| error.to_string()),
        }
    }

    /// Bytes after the value are as foreign as bytes that do not decode.
    pub(super) fn decode<V: DeserializeOwned>(self, payload: &[u8]) -> Result<V, Foreign> {
        let budget = Budget::of(payload);
        let (value, whole) = match self {
            Self::Postcard => {
                let mut bytes = postcard::Deserializer::from_bytes(payload);
                let value = V::deserialize(Bounded::new(&mut bytes, &budget)).ok();
                (value, bytes.finalize().is_ok_and(<[u8]>::is_empty))
            }
            Self::Json => (serde_json::from_slice(payload).ok(), true),
            #[cfg(feature = "msgpack")]
            Self::MessagePack => {
                let mut bytes = rmp_serde::Deserializer::new(payload);
                let value = V::deserialize(Bounded::new(&mut bytes, &budget)).ok();
                (value, bytes.get_ref().is_empty())
            }
        };
        value.filter(|_| whole).ok_or(Foreign::Payload)
    }
}
