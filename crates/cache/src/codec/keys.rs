use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use aes_gcm::aead::{AeadInOut, Generate, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce};
use zeroize::Zeroizing;

use super::foreign::Foreign;
use super::making::Lock;
use crate::error::ConfigError;

/// The keys of AES-256-GCM by their ids: one that is written with, and any number that are still read.
///
/// To rotate without a node that cannot read another's entries: give the new key to every node with [`and`](Self::and), then
/// make it [`current`](Self::current) everywhere, and drop the old one when what it encrypted has expired. Entries of a key
/// that is not in the ring are misses. Rotate before a key has encrypted 2^32 values, for nonces are random.
///
/// The secrets are wiped from memory when the ring is dropped, are no part of its `Debug` text, and are never serialised:
/// what is written out instead is refused when it is read back. In a file a secret is 64 hexadecimal digits, as
/// `openssl rand -hex 32` prints them: `keys = [{ id = 1, secret = "…" }]`.
///
/// ```
/// use mainstay_cache::{CodecConfig, KeyRing};
///
/// # let (old, new) = ([7; 32], [8; 32]);
/// let keys = KeyRing::new(1, old).and(2, new).current(2);
/// assert!(CodecConfig::default().encryption(keys).validate().is_ok());
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct KeyRing {
    current: u32,
    keys: BTreeMap<u32, Secret>,
}

#[derive(Clone, PartialEq, Eq)]
struct Secret(Zeroizing<[u8; 32]>);

impl KeyRing {
    /// A ring of one key, which is the current one.
    #[must_use]
    pub fn new(id: u32, secret: [u8; 32]) -> Self {
        Self { current: id, keys: BTreeMap::new() }.and(id, secret)
    }

    /// Adds a key that is read; one of the same id is replaced.
    #[must_use]
    pub fn and(mut self, id: u32, secret: [u8; 32]) -> Self {
        self.keys.insert(id, Secret(Zeroizing::new(secret)));
        self
    }

    /// Sets the key that is written with.
    #[must_use]
    pub fn current(mut self, id: u32) -> Self {
        self.current = id;
        self
    }

    /// Checks that the current key is in the ring.
    ///
    /// # Errors
    /// It is not.
    pub fn validate(&self) -> Result<(), ConfigError> {
        if self.keys.contains_key(&self.current) {
            return Ok(());
        }
        Err(ConfigError::new("encryption.current", self.current, "the id of a key in the ring"))
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<&u32> = self.keys.keys().collect();
        f.debug_struct("KeyRing").field("current", &self.current).field("ids", &ids).finish()
    }
}

/// The ring with its key schedules computed.
#[derive(Clone)]
pub(super) struct Ciphers {
    current: u32,
    ciphers: Arc<BTreeMap<u32, Aes256Gcm>>,
}

impl Ciphers {
    pub(super) fn of(keys: &KeyRing) -> Self {
        let ciphers = keys.keys.iter().map(|(id, secret)| (*id, Aes256Gcm::new((&*secret.0).into())));
        Self { current: keys.current, ciphers: Arc::new(ciphers.collect()) }
    }

    /// The current key with a nonce never used before, but for a chance of 2^-32 after 2^32 of them.
    pub(super) fn lock(&self) -> Result<Lock, String> {
        let nonce = <[u8; 12]>::try_generate().map_err(|error| format!("no randomness: {error}"))?;
        Ok(Lock { key: self.current, nonce })
    }

    pub(super) fn encrypt(&self, lock: Lock, bound: &[u8], plain: &mut Vec<u8>) -> Result<(), String> {
        let cipher = self.ciphers.get(&lock.key).ok_or_else(|| format!("no key {} in the ring", lock.key))?;
        let nonce = Nonce::from(lock.nonce);
        cipher.encrypt_in_place(&nonce, bound, plain).map_err(|_| "too long to encrypt".to_owned())
    }

    pub(super) fn decrypt(&self, lock: Lock, bound: &[u8], secret: &[u8]) -> Result<Vec<u8>, Foreign> {
        let cipher = self.ciphers.get(&lock.key).ok_or(Foreign::UnknownKey)?;
        let mut plain = secret.to_vec();
        let nonce = Nonce::from(lock.nonce);
        cipher.decrypt_in_place(&nonce, bound, &mut plain).map_err(|_| Foreign::Decrypt)?;
        Ok(plain)
    }
}

impl fmt::Debug for Ciphers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ciphers").field("current", &self.current).finish_non_exhaustive()
    }
}

#[cfg(feature = "config")]
mod serde_form {
    use serde::de::{Error, Visitor};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::fmt;
    use zeroize::Zeroizing;

    use super::{KeyRing, Secret};

    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Ring {
        current: u32,
        keys: Vec<Key>,
    }

    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Key {
        id: u32,
        secret: Secret,
    }

    impl Serialize for KeyRing {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let keys = self.keys.iter().map(|(id, secret)| Key { id: *id, secret: secret.clone() }).collect();
            Ring { current: self.current, keys }.serialize(serializer)
        }
    }

    impl<'de> Deserialize<'de> for KeyRing {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let Ring { current, keys } = Ring::deserialize(deserializer)?;
            let mut ring = Self { current, keys: std::collections::BTreeMap::new() };
            for Key { id, secret } in keys {
                if ring.keys.insert(id, secret).is_some() {
                    return Err(D::Error::custom(format!("two keys have the id {id}")));
                }
            }
            Ok(ring)
        }
    }

    impl Serialize for Secret {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_str("(not shown)")
        }
    }

    impl<'de> Deserialize<'de> for Secret {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_str(Hex)
        }
    }

    struct Hex;

    impl Visitor<'_> for Hex {
        type Value = Secret;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a secret of 64 hexadecimal digits")
        }

        /// No error quotes the text: it may be most of a secret.
        fn visit_str<E: Error>(self, text: &str) -> Result<Secret, E> {
            let mut secret = Zeroizing::new([0; 32]);
            if text.len() != 2 * secret.len() {
                return Err(E::invalid_length(text.len(), &self));
            }
            for (byte, digits) in secret.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
                let digit =
                    |at: usize| char::from(digits[at]).to_digit(16).and_then(|d| u8::try_from(d).ok());
                let (Some(high), Some(low)) = (digit(0), digit(1)) else {
                    return Err(E::custom("a secret holds only hexadecimal digits"));
                };
                *byte = high << 4 | low;
            }
            Ok(Secret(secret))
        }
    }
}
