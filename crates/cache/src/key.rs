mod plain;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use serde::Serialize;
use serde_json::Value;
use unicode_normalization::UnicodeNormalization;
use xxhash_rust::xxh3::xxh3_128;

use plain::is_plain;

/// A key that renders to canonical text.
///
/// Two keys are the same entry exactly if they render alike; text from outside goes through [`KeyText::component`], so that
/// it can forge neither a separator nor a glob.
pub trait CacheKey: Send + Sync {
    /// Writes the key.
    fn render(&self, text: &mut KeyText);

    /// Whether the text is complete, so that the region's name is not put before it. Default no.
    fn is_whole(&self) -> bool {
        false
    }

    /// What [`render`](Self::render) would write, where that can be told without writing it: a lookup in memory is cheaper
    /// then. Never of a [whole](Self::is_whole) key. Default [`Probe::Rendered`], which is always right.
    fn probe(&self) -> Probe<'_> {
        Probe::Rendered
    }
}

/// How a key may be looked up in memory; see [`CacheKey::probe`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Probe<'k> {
    /// By its rendering.
    Rendered,
    /// It renders to the decimal form of this number.
    Number(u64),
    /// It renders to exactly this text.
    Text(&'k str),
}

impl<'k> Probe<'k> {
    /// The probe of a key that renders to this text as one component.
    #[inline]
    #[must_use]
    pub fn component(text: &'k str) -> Self {
        if is_plain(text) { Self::Text(text) } else { Self::Rendered }
    }
}

/// The text of a key while it is written.
#[derive(Debug, Default)]
pub struct KeyText(String);

impl KeyText {
    /// Writes one component: Unicode NFC, with separators, globs, braces, blanks and control characters as `%XX`.
    pub fn component(&mut self, text: &str) {
        if is_plain(text) {
            self.0.push_str(text);
            return;
        }
        if text.is_ascii() {
            // Composed as it stands.
            text.chars().for_each(|c| self.escaped(c));
        } else {
            text.nfc().for_each(|c| self.escaped(c));
        }
    }

    fn escaped(&mut self, c: char) {
        const HEX: [char; 16] =
            ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
        let special = matches!(c, ':' | '*' | '?' | '[' | ']' | '\\' | '%' | '{' | '}' | '^' | '!');
        if special || c.is_whitespace() || c.is_control() {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                self.0.extend(['%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
            }
        } else {
            self.0.push(c);
        }
    }

    /// Writes the separator between components.
    pub fn separator(&mut self) {
        self.0.push(':');
    }

    fn plain(&mut self, text: fmt::Arguments<'_>) {
        // Writing to a String does not fail.
        let _ = self.0.write_fmt(text);
    }
}

thread_local! {
    static SCRATCH: Cell<String> = const { Cell::new(String::new()) };
}

const SCRATCH_KEPT: usize = 4_096;

/// Renders into a buffer that the thread keeps, so that looking up a key allocates nothing.
pub(crate) fn with_rendered<K, R>(prefix: &str, key: &K, look: impl FnOnce(&str) -> R) -> R
where
    K: CacheKey + ?Sized,
{
    let mut text = KeyText(SCRATCH.take());
    text.0.clear();
    if !key.is_whole() {
        text.0.push_str(prefix);
    }
    key.render(&mut text);
    let found = look(&text.0);
    if text.0.capacity() <= SCRATCH_KEPT {
        SCRATCH.set(text.0);
    }
    found
}

impl CacheKey for str {
    fn render(&self, text: &mut KeyText) {
        text.component(self);
    }

    #[inline]
    fn probe(&self) -> Probe<'_> {
        Probe::component(self)
    }
}

impl CacheKey for String {
    fn render(&self, text: &mut KeyText) {
        text.component(self);
    }

    #[inline]
    fn probe(&self) -> Probe<'_> {
        Probe::component(self)
    }
}

impl<K: CacheKey + ?Sized> CacheKey for &K {
    fn render(&self, text: &mut KeyText) {
        (**self).render(text);
    }

    fn is_whole(&self) -> bool {
        (**self).is_whole()
    }

    #[inline]
    fn probe(&self) -> Probe<'_> {
        (**self).probe()
    }
}

impl CacheKey for bool {
    fn render(&self, text: &mut KeyText) {
        text.plain(format_args!("{self}"));
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl CacheKey for $number {
            fn render(&self, text: &mut KeyText) {
                text.0.push_str(itoa::Buffer::new().format(*self));
            }

            #[inline]
            fn probe(&self) -> Probe<'_> {
                u64::try_from(*self).map_or(Probe::Rendered, Probe::Number)
            }
        }
    )*};
}
numbers!(u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize);

macro_rules! joined {
    ($first:ident $($rest:ident)+) => {
        impl<$first: CacheKey, $($rest: CacheKey),+> CacheKey for ($first, $($rest),+) {
            fn render(&self, text: &mut KeyText) {
                #[expect(non_snake_case, reason = "a tuple's parts are named by their types")]
                let ($first, $($rest),+) = self;
                $first.render(text);
                $(text.separator(); $rest.render(text);)+
            }
        }
    };
}
joined!(A B);
joined!(A B C);
joined!(A B C D);

