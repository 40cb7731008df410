use super::ask::{get, json};
use crate::{
    Error,
    web::{Problem, REQUEST_ID, RequestId, identify},
};
use axum::{
    Extension, Router,
    body::HttpBody,
    http::{HeaderValue, StatusCode, header::CONTENT_LENGTH},
    middleware::from_fn,
    response::{IntoResponse, Response},
    routing,
};
use tower::ServiceExt;

fn app() -> Router {
    Router::new()
        .route("/id", routing::get(|Extension(id): Extension<RequestId>| async move { id.to_string() }))
        .route(
            "/late",
            routing::get(|| async { Err::<(), Error<&str>>(Error::DeadlineExceeded { policy: "p".into() }) }),
        )
        .route("/own", routing::get(|| async { Problem::internal().instance("urn:mine") }))
        .route("/measured", routing::get(measured))
        .layer(from_fn(identify))
}

/// A problem whose length was written down before its instance was.
async fn measured() -> Response {
    let mut problem = Problem::internal().into_response();
    let length = problem.body().size_hint().exact().unwrap();
    problem.headers_mut().insert(CONTENT_LENGTH, length.into());
    problem
}

async fn ask(path: &str, id: Option<&[u8]>) -> Response {
    let mut request = get(path);
    if let Some(id) = id {
        request.headers_mut().insert(REQUEST_ID, HeaderValue::from_bytes(id).unwrap());
    }
    app().oneshot(request).await.unwrap()
}

#[tokio::test]
async fn a_callers_id_is_kept_and_sent_back() {
    let response = ask("/id", Some(b"7c1f-A_b.~+=")).await;
    assert_eq!(response.headers()[REQUEST_ID], "7c1f-A_b.~+=");
    let seen = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    assert_eq!(seen, "7c1f-A_b.~+=");
}

#[tokio::test]
async fn without_an_acceptable_one_an_id_is_made() {
    let long = "a".repeat(RequestId::MAX_LEN + 1);
    let unacceptable: [Option<&[u8]>; 7] = [
        None,
        Some(b""),
        Some(b"two words"),
        Some(b"</script>"),
        Some(b"a\tb"),
        Some("käse".as_bytes()),
        Some(long.as_bytes()),
    ];
    let mut made = std::collections::HashSet::new();
    for id in unacceptable {
        let response = ask("/id", id).await;
        let given = response.headers()[REQUEST_ID].to_str().unwrap().to_owned();
        assert!(given.len() == 32 && given.bytes().all(|byte| byte.is_ascii_hexdigit()), "{given}");
        assert_eq!(response.headers().get_all(REQUEST_ID).iter().count(), 1);
        made.insert(given);
    }
    assert_eq!(made.len(), unacceptable.len(), "each is another");
    assert!(RequestId::accept(&"a".repeat(RequestId::MAX_LEN)).is_some());
}

#[tokio::test]
async fn a_problem_names_the_request_it_happened_to() {
    for (path, status) in
        [("/late", StatusCode::GATEWAY_TIMEOUT), ("/measured", StatusCode::INTERNAL_SERVER_ERROR)]
    {
        let response = ask(path, Some(b"7c1f")).await;
        assert_eq!(response.status(), status);
        let length: usize = response.headers()[CONTENT_LENGTH].to_str().unwrap().parse().unwrap();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        assert_eq!(body.len(), length);
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["instance"], "7c1f");
    }
    assert_eq!(json(ask("/own", Some(b"7c1f")).await).await["instance"], "urn:mine", "unless it has one");
}
