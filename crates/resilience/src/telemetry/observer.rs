use super::{Event, PolicyId};
use std::sync::Arc;

/// Hears of what happens in policies; `()` hears nothing and costs nothing.
///
/// Dispatch is static: give one to a policy by its `observe`. It is called in the midst of a call, under no lock, so it
/// should be quick and must not block. A pair of observers is an observer; so are a boxed one and a shared one.
///
/// ```
/// # use mainstay_resilience::{PolicyExt, Timeout, telemetry::{Event, OnEvent}};
/// # use std::{sync::atomic::{AtomicU64, Ordering}, sync::Arc, time::Duration};
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let calls = Arc::new(AtomicU64::new(0));
/// let counting = calls.clone();
/// let limit = Timeout::new("valuer", Duration::from_secs(2)).unwrap().observe(OnEvent::new(move |_, event| {
///     if let Event::Ended(_) = event {
///         counting.fetch_add(1, Ordering::Relaxed);
///     }
/// }));
/// limit.call(|| async { Ok::<_, std::io::Error>(850_000) }).await.unwrap();
/// assert_eq!(calls.load(Ordering::Relaxed), 1);
/// # }
/// ```
pub trait Observer: Send + Sync {
    /// It was given to this policy: the moment to make what `on` needs for it.
    ///
    /// Not called on an observer behind an [`Arc`], which may be shared by many policies.
    fn attach(&mut self, policy: &PolicyId) {
        let _ = policy;
    }

    /// Something happened in the policy.
    fn on(&self, policy: &PolicyId, event: Event);
}

impl Observer for () {
    #[inline(always)]
    fn on(&self, _policy: &PolicyId, _event: Event) {}
}

impl<A: Observer, B: Observer> Observer for (A, B) {
    fn attach(&mut self, policy: &PolicyId) {
        self.0.attach(policy);
        self.1.attach(policy);
    }

    #[inline]
    fn on(&self, policy: &PolicyId, event: Event) {
        self.0.on(policy, event);
        self.1.on(policy, event);
    }
}

impl<O: Observer + ?Sized> Observer for Box<O> {
    fn attach(&mut self, policy: &PolicyId) {
        (**self).attach(policy);
    }

    #[inline]
    fn on(&self, policy: &PolicyId, event: Event) {
        (**self).on(policy, event);
    }
}

impl<O: Observer + ?Sized> Observer for Arc<O> {
    #[inline]
    fn on(&self, policy: &PolicyId, event: Event) {
        (**self).on(policy, event);
    }
}

/// A closure as an [`Observer`].
#[derive(Clone, Copy)]
pub struct OnEvent<F>(F);

impl<F: Fn(&PolicyId, Event) + Send + Sync> OnEvent<F> {
    /// Calls `on_event` for every event.
    pub fn new(on_event: F) -> Self {
        Self(on_event)
    }
}

impl<F> std::fmt::Debug for OnEvent<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OnEvent(..)")
    }
}

impl<F: Fn(&PolicyId, Event) + Send + Sync> Observer for OnEvent<F> {
    #[inline]
    fn on(&self, policy: &PolicyId, event: Event) {
        (self.0)(policy, event);
    }
}
