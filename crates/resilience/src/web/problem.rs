use super::RequestId;
use crate::Error;
use axum::{
    body::Body,
    http::{
        HeaderValue, StatusCode,
        header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER},
    },
    response::{IntoResponse, Response},
};
use serde_json::json;
use std::{borrow::Cow, time::Duration};

/// What went wrong, as [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457) has it: an `application/problem+json`.
///
/// One made of an [`Error`] says what kind of error it was and when to come back. It names no policy and quotes no error:
/// what is inside is nobody's business outside.
///
/// ```
/// # use axum::http::StatusCode;
/// # use mainstay_resilience::{Error, web::Problem};
/// # use std::time::Duration;
/// let retry_after = Some(Duration::from_millis(1_200));
/// let full: Error<std::io::Error> = Error::RateLimited { policy: "valuer".into(), retry_after };
/// let problem = Problem::from(&full);
/// assert_eq!(problem.status, StatusCode::TOO_MANY_REQUESTS);
/// assert_eq!(problem.retry_after_secs(), Some(2));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// A URI that stands for this kind of problem.
    pub kind: Cow<'static, str>,
    /// The kind in words.
    pub title: Cow<'static, str>,
    /// The status of the response.
    pub status: StatusCode,
    /// What happened this time.
    pub detail: Cow<'static, str>,
    /// Which request it happened to. Default: the id that [`identify`](super::identify) gave it.
    pub instance: Option<Cow<'static, str>>,
    /// When it may be worth calling again. Sent in whole seconds, rounded up, as a member and as `Retry-After`.
    pub retry_after: Option<Duration>,
}

