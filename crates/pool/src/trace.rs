//! What a pool tells `tracing`, behind the feature of that name.

use std::fmt::Display;
use std::time::Duration;

use crate::leak::Leak;
use crate::sizing::Decision;

#[cfg(feature = "tracing")]
pub(crate) fn leak(pool: &str, leak: &Leak) {
    let age = leak.age;
    tracing::warn!(pool, ?age, location = %leak.location, "{leak}");
}

#[cfg(feature = "tracing")]
pub(crate) fn connect_failed(pool: &str, fault: &dyn Display) {
    tracing::warn!(pool, error = %fault, "a connect failed");
}

#[cfg(feature = "tracing")]
pub(crate) fn call_failed(pool: &str, call: &'static str, fault: &dyn Display) {
    tracing::warn!(pool, call, error = %fault, "a connection is closed: {call} failed");
}

#[cfg(feature = "tracing")]
pub(crate) fn resized(pool: &str, decision: &Decision, dry_run: bool) {
    let Decision { from, to, .. } = *decision;
    tracing::info!(pool, from, to, dry_run, "{decision}");
}

#[cfg(feature = "tracing")]
pub(crate) fn ejected(set: &str, node: &str, span: Duration) {
    tracing::warn!(set, node, ?span, "a node gets no more reads: it failed too often");
}

#[cfg(feature = "tracing")]
pub(crate) fn primary_changed(set: &str, primary: Option<&str>) {
    tracing::warn!(set, primary, "the primary has changed");
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn leak(_: &str, _: &Leak) {}

#[cfg(not(feature = "tracing"))]
pub(crate) fn connect_failed(_: &str, _: &dyn Display) {}

#[cfg(not(feature = "tracing"))]
pub(crate) fn call_failed(_: &str, _: &'static str, _: &dyn Display) {}

#[cfg(not(feature = "tracing"))]
pub(crate) fn resized(_: &str, _: &Decision, _: bool) {}

#[cfg(not(feature = "tracing"))]
pub(crate) fn ejected(_: &str, _: &str, _: Duration) {}

#[cfg(not(feature = "tracing"))]
pub(crate) fn primary_changed(_: &str, _: Option<&str>) {}
