use crate::{Attempt, Operation, Policy};
use pin_project_lite::pin_project;
use std::{
    pin::Pin,
    task::{Context, Poll},
};

pin_project! {
    /// The future of an `Option<P>`: guarded where there is a policy, plain where there is none.
    #[project = Projected]
    #[allow(missing_debug_implementations, reason = "futures of user types")]
    #[allow(missing_docs, reason = "the macro takes no docs on a variant's fields")]
    pub enum OptionalFuture<Guarded, Plain> {
        /// Under the policy.
        Guarded { #[pin] future: Guarded },
        /// Without one.
        Plain { #[pin] future: Plain },
    }
}

impl<Output, Guarded, Plain> Future for OptionalFuture<Guarded, Plain>
where
    Guarded: Future<Output = Output>,
    Plain: Future<Output = Output>,
{
    type Output = Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Output> {
        match self.project() {
            Projected::Guarded { future } => future.poll(cx),
            Projected::Plain { future } => future.poll(cx),
        }
    }
}

impl<'p, Op: Operation, P> Policy<Op> for &'p Option<P>
where
    &'p P: Policy<Op>,
{
    type Future = OptionalFuture<<&'p P as Policy<Op>>::Future, Op::Future>;

    #[inline]
    fn run(self, op: Op, attempt: Attempt) -> Self::Future {
        match self {
            Some(policy) => OptionalFuture::Guarded { future: policy.run(op, attempt) },
            None => OptionalFuture::Plain { future: op.start(attempt) },
        }
    }
}