/// The kinds of problem that errors of policies are: status, `urn:mainstay:problem:…`, title, detail.
type Kind = (StatusCode, &'static str, &'static str, &'static str);

const CIRCUIT_OPEN: Kind = (
    StatusCode::SERVICE_UNAVAILABLE,
    "urn:mainstay:problem:circuit-open",
    "Dependency unavailable",
    "A service this request needs is failing and is not being called for now.",
);
const BULKHEAD_FULL: Kind = (
    StatusCode::SERVICE_UNAVAILABLE,
    "urn:mainstay:problem:bulkhead-full",
    "Too many requests at once",
    "All places for requests of this kind are taken.",
);
const SHED: Kind = (
    StatusCode::SERVICE_UNAVAILABLE,
    "urn:mainstay:problem:overloaded",
    "Overloaded",
    "The request was turned away to protect those already running.",
);
const RATE_LIMITED: Kind = (
    StatusCode::TOO_MANY_REQUESTS,
    "urn:mainstay:problem:rate-limited",
    "Too many requests",
    "More requests came than are allowed in this time.",
);
const TIMEOUT: Kind = (
    StatusCode::GATEWAY_TIMEOUT,
    "urn:mainstay:problem:timeout",
    "No answer in time",
    "The request took longer than it may take and was given up.",
);
const DEADLINE_EXCEEDED: Kind = (
    StatusCode::GATEWAY_TIMEOUT,
    "urn:mainstay:problem:deadline-exceeded",
    "Deadline exceeded",
    "The time the caller gave this request was over.",
);
const INTERNAL: Kind = (
    StatusCode::INTERNAL_SERVER_ERROR,
    "urn:mainstay:problem:internal",
    "Internal error",
    "The request could not be served.",
);

impl Problem {
    /// A problem with this status. `kind` is a URI, `title` the kind in words, `detail` what happened this time.
    pub fn new(
        status: StatusCode,
        kind: impl Into<Cow<'static, str>>,
        title: impl Into<Cow<'static, str>>,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        let (kind, title, detail) = (kind.into(), title.into(), detail.into());
        Self { kind, title, status, detail, instance: None, retry_after: None }
    }

    fn of_kind((status, kind, title, detail): Kind) -> Self {
        Self::new(status, kind, title, detail)
    }

    /// An internal error, about which nothing is said.
    pub fn internal() -> Self {
        Self::of_kind(INTERNAL)
    }

    /// The problem that `error` is; of the operation's own error, the one that `operation` makes of it.
    ///
    /// ```
    /// # use axum::http::StatusCode;
    /// # use mainstay_resilience::{Error, web::Problem};
    /// # enum Fault { NoSuchHome, Database(String) }
    /// let missing = Error::Operation(Fault::NoSuchHome);
    /// let problem = Problem::of(&missing, |fault| match fault {
    ///     Fault::NoSuchHome => Problem::new(StatusCode::NOT_FOUND, "about:blank", "Not Found", "There is no such home."),
    ///     Fault::Database(_) => Problem::internal(),
    /// });
    /// assert_eq!(problem.status, StatusCode::NOT_FOUND);
    /// ```
    pub fn of<E>(error: &Error<E>, operation: impl FnOnce(&E) -> Self) -> Self {
        let kind = match error {
            Error::Operation(error) => return operation(error),
            Error::RetriesExhausted { last: error, .. } | Error::FallbackFailed { error, .. } => {
                return Self::of(error, operation);
            }
            Error::CircuitOpen { .. } => CIRCUIT_OPEN,
            Error::BulkheadFull { .. } => BULKHEAD_FULL,
            Error::Shed { .. } => SHED,
            Error::RateLimited { .. } => RATE_LIMITED,
            Error::Timeout { .. } => TIMEOUT,
            Error::DeadlineExceeded { .. } => DEADLINE_EXCEEDED,
            Error::Misconfigured { .. } => INTERNAL,
        };
        Self { retry_after: error.retry_after(), ..Self::of_kind(kind) }
    }

    /// Sets which request it happened to: a URI, or an id as it can stand in one.
    #[must_use]
    pub fn instance(mut self, instance: impl Into<Cow<'static, str>>) -> Self {
        self.instance = Some(instance.into());
        self
    }

    /// Sets when it may be worth calling again.
    #[must_use]
    pub fn retry_after(mut self, after: impl Into<Option<Duration>>) -> Self {
        self.retry_after = after.into();
        self
    }

    /// [`retry_after`](Self::retry_after) in whole seconds, rounded up, so that nobody comes too early.
    pub fn retry_after_secs(&self) -> Option<u64> {
        self.retry_after.map(|after| after.as_secs().saturating_add(u64::from(after.subsec_nanos() > 0)))
    }

    fn body(&self) -> Body {
        let mut body = json!({
            "type": self.kind,
            "title": self.title,
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        if let Some(instance) = &self.instance {
            body["instance"] = json!(instance);
        }
        if let Some(after) = self.retry_after_secs() {
            body["retry_after"] = json!(after);
        }
        Body::from(body.to_string())
    }

    /// Writes the request's id into a response that is a problem without an instance.
    pub(super) fn name_instance(response: &mut Response, id: &RequestId) {
        // Encoded on its way here, the body is what its headers say and must stay so.
        if response.headers().contains_key(CONTENT_ENCODING) {
            return;
        }
        let Some(problem) = response.extensions_mut().remove::<Self>() else { return };
        if problem.instance.is_none() {
            let problem = problem.instance(id.as_str().to_owned());
            response.headers_mut().remove(CONTENT_LENGTH);
            *response.body_mut() = problem.body();
        }
    }
}

impl<E> From<&Error<E>> for Problem {
    /// [`Problem::of`], where the operation's own error is [`internal`](Problem::internal).
    fn from(error: &Error<E>) -> Self {
        Self::of(error, |_| Self::internal())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(self.body());
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(after) = self.retry_after_secs() {
            headers.insert(RETRY_AFTER, HeaderValue::from(after));
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl<E> IntoResponse for Error<E> {
    /// As a [`Problem`], so that a handler may answer `Result<_, Error<E>>`.
    fn into_response(self) -> Response {
        Problem::from(&self).into_response()
    }
}
