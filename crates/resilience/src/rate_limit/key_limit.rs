use super::{RateLimitFuture, meter::Meter, word::Word};
use crate::{
    Attempt, Describe, Operation, Policy, PolicyExt, StartsOnce, pipeline::Stage, telemetry::Observer,
};
use std::sync::Arc;

/// The limit of one key: a policy.
pub struct KeyLimit<'l, O = ()> {
    pub(super) meter: &'l Meter<O>,
    pub(super) word: Arc<Word>,
}

impl<O> KeyLimit<'_, O> {
    /// Calls of this key that could start at once.
    pub fn available(&self) -> u64 {
        self.meter.available(&self.word)
    }
}

impl<O> std::fmt::Debug for KeyLimit<'_, O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyLimit")
            .field("name", &self.meter.id.name)
            .field("available", &self.available())
            .finish_non_exhaustive()
    }
}

impl<'p, Op: Operation, O: Observer> Policy<Op> for &'p KeyLimit<'_, O> {
    type Future = RateLimitFuture<'p, Op, O>;

    #[inline]
    fn run(self, op: Op, attempt: Attempt) -> Self::Future {
        RateLimitFuture::new(self.meter, &self.word, op, attempt)
    }
}

impl<O> PolicyExt for KeyLimit<'_, O> {}
impl<O> StartsOnce for KeyLimit<'_, O> {}

impl<O> Describe for KeyLimit<'_, O> {
    fn describe(&self, stages: &mut Vec<Stage>) {
        stages.push(self.meter.stage());
    }
}
