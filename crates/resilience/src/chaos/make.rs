use crate::Attempt;

/// Makes what is injected; `()` makes nothing, and the call goes on undisturbed.
pub trait Make<T> {
    /// What to answer this attempt with.
    fn make(&self, attempt: Attempt) -> Option<T>;
}

impl<T> Make<T> for () {
    fn make(&self, _attempt: Attempt) -> Option<T> {
        None
    }
}

/// A closure that [makes](Make) what is injected.
#[derive(Clone, Copy)]
pub struct By<F>(pub(super) F);

impl<T, F: Fn(Attempt) -> T> Make<T> for By<F> {
    fn make(&self, attempt: Attempt) -> Option<T> {
        Some((self.0)(attempt))
    }
}

impl<F> std::fmt::Debug for By<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("By(..)")
    }
}
