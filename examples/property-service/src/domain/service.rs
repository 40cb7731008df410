use super::{Answer, Failure, Request, Telemetry};
use std::future::Future;

/// One side of the comparison. Both answer the same requests from the same data.
pub trait Service: Send + Sync + 'static {
    /// Dropping the future cancels the call.
    fn handle(&self, request: &Request) -> impl Future<Output = Result<Answer, Failure>> + Send;

    /// Counts since the service was made; cheap enough to sample four times a second.
    fn telemetry(&self) -> Telemetry;
}
