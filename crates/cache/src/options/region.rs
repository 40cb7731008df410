use std::time::Duration;

use super::{EagerRefresh, FailSafe, LayerOptions, LoadTimeouts, Problems};
use crate::codec::CodecConfig;
use crate::error::ConfigError;
use crate::ttl::Ttl;

/// What holds for the values of a region.
///
/// Options are layered: a cache's defaults ([`CacheBuilder::defaults`](crate::CacheBuilder::defaults)), a region's own
/// ([`Cache::region_with`](crate::Cache::region_with)), a call's ([`Region::with`](crate::Region::with)), each made of the one before.
/// How long a value lives is settled when it is kept; what a caller waits for and which layers are asked, when it is read.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct RegionOptions {
    /// How long a value lives, in all layers together; the *hard* time to live if there is a soft one. Where it follows a
    /// name, what the name says when the value is kept counts, and `soft_ttl` and `sliding` hold as far as they lie within
    /// it. Default 300 s.
    pub ttl: Ttl,
    /// How long a value is fresh: from then until `ttl` it is served as stale while one load behind the readers renews it,
    /// wherever it is found. A region that keeps nothing in memory loads it in the call that finds it. Default none, which is
    /// as long as `ttl`.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub soft_ttl: Option<Duration>,
    /// How long a value lives without being read, at most `ttl` in all. Default none.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub sliding: Option<Duration>,
    /// The share of its life, 0 to 0.5, by which a value's life is shortened at most, each by a random part of it: what was
    /// loaded together does not end together. Default 0.
    pub jitter: f64,
    /// How long it is remembered that there is no value. Default none: every read asks the loader again.
    #[cfg_attr(feature = "config", serde(with = "humantime_serde"))]
    pub negative_ttl: Option<Duration>,
    /// Serving old values while loads fail. Default off.
    pub fail_safe: Option<FailSafe>,
    /// Loading anew before the time is over. Default off.
    pub eager_refresh: EagerRefresh,
    /// How long callers wait. Default for ever.
    pub timeouts: LoadTimeouts,
    /// Tags that every value of the region bears beside its own. Default none.
    pub tags: Vec<String>,
    /// Which layers are asked and written. Default all.
    pub layers: LayerOptions,
    /// The version of the value's type: raise it whenever the type changes, for stored bytes do not describe themselves.
    /// Values of another schema are misses. Default 0.
    pub schema: u32,
    /// How values are stored in shared layers. Default postcard, neither compressed nor encrypted.
    pub codec: CodecConfig,
}

impl Default for RegionOptions {
    fn default() -> Self {
        Self {
            ttl: Ttl::default(),
            soft_ttl: None,
            sliding: None,
            jitter: 0.0,
            negative_ttl: None,
            fail_safe: None,
            eager_refresh: EagerRefresh::Off,
            timeouts: LoadTimeouts::default(),
            tags: Vec::new(),
            layers: LayerOptions::default(),
            schema: 0,
            codec: CodecConfig::default(),
        }
    }
}

impl RegionOptions {
    /// Sets how long a value lives: a `Duration`, or a name of a table ([`LiveTtl::get`](crate::LiveTtl::get)), which is followed.
    /// Default 300 s.
    ///
    /// ```
    /// # use mainstay_cache::{Cache, LiveTtl, RegionOptions, TtlTable};
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cache = Cache::builder("houses").build().await?;
    /// let table = LiveTtl::new(TtlTable::default())?;
    /// let searches = table.get("search_results").expect("a line of the default table");
    /// let options = RegionOptions::default().ttl(searches);
    /// let region = cache.region::<str, Vec<u64>>("search", options)?;
    /// region.set("by the sea", vec![12, 7]).await?; // lives 300 s
    /// table.set("search_results", Duration::from_secs(60))?;
    /// region.set("by the lake", vec![3]).await?; // lives 60 s
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn ttl(mut self, ttl: impl Into<Ttl>) -> Self {
        self.ttl = ttl.into();
        self
    }

    /// Sets how long a value is fresh. Default as long as it lives.
    #[must_use]
    pub fn soft_ttl(mut self, ttl: Duration) -> Self {
        self.soft_ttl = Some(ttl);
        self
    }

    /// Sets how long a value lives without being read. Default as long as it lives at all.
    #[must_use]
    pub fn sliding(mut self, idle: Duration) -> Self {
        self.sliding = Some(idle);
        self
    }

    /// Sets the share by which lives are shortened at random. Default 0.
    #[must_use]
    pub fn jitter(mut self, share: f64) -> Self {
        self.jitter = share;
        self
    }

    /// Sets how long an absence is remembered. Default not at all.
    #[must_use]
    pub fn negative_ttl(mut self, ttl: Duration) -> Self {
        self.negative_ttl = Some(ttl);
        self
    }

    /// Serves old values while loads fail. Default off.
    #[must_use]
    pub fn fail_safe(mut self, fail_safe: FailSafe) -> Self {
        self.fail_safe = Some(fail_safe);
        self
    }

    /// Lets a load that fails be seen. Default.
    #[must_use]
    pub fn no_fail_safe(mut self) -> Self {
        self.fail_safe = None;
        self
    }

    /// Sets when a value is loaded anew before its time is over. Default off.
    #[must_use]
    pub fn eager_refresh(mut self, eager: EagerRefresh) -> Self {
        self.eager_refresh = eager;
        self
    }

    /// Sets how long callers wait. Default for ever.
    #[must_use]
    pub fn timeouts(mut self, timeouts: LoadTimeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Adds a tag that every value bears. Default none.
    #[must_use]
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// Sets which layers are asked and written. Default all.
    #[must_use]
    pub fn layers(mut self, layers: LayerOptions) -> Self {
        self.layers = layers;
        self
    }

    /// Sets the version of the value's type. Default 0.
    #[must_use]
    pub fn schema(mut self, schema: u32) -> Self {
        self.schema = schema;
        self
    }

    /// Sets how values are stored in shared layers. Default postcard.
    #[must_use]
    pub fn codec(mut self, codec: CodecConfig) -> Self {
        self.codec = codec;
        self
    }

    /// Checks the ranges.
    ///
    /// # Errors
    /// Names every field that is out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let mut problems = Problems::default();
        let shown = |time: Duration| format!("{time:?}");
        problems.unless_time("ttl", self.ttl.ttl());
        problems.unless_time("soft_ttl", self.soft_ttl);
        problems.unless_time("sliding", self.sliding);
        problems.unless_time("negative_ttl", self.negative_ttl);
        // What a name says may change at any time: what is right now must not be wrong at the next start.
        let fixed = if let Ttl::Fixed(ttl) = self.ttl { Some(ttl) } else { None };
        if let (Some(soft), Some(ttl)) = (self.soft_ttl, fixed) {
            problems.unless(soft <= ttl, "soft_ttl", shown(soft), "at most `ttl`");
        }
        if let (Some(idle), Some(ttl)) = (self.sliding, fixed) {
            problems.unless(idle <= ttl, "sliding", shown(idle), "at most `ttl`");
        }
        problems.unless((0.0..=0.5).contains(&self.jitter), "jitter", self.jitter, "0 to 0.5");
        if let Some(fail_safe) = &self.fail_safe {
            fail_safe.check(fixed, &mut problems);
        }
        self.eager_refresh.check(&mut problems);
        self.timeouts.check(&mut problems);
        self.layers.check(&mut problems);
        problems.add(self.codec.validate());
        problems.into_result()
    }
}
