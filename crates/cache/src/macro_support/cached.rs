use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{CacheKey, LoadContext, LoadError, Region};

/// What a function returns that is cached in a region of `V`, taken apart.
#[diagnostic::on_unimplemented(
    message = "a function that is cached in this region cannot return `{Self}`",
    label = "must be `Arc<V>` or `Result<Arc<V>, E>` for the region's `V`, or `V` or `Result<V, E>` if `V: Clone`"
)]
pub trait Cached<V>: Sized {
    /// What the body answers.
    type Answer;
    /// What the body may fail with.
    type Error;

    /// The body's answer as a loader gives it.
    fn loaded(answer: Self::Answer) -> Result<V, Self::Error>;

    /// What the function returns.
    fn returned(loaded: Result<Arc<V>, Self::Error>) -> Self;
}

// The four do not overlap: no type is its own `Arc` or its own `Result`.

impl<V, E> Cached<V> for Result<Arc<V>, E> {
    type Answer = Result<V, E>;
    type Error = E;

    fn loaded(answer: Self::Answer) -> Result<V, E> {
        answer
    }

    fn returned(loaded: Self) -> Self {
        loaded
    }
}

impl<V: Clone, E> Cached<V> for Result<V, E> {
    type Answer = Self;
    type Error = E;

    fn loaded(answer: Self) -> Self {
        answer
    }

    fn returned(loaded: Result<Arc<V>, E>) -> Self {
        loaded.map(Arc::unwrap_or_clone)
    }
}

impl<V> Cached<V> for Arc<V> {
    type Answer = V;
    type Error = Infallible;

    fn loaded(answer: V) -> Result<V, Infallible> {
        Ok(answer)
    }

    fn returned(loaded: Result<Self, Infallible>) -> Self {
        let Ok(value) = loaded;
        value
    }
}

impl<V: Clone> Cached<V> for V {
    type Answer = Self;
    type Error = Infallible;

    fn loaded(answer: Self) -> Result<Self, Infallible> {
        Ok(answer)
    }

    fn returned(loaded: Result<Arc<Self>, Infallible>) -> Self {
        let Ok(value) = loaded;
        Arc::unwrap_or_clone(value)
    }
}

/// Names the type of what the body answers; never called.
pub fn answer<R, K: ?Sized, V>(_region: &Region<K, V>) -> R::Answer
where
    R: Cached<V>,
{
    unreachable!("stands behind `if false`")
}

/// Whether a region's value is an error that is to be kept for a shorter time.
pub fn is_error<T, E>(value: &Result<T, E>) -> bool {
    value.is_err()
}

/// A call of a cached function: every `#[cacheable]` reads by this one.
///
/// `body` is polled only if nobody has the value. `describe` then says for how long it is kept, and under which tags.
///
/// # Cancel safety
/// As [`Region::get_or_load`].
pub async fn cached<R, K, V, F, D>(region: &Region<K, V>, key: &K, when: bool, body: F, describe: D) -> R
where
    R: Cached<V>,
    K: CacheKey + ?Sized,
    V: Serialize + DeserializeOwned + Send + Sync + 'static,
    F: Future<Output = R::Answer>,
    D: FnOnce(&V, &LoadContext),
{
    if !when {
        return R::returned(R::loaded(body.await).map(Arc::new));
    }
    let mut body = pin!(body);
    let loaded = {
        let body = &mut body;
        let loader = |cx: LoadContext| async move {
            let value = R::loaded(body.as_mut().await)?;
            describe(&value, &cx);
            Ok(value)
        };
        // The body borrows the function's arguments.
        region.get_or_load_borrowed(key, loader).await
    };
    match loaded {
        Ok(value) => R::returned(Ok(value)),
        Err(LoadError::Loader { source, .. }) => R::returned(Err(source)),
        // A timeout, or no budget for the load: what the cache does not wait for, the function does, and nothing is kept.
        Err(_) => R::returned(R::loaded(body.await).map(Arc::new)),
    }
}
