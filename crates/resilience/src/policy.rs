use crate::{Attempt, Operation, operation::Outcome};
use std::sync::Arc;

/// A rule for running operations, implemented for *references* to policies: `&Timeout`, `&CircuitBreaker`, `&(A, B)`.
///
/// That is what lets a pipeline name its future, which borrows its policies (nothing is boxed, cloned or spawned for a
/// call), lets each policy put its own bounds on an operation's value and error, and keeps `Send` inferable inside
/// `tokio::spawn` also where policies and closures are themselves borrowed.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a policy for `{Op}`",
    note = "a pipeline is a policy, a reference or `Arc` to one, or a tuple of 1 to 12 of them, outermost first",
    note = "a classifier must take the operation's own value and error types"
)]
pub trait Policy<Op: Operation>: Copy {
    /// The guarded call.
    type Future: Future<Output = Outcome<Op>>;

    /// Wraps `op`. Permits are taken at the first poll of the future, never here.
    fn run(self, op: Op, attempt: Attempt) -> Self::Future;
}

impl<'a, Op: Operation, P> Policy<Op> for &&'a P
where
    &'a P: Policy<Op>,
{
    type Future = <&'a P as Policy<Op>>::Future;

    #[inline]
    fn run(self, op: Op, attempt: Attempt) -> Self::Future {
        (*self).run(op, attempt)
    }
}

impl<'p, Op: Operation, P> Policy<Op> for &'p Arc<P>
where
    &'p P: Policy<Op>,
{
    type Future = <&'p P as Policy<Op>>::Future;

    #[inline]
    fn run(self, op: Op, attempt: Attempt) -> Self::Future {
        (&**self).run(op, attempt)
    }
}

/// No policy: the operation as it is.
impl<Op: Operation> Policy<Op> for &() {
    type Future = Op::Future;

    #[inline]
    fn run(self, op: Op, attempt: Attempt) -> Self::Future {
        op.start(attempt)
    }
}
