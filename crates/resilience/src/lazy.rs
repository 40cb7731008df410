use crate::Error;
use pin_project_lite::pin_project;
use std::{
    pin::Pin,
    task::{Context, Poll},
};

/// What makes the operation's future, once it is first polled.
pub trait Begin: Copy {
    /// The operation's own future.
    type Future;

    /// Calls the operation.
    fn begin(self) -> Self::Future;
}

pin_project! {
    /// An attempt that calls the operation when it is first polled, not before: so a policy may make the future of what is
    /// inside it where it will lie, and still decide whether to let it begin. The operation's error is lifted into
    /// [`Error::Operation`].
    #[project = Projected]
    #[allow(missing_debug_implementations, reason = "holds a future of the user's")]
    #[allow(missing_docs, reason = "the macro takes no docs on a variant's fields")]
    pub enum Lazy<B: Begin> {
        /// Not polled yet.
        Unbegun { begin: B },
        /// Polled.
        Begun { #[pin] future: B::Future },
    }
}

impl<T, E, B> Future for Lazy<B>
where
    B: Begin<Future: Future<Output = Result<T, E>>>,
{
    type Output = Result<T, Error<E>>;

    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Projected::Unbegun { begin } = self.as_mut().project() {
            let future = begin.begin();
            self.set(Self::Begun { future });
        }
        match self.project() {
            Projected::Begun { future } => future.poll(cx).map(|outcome| outcome.map_err(Error::Operation)),
            Projected::Unbegun { .. } => Poll::Pending,
        }
    }
}
