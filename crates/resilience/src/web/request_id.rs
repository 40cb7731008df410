use super::Problem;
use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};
use std::{fmt, sync::Arc};

/// The header that carries a request's id, in and out.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What a request is called in logs, problems and by other services. An extension of every request that came through
/// [`identify`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// Longer ones are not accepted.
    pub const MAX_LEN: usize = 128;

    /// An id of 32 random hexadecimal digits.
    pub fn random() -> Self {
        Self(format!("{:032x}", fastrand::u128(..)).into())
    }

    /// `id`, if it is 1 to 128 letters, digits or any of `-_.~+=`: nothing that could break out of a log line, a header or
    /// a URI.
    pub fn accept(id: &str) -> Option<Self> {
        let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~+=".contains(&byte);
        ((1..=Self::MAX_LEN).contains(&id.len()) && id.bytes().all(harmless)).then(|| Self(id.into()))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As text to keep.
    pub(super) fn shared(&self) -> Arc<str> {
        self.0.clone()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Middleware that gives every request an id: the caller's, if it is [acceptable](RequestId::accept), or a random one.
///
/// The id is an extension of the request, the header [`REQUEST_ID`] of the response, and the `instance` of a [`Problem`]
/// that has none. Put it outermost:
///
/// ```
/// # use axum::{Extension, Router, middleware::from_fn, routing::get};
/// # use mainstay_resilience::web::{RequestId, identify};
/// let app: Router = Router::new()
///     .route("/", get(|Extension(id): Extension<RequestId>| async move { format!("you are {id}") }))
///     .layer(from_fn(identify));
/// ```
pub async fn identify(mut request: Request, next: Next) -> Response {
    let callers = request.headers().get(REQUEST_ID).and_then(|id| RequestId::accept(id.to_str().ok()?));
    let id = callers.unwrap_or_else(RequestId::random);
    request.extensions_mut().insert(id.clone());
    let mut response = next.run(request).await;
    Problem::name_instance(&mut response, &id);
    // What is acceptable in an id is so in a header.
    if let Ok(header) = HeaderValue::from_str(id.as_str()) {
        response.headers_mut().insert(REQUEST_ID, header);
    }
    response
}
