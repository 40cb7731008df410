use serde::Serialize;
use serde::de::DeserializeOwned;

#[cfg(any(feature = "zstd", feature = "lz4"))]
use super::compression::{Algorithm, Compression};
use super::config::CodecConfig;
use super::encoding::Encoding;
use super::foreign::Foreign;
use super::format::Format;
use super::header::{self, Header, Parts};
#[cfg(feature = "encryption")]
use super::header::{EPOCH_AT, STAMPED_TO};
#[cfg(feature = "encryption")]
use super::keys::Ciphers;
use super::making::{Lock, Making, Packed};

/// Makes entries of values and values of entries, as a [`CodecConfig`] says. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Codec {
    format: Format,
    #[cfg(any(feature = "zstd", feature = "lz4"))]
    compression: Option<Compression>,
    #[cfg(feature = "encryption")]
    ciphers: Option<Ciphers>,
    max_bytes: usize,
}

impl Codec {
    /// `config` is valid.
    pub(crate) fn new(config: &CodecConfig) -> Self {
        Self {
            format: config.format,
            #[cfg(any(feature = "zstd", feature = "lz4"))]
            compression: config.compression,
            #[cfg(feature = "encryption")]
            ciphers: config.encryption.as_ref().map(Ciphers::of),
            max_bytes: config.max_bytes,
        }
    }

    /// An entry for a key; without a value it remembers that there is none.
    ///
    /// # Errors
    /// Why it cannot be stored, as the end of a sentence about the value.
    pub(crate) fn seal<V: Serialize>(
        &self,
        key: &str,
        header: &Header,
        value: Option<&V>,
    ) -> Result<Vec<u8>, String> {
        let plain = value.map(|value| self.format.encode(value)).transpose()?.unwrap_or_default();
        if plain.len() > self.max_bytes {
            return Err(format!("it takes {} bytes, max_bytes is {}", plain.len(), self.max_bytes));
        }
        let (packed, payload) = self.pack(plain)?;
        let making = Making { format: self.format, negative: value.is_none(), packed, lock: self.lock()? };
        let mut bytes = header.write(&making, payload.len())?;
        let payload = self.encrypt(&making, &bytes, key, payload)?;
        bytes.extend_from_slice(&payload);
        header::close(&mut bytes, key);
        Ok(bytes)
    }

    /// What is stored for this key, if it is of this region and schema; nothing for a remembered absence.
    ///
    /// # Errors
    /// Why it is to be taken for a miss.
    pub(crate) fn open<V: DeserializeOwned>(
        &self,
        fingerprint: u64,
        key: &str,
        bytes: &[u8],
    ) -> Result<(Header, Option<V>), Foreign> {
        header::verify(bytes, key)?;
        let parts = header::read(bytes)?;
        if parts.header.fingerprint != fingerprint {
            return Err(Foreign::Fingerprint);
        }
        let decrypted = self.decrypt(&parts, key)?;
        let payload = decrypted.as_deref().unwrap_or(parts.payload);
        let value = if parts.making.negative {
            if !payload.is_empty() {
                return Err(Foreign::Payload);
            }
            None
        } else {
            let unpacked = self.unpack(parts.making.packed, payload)?;
            Some(parts.making.format.decode(unpacked.as_deref().unwrap_or(payload))?)
        };
        Ok((parts.header, value))
    }

    /// What the bytes say of themselves, if they are of this layout, without a look at checksum, payload or key: to explain,
    /// not to believe.
    pub(crate) fn encoding(bytes: &[u8]) -> Option<Encoding> {
        header::read(bytes).ok().map(|parts| Encoding::of(&parts.making, bytes.len()))
    }

    #[cfg(any(feature = "zstd", feature = "lz4"))]
    fn pack(&self, plain: Vec<u8>) -> Result<(Option<Packed>, Vec<u8>), String> {
        let Some(compression) = self.compression else { return Ok((None, plain)) };
        let length = u32::try_from(plain.len()).map_err(|error| error.to_string())?;
        Ok(match compression.compress(&plain) {
            Some(small) => (Some(Packed { algorithm: compression.algorithm.code(), length }), small),
            None => (None, plain),
        })
    }

    #[cfg(not(any(feature = "zstd", feature = "lz4")))]
    fn pack(&self, plain: Vec<u8>) -> Result<(Option<Packed>, Vec<u8>), String> {
        Ok((None, plain))
    }

    fn unpack(&self, packed: Option<Packed>, payload: &[u8]) -> Result<Option<Vec<u8>>, Foreign> {
        let length = packed.map_or(payload.len(), |packed| packed.length as usize);
        if length > self.max_bytes {
            return Err(Foreign::TooLarge);
        }
        match packed {
            None => Ok(None),
            #[cfg(any(feature = "zstd", feature = "lz4"))]
            Some(packed) => Algorithm::decompress(packed.algorithm, payload, length).map(Some),
            #[cfg(not(any(feature = "zstd", feature = "lz4")))]
            Some(_) => Err(Foreign::Format),
        }
    }

    #[cfg(feature = "encryption")]
    fn lock(&self) -> Result<Option<Lock>, String> {
        self.ciphers.as_ref().map(Ciphers::lock).transpose()
    }

    #[cfg(not(feature = "encryption"))]
    fn lock(&self) -> Result<Option<Lock>, String> {
        Ok(None)
    }

    #[cfg(feature = "encryption")]
    fn encrypt(
        &self,
        making: &Making,
        head: &[u8],
        key: &str,
        mut payload: Vec<u8>,
    ) -> Result<Vec<u8>, String> {
        if let (Some(ciphers), Some(lock)) = (&self.ciphers, making.lock) {
            ciphers.encrypt(lock, &bound(head, key), &mut payload)?;
        }
        Ok(payload)
    }

    #[cfg(not(feature = "encryption"))]
    fn encrypt(&self, _: &Making, _: &[u8], _: &str, payload: Vec<u8>) -> Result<Vec<u8>, String> {
        Ok(payload)
    }

    /// Nothing if it was not encrypted and need not be.
    #[cfg(feature = "encryption")]
    fn decrypt(&self, parts: &Parts<'_>, key: &str) -> Result<Option<Vec<u8>>, Foreign> {
        match (&self.ciphers, parts.making.lock) {
            (None, None) => Ok(None),
            // Otherwise whoever can write to the store could do without the key.
            (Some(_), None) => Err(Foreign::Plaintext),
            (None, Some(_)) => Err(Foreign::UnknownKey),
            (Some(ciphers), Some(lock)) => {
                ciphers.decrypt(lock, &bound(parts.head, key), parts.payload).map(Some)
            }
        }
    }

    #[cfg(not(feature = "encryption"))]
    fn decrypt(&self, parts: &Parts<'_>, _: &str) -> Result<Option<Vec<u8>>, Foreign> {
        if parts.making.lock.is_some() { Err(Foreign::UnknownKey) } else { Ok(None) }
    }
}

/// What a ciphertext is bound to: all before the payload but epoch and born, whose lengths it states itself, and the key.
#[cfg(feature = "encryption")]
fn bound(head: &[u8], key: &str) -> Vec<u8> {
    [&head[..EPOCH_AT], &head[STAMPED_TO..], key.as_bytes()].concat()
}
