//! What a cache tells `tracing`, behind the feature of that name; the target is `mainstay_cache`.

use std::time::Duration;

use crate::layers::backlog::Revocation;

/// What the breakers of the layers are watched by.
#[cfg(feature = "tracing")]
pub(crate) type Watching = mainstay_resilience::telemetry::Tracing;
#[cfg(not(feature = "tracing"))]
pub(crate) type Watching = ();

pub(crate) fn watching() -> Watching {
    Watching::default()
}

/// Runs a load within a span of its own: what the loader says stands in it.
#[cfg(feature = "tracing")]
pub(crate) fn load<F: Future>(
    cache: &str,
    region: &str,
    keys: usize,
    key: &str,
    load: F,
) -> impl Future<Output = F::Output> {
    use tracing::Instrument as _;
    let span = tracing::debug_span!(target: "mainstay_cache", "load", cache, region, key, keys);
    load.instrument(span)
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn load<F: Future>(_: &str, _: &str, _: usize, _: &str, load: F) -> F {
    load
}

#[cfg(feature = "tracing")]
pub(crate) fn loaded(cache: &str, region: &str, took: Duration, succeeded: bool) {
    let what = if succeeded { "loaded" } else { "a load failed, panicked or was dropped" };
    tracing::debug!(target: "mainstay_cache", cache, region, ?took, "{what}");
}

#[cfg(feature = "tracing")]
pub(crate) fn suspect(cache: &str) {
    tracing::warn!(target: "mainstay_cache", cache, "suspect: an invalidation may have been missed");
}

#[cfg(feature = "tracing")]
pub(crate) fn resynchronised(cache: &str, after: Duration) {
    tracing::info!(target: "mainstay_cache", cache, ?after, "resynchronised: all that was announced is applied");
}

#[cfg(feature = "tracing")]
pub(crate) fn queued(layer: &str, what: &Revocation, waiting: usize) {
    tracing::warn!(target: "mainstay_cache", layer, ?what, waiting, "an invalidation is owed to the layer");
}

#[cfg(feature = "tracing")]
pub(crate) fn delivered(layer: &str, what: &Revocation, waiting: usize) {
    tracing::info!(target: "mainstay_cache", layer, ?what, waiting, "an owed invalidation was delivered");
}

#[cfg(feature = "tracing")]
pub(crate) fn applied(cache: &str, announcement: &crate::backplane::Announcement) {
    let (what, node) = (&announcement.what, announcement.node);
    tracing::debug!(target: "mainstay_cache", cache, ?what, node, "another node's invalidation is applied");
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn loaded(_: &str, _: &str, _: Duration, _: bool) {}

#[cfg(not(feature = "tracing"))]
pub(crate) fn suspect(_: &str) {}

#[cfg(not(feature = "tracing"))]
pub(crate) fn resynchronised(_: &str, _: Duration) {}

#[cfg(not(feature = "tracing"))]
pub(crate) fn queued(_: &str, _: &Revocation, _: usize) {}

#[cfg(not(feature = "tracing"))]
pub(crate) fn delivered(_: &str, _: &Revocation, _: usize) {}

#[cfg(not(feature = "tracing"))]
pub(crate) fn applied(_: &str, _: &crate::backplane::Announcement) {}
