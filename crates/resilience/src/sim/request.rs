use super::link::Link;
use crate::{Attempt, Idempotent, Lift, Operation};
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

/// A call's business with the simulated server: an operation that may be tried as often as one likes, also side by side.
#[derive(Clone, Debug)]
pub struct Request {
    pub(super) link: Link,
    pub(super) client: Arc<str>,
}

/// What goes wrong at a simulated server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// It tried, and answered with an error.
    #[error("the server failed")]
    Failed,
    /// It is not there.
    #[error("the server refused the connection")]
    Refused,
    /// Its queue was full.
    #[error("the server is overloaded")]
    Overloaded,
}

impl Request {
    /// Sends the request, at the first poll.
    ///
    /// # Errors
    /// The server's fault.
    ///
    /// # Cancel safety
    /// Dropping it is what a caller does who leaves; whether the server then stops is
    /// [`Server::finishes_abandoned`](super::Server::finishes_abandoned).
    pub fn send(&self) -> Reply {
        Reply { link: self.link.clone(), stage: Stage::Unsent }
    }

    /// The group of clients that the caller belongs to.
    pub fn client(&self) -> &str {
        &self.client
    }
}

impl Operation for Request {
    type Value = ();
    type Error = Fault;
    type Future = Lift<Reply>;

    fn start(&self, _attempt: Attempt) -> Lift<Reply> {
        Lift::new(self.send())
    }
}

impl Idempotent for Request {}

/// The server's answer, on its way.
#[derive(Debug)]
pub struct Reply {
    link: Link,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Unsent,
    Sent(u64),
    Done,
}

impl Future for Reply {
    type Output = Result<(), Fault>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let id = match self.stage {
            Stage::Unsent => match self.link.arrive() {
                Ok(id) => id,
                Err(fault) => {
                    self.stage = Stage::Done;
                    return Poll::Ready(Err(fault));
                }
            },
            Stage::Sent(id) => id,
            Stage::Done => panic!("a reply is polled after it has been given"),
        };
        let answer = self.link.poll(id, cx);
        self.stage = if answer.is_ready() { Stage::Done } else { Stage::Sent(id) };
        answer
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        if let Stage::Sent(id) = self.stage {
            self.link.leave(id);
        }
    }
}
