use std::{collections::BTreeMap, fmt};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{Order, Position};

/// The key cursors are signed with; never shown, `Debug` included.
#[derive(Clone)]
pub struct Secret(Hmac<Sha256>);

impl Secret {
    /// The fewest bytes a secret may have: those of SHA-256's output, below which HMAC loses strength (RFC 2104, 3).
    pub const LEAST_BYTES: usize = 32;

    /// A secret of at least [`Secret::LEAST_BYTES`] random bytes.
    ///
    /// # Errors
    ///
    /// [`CursorError::ShortSecret`] if there are fewer.
    pub fn new(bytes: impl AsRef<[u8]>) -> Result<Self, CursorError> {
        let bytes = bytes.as_ref();
        if bytes.len() < Self::LEAST_BYTES {
            return Err(CursorError::ShortSecret { bytes: bytes.len() });
        }
        // HMAC takes a key of any length; that its interface can fail is for others of its kind.
        let mac = Hmac::new_from_slice(bytes).map_err(|_| CursorError::ShortSecret { bytes: bytes.len() })?;
        Ok(Self(mac))
    }

    fn mac(&self, purpose: &[u8], message: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        mac.update(purpose);
        mac.update(message);
        mac
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Which list a cursor belongs to: its order, its filters, its tenant. A cursor opens no other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListIdentity {
    bytes: Vec<u8>,
}

impl ListIdentity {
    /// The list in this order under these filters, for this tenant.
    ///
    /// `filters` tells one set of filters *and their values* from another in whatever way the caller likes; it is not kept
    /// in the cursor. `tenant` is whose list it is; empty if there is but one.
    #[must_use]
    pub fn new(order: &Order, filters: &str, tenant: &str) -> Self {
        let mut bytes = Vec::new();
        for part in [&format!("{:?}", order.columns()), filters, tenant] {
            // The length first, so that no two triples meet by where one part ends.
            bytes.extend((part.len() as u64).to_le_bytes());
            bytes.extend(part.as_bytes());
        }
        Self { bytes }
    }
}

/// Why a cursor was not accepted, or not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CursorError {
    /// The signature does not fit: the cursor was altered, or signed with a secret that is not ours.
    #[error("the cursor's signature does not fit; start the list again")]
    Tampered,
    /// A true cursor, of another list: other filters, another order, another tenant.
    #[error("the cursor belongs to another list; start this one again")]
    WrongList,
    /// Made by another version of this format.
    #[error("the cursor has format version {version}, this is version {ours}; start the list again", ours = VERSION)]
    UnknownVersion {
        /// Its version.
        version: u8,
    },
    /// Signed with a key that is no longer (or not yet) accepted here.
    #[error("the cursor is signed with key {key}, which is not accepted here; start the list again")]
    UnknownKey {
        /// Its key's id.
        key: u8,
    },
    /// Not a cursor at all.
    #[error("this is not a cursor: {what}")]
    Malformed {
        /// What gives it away.
        what: &'static str,
    },
    /// Longer than a cursor may be.
    #[error(
        "the cursor would be {length} characters long, at most {max} are allowed; order by shorter columns or raise it"
    )]
    TooLong {
        /// Its length in characters.
        length: usize,
        /// The limit in characters.
        max: usize,
    },
    /// The secret could be guessed.
    #[error("the secret has {bytes} bytes, at least {least} are needed; draw it at random", least = Secret::LEAST_BYTES)]
    ShortSecret {
        /// How many it has.
        bytes: usize,
    },
}

const VERSION: u8 = 1;
/// Version and key id.
const HEADER: usize = 2;
const LIST: usize = 16;
const SIGNATURE: usize = 32;

/// Turns positions into signed tokens and back.
///
/// A token is URL-safe base64 of: version, key id, a digest of the list, the position, HMAC-SHA256 of all that. The values
/// in it are signed, **not** encrypted: a client can read them. Nothing of a token is parsed before its signature holds.
///
/// ```
/// use mainstay_dbopt::keyset::{
///     ColumnType, CursorError, CursorSigner, KeyColumn, ListIdentity, Order, Position, Secret,
/// };
///
/// let order = Order::new([KeyColumn::asc("id", ColumnType::Integer).unique()])?;
/// let signer = CursorSigner::new(1, Secret::new([7; 32])?);
/// let list = ListIdentity::new(&order, "suburb=Carlton", "tenant 5");
///
/// let position = Position::After(vec![Some("42".into())]);
/// let token = signer.encode(&position, &list)?;
/// assert_eq!(signer.decode(&token, &list)?, position);
///
/// let other = ListIdentity::new(&order, "suburb=Carlton", "tenant 6");
/// assert_eq!(signer.decode(&token, &other), Err(CursorError::WrongList));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct CursorSigner {
    current: u8,
    secrets: BTreeMap<u8, Secret>,
    max_length: usize,
}

