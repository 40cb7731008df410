use crate::{Attempt, Error, Policy};

/// What every guarded call answers.
pub type Outcome<Op> = Result<<Op as Operation>::Value, Error<<Op as Operation>::Error>>;

/// Something that can be attempted, again if need be.
///
/// [`PolicyExt::call`](crate::PolicyExt::call) makes one of a closure; a policy around an operation is one too
/// ([`Nested`]), which is all that a pipeline is.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be attempted by a policy",
    note = "pass a closure that can be called again: `Fn() -> impl Future<Output = Result<T, E>>`"
)]
pub trait Operation {
    /// What a success carries.
    type Value;
    /// The operation's own error.
    type Error;
    /// One attempt.
    type Future: Future<Output = Outcome<Self>>;

    /// Whether it can be started again after a future of it was dropped without having been polled. Default yes.
    const RESTARTS: bool = true;

    /// Makes the future of an attempt. Nothing may happen, and nothing be taken from anybody, before it is first polled: it
    /// is made before the policies around it have decided whether to poll it at all.
    fn start(&self, attempt: Attempt) -> Self::Future;
}

/// An operation with a policy around it.
#[derive(Clone, Copy)]
pub struct Nested<P, Op> {
    pub(crate) policy: P,
    pub(crate) op: Op,
}

impl<P, Op> std::fmt::Debug for Nested<P, Op> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Nested(..)")
    }
}

impl<P: Policy<Op>, Op: Operation + Clone> Operation for Nested<P, Op> {
    type Value = Op::Value;
    type Error = Op::Error;
    type Future = P::Future;
    const RESTARTS: bool = Op::RESTARTS;

    #[inline]
    fn start(&self, attempt: Attempt) -> P::Future {
        self.policy.run(self.op.clone(), attempt)
    }
}

/// An operation that may run more than once, and more than once at a time, to the same effect: what a hedge asks for.
///
/// A policy around one is one too. [`PolicyExt::call_idempotent`](crate::PolicyExt::call_idempotent) makes one of a closure.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not known to be idempotent",
    note = "a hedge runs copies of a call side by side: if that is safe, call with `call_idempotent` instead of `call`"
)]
pub trait Idempotent: Operation {}

impl<P: Policy<Op>, Op: Idempotent + Clone> Idempotent for Nested<P, Op> {}

/// An operation whose caller vouches that it is [`Idempotent`].
#[derive(Clone, Copy, Debug)]
pub struct AssertIdempotent<Op>(pub(crate) Op);

impl<Op: Operation> Operation for AssertIdempotent<Op> {
    type Value = Op::Value;
    type Error = Op::Error;
    type Future = Op::Future;
    const RESTARTS: bool = Op::RESTARTS;

    #[inline]
    fn start(&self, attempt: Attempt) -> Op::Future {
        self.0.start(attempt)
    }
}

impl<Op: Operation> Idempotent for AssertIdempotent<Op> {}
