use crate::work::on_runtime;
use std::{
    future::{Ready, ready},
    hint::black_box,
    time::Duration,
};

#[derive(Clone, Debug)]
pub(super) struct Failed;

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("failed")
    }
}

impl std::error::Error for Failed {}

pub(super) const SECOND: Duration = Duration::from_secs(1);

/// What is guarded: ready at once, opaque to the optimiser.
pub(super) fn operation(i: u64) -> Ready<Result<u64, Failed>> {
    ready(Ok(black_box(i)))
}

/// The operation without a guard.
pub(super) fn raw() -> impl FnMut(u64) -> Duration {
    on_runtime((), async |(), i| {
        black_box(operation(i).await.is_ok());
    })
}
