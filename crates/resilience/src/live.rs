use arc_swap::ArcSwap;
use std::sync::Arc;

/// A configuration that can be exchanged while calls run; each call sees one whole configuration or the other.
///
/// What a hot path needs of it is kept beside it in an atomic of the policy's own.
#[derive(Debug)]
pub(crate) struct Live<C>(ArcSwap<C>);

impl<C> Live<C> {
    pub(crate) fn new(config: C) -> Self {
        Self(ArcSwap::from_pointee(config))
    }

    /// For a look in passing.
    pub(crate) fn read(&self) -> impl std::ops::Deref<Target = Arc<C>> {
        self.0.load()
    }

    /// To keep.
    pub(crate) fn get(&self) -> Arc<C> {
        self.0.load_full()
    }

    pub(crate) fn set(&self, config: C) {
        self.0.store(Arc::new(config));
    }
}
