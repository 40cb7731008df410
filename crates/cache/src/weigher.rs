use std::any::Any;
use std::fmt;
use std::sync::Arc;

type Weigh = dyn Fn(&dyn Any) -> u32 + Send + Sync;

/// What a value of a region weighs. It may be the user's code, so it is asked under no lock.
#[derive(Clone)]
pub(crate) struct Weigher(Arc<Weigh>);

/// What an entry takes in memory beside its value, as the bench `entry_bytes_string` measures it.
const ENTRY_BYTES: usize = 376;

impl Weigher {
    pub(crate) fn new<V: 'static>(weigh: impl Fn(&V) -> u32 + Send + Sync + 'static) -> Self {
        Self(Arc::new(move |value| value.downcast_ref().map_or(1, &weigh)))
    }

    /// The bytes of an entry, without what the value points to.
    pub(crate) fn by_size<V>() -> Self {
        let bytes = u32::try_from(size_of::<V>() + ENTRY_BYTES).unwrap_or(u32::MAX);
        Self(Arc::new(move |_| bytes))
    }

    pub(crate) fn weigh(&self, value: &dyn Any) -> u32 {
        (self.0)(value)
    }
}

impl fmt::Debug for Weigher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Weigher")
    }
}