/// A complete key, as [`CacheKeyBuilder`] makes it: used as it stands in whatever region.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(String);

impl Key {
    pub(crate) fn rendered(text: String) -> Self {
        Self(text)
    }

    /// The rendered text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl CacheKey for Key {
    fn render(&self, text: &mut KeyText) {
        text.0.push_str(&self.0);
    }

    fn is_whole(&self) -> bool {
        true
    }
}

/// Makes deterministic, canonical keys.
///
/// The order of a map's fields, the form of a float (`1` and `1.0`, `-0.0` and `0`) and the Unicode form of a text do not
/// matter; two different inputs meet only if 128 bits of hash collide.
///
/// ```
/// use mainstay_cache::CacheKeyBuilder;
/// use serde_json::json;
///
/// assert_eq!(CacheKeyBuilder::property("123").as_str(), "property:123");
/// assert_eq!(
///     CacheKeyBuilder::property_list(&json!({"beds": 3, "suburb": "Manly"}), 1, 20),
///     CacheKeyBuilder::property_list(&json!({"suburb": "Manly", "beds": 3.0}), 1, 20),
/// );
/// let key = CacheKeyBuilder::new("report").component("North Sydney").hash(&["a", "b"]).build();
/// assert!(key.as_str().starts_with("report:North%20Sydney:"));
/// ```
#[derive(Debug)]
pub struct CacheKeyBuilder(KeyText);

impl CacheKeyBuilder {
    /// Begins a key with its first component.
    #[must_use]
    pub fn new(first: &str) -> Self {
        let mut text = KeyText::default();
        text.component(first);
        Self(text)
    }

    /// Adds a component.
    #[must_use]
    pub fn component(mut self, part: impl CacheKey) -> Self {
        self.0.separator();
        part.render(&mut self.0);
        self
    }

    /// Adds the hash of a value's canonical form, in 32 hexadecimal digits.
    #[must_use]
    pub fn hash<T: Serialize + ?Sized>(mut self, value: &T) -> Self {
        self.0.separator();
        self.0.plain(format_args!("{:032x}", xxh3_128(canonical(value).as_bytes())));
        self
    }

    /// The finished key.
    #[must_use]
    pub fn build(self) -> Key {
        Key(self.0.0)
    }

    /// `property:<id>`.
    #[must_use]
    pub fn property(id: &str) -> Key {
        Self::new("property").component(id).build()
    }

    /// `properties:list:<hash of filters>:<page>:<size>`.
    #[must_use]
    pub fn property_list<F: Serialize + ?Sized>(filters: &F, page: u32, size: u32) -> Key {
        Self::new("properties").component("list").hash(filters).component(page).component(size).build()
    }

    /// `search:<user>:<hash of query>:<page>`.
    #[must_use]
    pub fn search_results<Q: Serialize + ?Sized>(query: &Q, user: &str, page: u32) -> Key {
        Self::new("search").component(user).hash(query).component(page).build()
    }

    /// `aggregate:<kind>:<hash of filters>`.
    #[must_use]
    pub fn aggregate<F: Serialize + ?Sized>(kind: &str, filters: &F) -> Key {
        Self::new("aggregate").component(kind).hash(filters).build()
    }
}

/// One text for one meaning. A value that JSON cannot hold (a map with keys that are no strings) falls back to the error's
/// text plus its type, which keeps it apart from every value.
fn canonical<T: Serialize + ?Sized>(value: &T) -> String {
    let mut out = String::new();
    match serde_json::to_value(value) {
        Ok(value) => write_canonical(&value, &mut out),
        Err(error) => {
            let _ = write!(out, "!{}:{error}", std::any::type_name::<T>());
        }
    }
    out
}

fn write_canonical(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push('n'),
        Value::Bool(yes) => out.push(if *yes { 't' } else { 'f' }),
        Value::Number(number) => {
            let _ = match (number.as_i128(), number.as_f64()) {
                (Some(whole), _) => write!(out, "#{whole}"),
                // Whole floats are written as the integer they equal; beyond 2^53 all floats are whole and still exact here.
                #[expect(clippy::cast_possible_truncation, reason = "within the range just checked")]
                (None, Some(float)) if float.fract() == 0.0 && float.abs() < 1e38 => {
                    write!(out, "#{}", float as i128)
                }
                (None, Some(float)) => write!(out, "#{float:e}"),
                (None, None) => write!(out, "#{number}"),
            };
        }
        Value::String(text) => write_text(text, out),
        Value::Array(items) => {
            let _ = write!(out, "[{}:", items.len());
            for item in items {
                write_canonical(item, out);
            }
        }
        Value::Object(fields) => {
            // Sorted by the normalised name, whatever serde_json's own map order is.
            let sorted: BTreeMap<String, &Value> =
                fields.iter().map(|(name, value)| (name.nfc().collect(), value)).collect();
            let _ = write!(out, "{{{}:", sorted.len());
            for (name, value) in sorted {
                write_text(&name, out);
                write_canonical(value, out);
            }
        }
    }
}

/// Length first, so that no text can pretend to be structure.
fn write_text(text: &str, out: &mut String) {
    let text: String = text.nfc().collect();
    let _ = write!(out, "\"{}:{text}", text.len());
}
