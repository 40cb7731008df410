use crate::Attempt;

/// Makes a request ready for one attempt at it: writes the time left into a header, say. `()` leaves it as it is.
pub trait Prepare<Req> {
    /// Called before each attempt, with that attempt's own copy of the request.
    fn prepare(&self, request: &mut Req, attempt: Attempt);
}

impl<Req> Prepare<Req> for () {
    #[inline]
    fn prepare(&self, _request: &mut Req, _attempt: Attempt) {}
}

/// A closure as a [`Prepare`].
#[derive(Clone, Copy)]
pub struct OnAttempt<F>(pub(super) F);

impl<F> std::fmt::Debug for OnAttempt<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OnAttempt(..)")
    }
}

impl<Req, F: Fn(&mut Req, Attempt)> Prepare<Req> for OnAttempt<F> {
    #[inline]
    fn prepare(&self, request: &mut Req, attempt: Attempt) {
        (self.0)(request, attempt);
    }
}
