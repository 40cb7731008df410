pub(crate) mod header;

pub(crate) use header::{Header, born, seal, stamp, unseal};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Why bytes are no value of ours: always a miss and a count, never an error to a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Foreign;

pub(crate) fn encode<V: Serialize>(value: &V) -> Result<Vec<u8>, String> {
    postcard::to_stdvec(value).map_err(|error| error.to_string())
}

pub(crate) fn decode<V: DeserializeOwned>(payload: &[u8]) -> Result<V, Foreign> {
    match postcard::take_from_bytes(payload) {
        Ok((value, [])) => Ok(value),
        _ => Err(Foreign),
    }
}
