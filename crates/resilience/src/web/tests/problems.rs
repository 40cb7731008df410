use super::ask::json;
use crate::{Error, FailureKind, ShedReason, StoppedBy, web::Problem};
use axum::{
    http::{
        StatusCode,
        header::{CONTENT_TYPE, RETRY_AFTER},
    },
    response::IntoResponse,
};
use std::time::Duration;

const SECRET: &str = "connection to 10.0.0.7 as admin refused";

fn exhausted(last: Error<&'static str>) -> Error<&'static str> {
    Error::RetriesExhausted {
        policy: SECRET.into(),
        attempts: 3,
        stopped_by: StoppedBy::Attempts,
        last: Box::new(last),
    }
}

/// Every variant: the status, the kind, when to come back; and nothing of what is inside.
#[tokio::test]
async fn every_error_has_its_status_and_none_says_what_is_inside() {
    let policy = || SECRET.into();
    let soon = Some(Duration::from_millis(1_001));
    let open = || Error::CircuitOpen {
        policy: policy(),
        retry_after: soon,
        last_failure: Some(FailureKind::Timeout),
    };
    let cases = [
        (Error::Operation(SECRET), 500, "internal", None),
        (open(), 503, "circuit-open", Some(2)),
        (
            Error::CircuitOpen { policy: policy(), retry_after: None, last_failure: None },
            503,
            "circuit-open",
            None,
        ),
        (Error::Timeout { policy: policy(), after: Duration::from_secs(7) }, 504, "timeout", None),
        (
            Error::BulkheadFull { policy: policy(), limit: 7, queued: 7, waited: Duration::ZERO },
            503,
            "bulkhead-full",
            None,
        ),
        (
            Error::RateLimited { policy: policy(), retry_after: Some(Duration::from_secs(3)) },
            429,
            "rate-limited",
            Some(3),
        ),
        (
            Error::Shed {
                policy: policy(),
                reason: ShedReason::Overdue,
                retry_after: Some(Duration::from_nanos(1)),
            },
            503,
            "overloaded",
            Some(1),
        ),
        (Error::DeadlineExceeded { policy: policy() }, 504, "deadline-exceeded", None),
        (exhausted(Error::Operation(SECRET)), 500, "internal", None),
        (exhausted(Error::Timeout { policy: policy(), after: Duration::ZERO }), 504, "timeout", None),
        (exhausted(exhausted(open())), 503, "circuit-open", Some(2)),
    ];
    for (error, status, kind, retry_after) in cases {
        let said = error.to_string();
        let response = Problem::from(&error).into_response();
        assert_eq!(response.status().as_u16(), status, "{said}");
        assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
        let header =
            response.headers().get(RETRY_AFTER).map(|value| value.to_str().unwrap().parse().unwrap());
        assert_eq!(header, retry_after, "{said}");
        let body = json(response).await;
        let text = body.to_string();
        for inside in [SECRET, "10.0.0.7", "admin", "7"] {
            assert!(!text.contains(inside), "{text} tells of {inside}");
        }
        assert_eq!(body["type"], format!("urn:mainstay:problem:{kind}"));
        assert_eq!(body["status"], status);
        assert_eq!(body["retry_after"].as_u64(), retry_after);
        assert!(body["title"].is_string() && body["detail"].is_string());
        let members = 4 + usize::from(retry_after.is_some());
        assert_eq!(body.as_object().unwrap().len(), members, "{text}");
    }
}

#[test]
fn the_longest_wait_saturates() {
    let problem = Problem::internal().retry_after(Duration::MAX);
    assert_eq!(problem.retry_after_secs(), Some(u64::MAX));
    assert_eq!(problem.into_response().headers()[RETRY_AFTER], u64::MAX.to_string().as_str());
}

#[tokio::test]
async fn the_operations_own_error_is_the_users_to_map() {
    let teapot =
        |_: &&str| Problem::new(StatusCode::IM_A_TEAPOT, "about:blank", "I'm a teapot", "Short and stout.");
    for error in [Error::Operation("teapot"), exhausted(Error::Operation("teapot"))] {
        let response = Problem::of(&error, teapot).instance("kitchen").into_response();
        assert_eq!(response.status(), StatusCode::IM_A_TEAPOT);
        let expected = serde_json::json!({
            "type": "about:blank", "title": "I'm a teapot", "status": 418, "detail": "Short and stout.",
            "instance": "kitchen",
        });
        assert_eq!(json(response).await, expected);
    }
}