impl CursorSigner {
    /// Signs and accepts with one key.
    #[must_use]
    pub fn new(key: u8, secret: Secret) -> Self {
        Self { current: key, secrets: BTreeMap::from([(key, secret)]), max_length: 4096 }
    }

    /// Accepts one more key without signing with it: the one before, while its cursors are still about, or the next one,
    /// while some nodes sign with it already. The key that signs is not replaced.
    #[must_use]
    pub fn accept(mut self, key: u8, secret: Secret) -> Self {
        self.secrets.entry(key).or_insert(secret);
        self
    }

    /// Sets the longest token made or looked at, in characters; 4096 by default.
    #[must_use]
    pub fn max_length(mut self, characters: usize) -> Self {
        self.max_length = characters;
        self
    }

    /// The token of a position in a list.
    ///
    /// # Errors
    ///
    /// [`CursorError::TooLong`] if the position's values do not fit.
    pub fn encode(&self, position: &Position, list: &ListIdentity) -> Result<String, CursorError> {
        let secret = &self.secrets[&self.current];
        let mut bytes = vec![VERSION, self.current];
        bytes.extend(digest(secret, list));
        write_position(&mut bytes, position);
        let signature = secret.mac(b"cursor", &bytes).finalize().into_bytes();
        bytes.extend(signature);
        let token = URL_SAFE_NO_PAD.encode(bytes);
        if token.len() > self.max_length {
            return Err(CursorError::TooLong { length: token.len(), max: self.max_length });
        }
        Ok(token)
    }

    /// The position a token stands for, if it was made by [`CursorSigner::encode`] for this very list.
    ///
    /// # Errors
    ///
    /// [`CursorError`], telling a forged token from one of another list, version or key.
    pub fn decode(&self, token: &str, list: &ListIdentity) -> Result<Position, CursorError> {
        if token.len() > self.max_length {
            return Err(CursorError::TooLong { length: token.len(), max: self.max_length });
        }
        let bytes = URL_SAFE_NO_PAD
            .decode(token)
            .map_err(|_| CursorError::Malformed { what: "not unpadded URL-safe base64" })?;
        let &[version, key, ..] = bytes.as_slice() else {
            return Err(CursorError::Malformed { what: "too short" });
        };
        if version != VERSION {
            return Err(CursorError::UnknownVersion { version });
        }
        let secret = self.secrets.get(&key).ok_or(CursorError::UnknownKey { key })?;
        if bytes.len() < HEADER + LIST + SIGNATURE {
            return Err(CursorError::Malformed { what: "too short" });
        }
        let (signed, signature) = bytes.split_at(bytes.len() - SIGNATURE);
        secret.mac(b"cursor", signed).verify_slice(signature).map_err(|_| CursorError::Tampered)?;
        if signed[HEADER..HEADER + LIST] != digest(secret, list) {
            return Err(CursorError::WrongList);
        }
        read_position(&signed[HEADER + LIST..])
            .ok_or(CursorError::Malformed { what: "signed, and yet no position" })
    }
}

/// Keyed, so that nobody can try tenants and filters against a token until one fits.
fn digest(secret: &Secret, list: &ListIdentity) -> [u8; LIST] {
    let whole = secret.mac(b"list", &list.bytes).finalize().into_bytes();
    let mut half = [0; LIST];
    half.copy_from_slice(&whole[..LIST]);
    half
}

fn write_position(bytes: &mut Vec<u8>, position: &Position) {
    bytes.push(match position {
        Position::Start => 0,
        Position::End => 1,
        Position::After(_) => 2,
        Position::Before(_) => 3,
    });
    for value in position.values().unwrap_or_default() {
        match value {
            None => bytes.push(0),
            Some(text) => {
                bytes.push(1);
                bytes.extend((text.len() as u64).to_le_bytes());
                bytes.extend(text.as_bytes());
            }
        }
    }
}

fn read_position(bytes: &[u8]) -> Option<Position> {
    let (kind, mut rest) = bytes.split_first()?;
    let mut values = Vec::new();
    while let Some((given, after)) = rest.split_first() {
        rest = after;
        values.push(match given {
            0 => None,
            1 => {
                let (length, after) = rest.split_first_chunk::<8>()?;
                let (text, after) =
                    after.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
                rest = after;
                Some(String::from_utf8(text.to_vec()).ok()?)
            }
            _ => return None,
        });
    }
    match kind {
        0 if values.is_empty() => Some(Position::Start),
        1 if values.is_empty() => Some(Position::End),
        2 => Some(Position::After(values)),
        3 => Some(Position::Before(values)),
        _ => None,
    }
}
