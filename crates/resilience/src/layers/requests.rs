/// Where the attempts of a call get their requests from.
pub trait Requests {
    /// What the service takes.
    type Request;

    /// The request of the next attempt.
    fn next(&mut self) -> Self::Request;
}

/// A clone for each attempt.
#[derive(Debug)]
pub struct RepeatedRequest<Req>(Req);

impl<Req> RepeatedRequest<Req> {
    pub(super) fn new(request: Req) -> Self {
        Self(request)
    }
}

impl<Req: Clone> Requests for RepeatedRequest<Req> {
    type Request = Req;

    fn next(&mut self) -> Req {
        self.0.clone()
    }
}

/// The request itself, for the only attempt there is.
#[derive(Debug)]
pub struct OneRequest<Req>(Option<Req>);

impl<Req> OneRequest<Req> {
    pub(super) fn new(request: Req) -> Self {
        Self(Some(request))
    }
}

impl<Req> Requests for OneRequest<Req> {
    type Request = Req;

    fn next(&mut self) -> Req {
        self.0.take().expect("a policy that implements `StartsOnce` starts its operation at most once")
    }
}
