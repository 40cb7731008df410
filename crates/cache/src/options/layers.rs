use std::fmt;
use std::time::Duration;

use super::Problems;
use crate::entry::Source;

/// A set of layers.
///
/// ```
/// use mainstay_cache::Layers;
///
/// let shared = Layers::L2 | Layers::L3;
/// assert!(shared.contains(Layers::L3) && !shared.contains(Layers::L1));
/// assert_eq!(Layers::ALL.without(Layers::L1), shared);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Layers(u8);

impl Layers {
    /// No layer.
    pub const NONE: Self = Self(0);
    /// The memory of this process.
    pub const L1: Self = Self(1);
    /// Redis.
    pub const L2: Self = Self(2);
    /// The SQL layer.
    pub const L3: Self = Self(4);
    /// Every layer there is.
    pub const ALL: Self = Self(7);

    /// Whether all of `other` are among these.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// These but not those of `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    fn names(self) -> impl Iterator<Item = &'static str> {
        let all = [("l1", Self::L1), ("l2", Self::L2), ("l3", Self::L3)];
        all.into_iter().filter(move |(_, layer)| self.contains(*layer)).map(|(name, _)| name)
    }
}

impl std::ops::BitOr for Layers {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Debug for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

/// As a list of names: `["l1", "l2"]`.
#[cfg(feature = "config")]
impl serde::Serialize for Layers {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.names())
    }
}

#[cfg(feature = "config")]
impl<'de> serde::Deserialize<'de> for Layers {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = Vec::<String>::deserialize(deserializer)?;
        names.iter().try_fold(Self::NONE, |layers, name| match name.as_str() {
            "l1" => Ok(layers | Self::L1),
            "l2" => Ok(layers | Self::L2),
            "l3" => Ok(layers | Self::L3),
            other => Err(serde::de::Error::unknown_variant(other, &["l1", "l2", "l3"])),
        })
    }
}

/// Which layers a region uses, and how long each keeps its values at most.
///
/// Invalidations are told to every layer whatever is set here.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct LayerOptions {
    /// Layers that are asked. Default all.
    pub read: Layers,
    /// Layers that keep what was loaded, set or promoted. Default all.
    pub write: Layers,
    /// Longest stay in memory before the layers below are asked again. Default none.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub l1_ttl: Option<Duration>,
    /// Longest stay in Redis. Default none.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub l2_ttl: Option<Duration>,
    /// Longest stay in the SQL layer. Default none.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub l3_ttl: Option<Duration>,
}

impl Default for LayerOptions {
    fn default() -> Self {
        Self { read: Layers::ALL, write: Layers::ALL, l1_ttl: None, l2_ttl: None, l3_ttl: None }
    }
}

impl LayerOptions {
    /// Sets the layers that are asked. Default all.
    #[must_use]
    pub fn read(mut self, layers: Layers) -> Self {
        self.read = layers;
        self
    }

    /// Sets the layers that keep values. Default all.
    #[must_use]
    pub fn write(mut self, layers: Layers) -> Self {
        self.write = layers;
        self
    }

    /// Sets the longest stay in memory. Default none.
    #[must_use]
    pub fn l1_ttl(mut self, ttl: Duration) -> Self {
        self.l1_ttl = Some(ttl);
        self
    }

    /// Sets the longest stay in Redis. Default none.
    #[must_use]
    pub fn l2_ttl(mut self, ttl: Duration) -> Self {
        self.l2_ttl = Some(ttl);
        self
    }

    /// Sets the longest stay in the SQL layer. Default none.
    #[must_use]
    pub fn l3_ttl(mut self, ttl: Duration) -> Self {
        self.l3_ttl = Some(ttl);
        self
    }

    pub(crate) fn reads(&self, source: Source) -> bool {
        self.read.contains(source.layers())
    }

    pub(crate) fn writes(&self, source: Source) -> bool {
        self.write.contains(source.layers())
    }

    /// When a layer is to forget what expires then.
    pub(crate) fn expiry_in(&self, source: Source, expires_ms: u64, now_ms: u64) -> u64 {
        let cap = match source {
            Source::L2 => self.l2_ttl,
            Source::L3 => self.l3_ttl,
            Source::L1 | Source::Loader => None,
        };
        cap.map_or(expires_ms, |cap| {
            expires_ms.min(now_ms.saturating_add(u64::try_from(cap.as_millis()).unwrap_or(u64::MAX)))
        })
    }

    pub(super) fn check(&self, problems: &mut Problems) {
        problems.unless_time("layers.l1_ttl", self.l1_ttl);
        problems.unless_time("layers.l2_ttl", self.l2_ttl);
        problems.unless_time("layers.l3_ttl", self.l3_ttl);
    }
}
