use super::ask::{get, json};
use crate::web::{HealthSource, HealthStatus, LoadShed, LoadShedConfig, shed_load};
use axum::{
    Router,
    body::{Body, HttpBody},
    http::{StatusCode, header::RETRY_AFTER},
    middleware::from_fn_with_state,
    response::Response,
    routing,
};
use futures::{FutureExt, stream};
use std::{future::pending, pin::Pin, sync::Arc, time::Duration};
use tower::ServiceExt;

fn shed(config: LoadShedConfig) -> Arc<LoadShed> {
    Arc::new(LoadShed::new("api", config).unwrap())
}

fn one() -> Arc<LoadShed> {
    shed(LoadShedConfig::default().max_in_flight(1).retry_after(Duration::from_millis(1_500)))
}

async fn panics() {
    panic!("in the handler");
}

fn app(shed: &Arc<LoadShed>) -> Router {
    let parts = || async { Body::from_stream(stream::iter(["one", "two"].map(Ok::<_, std::io::Error>))) };
    let broken = || async { Body::from_stream(stream::iter([Ok("one"), Err(std::io::Error::other("cut"))])) };
    let yields = || async {
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
        "done"
    };
    Router::new()
        .route("/parts", routing::get(parts))
        .route("/broken", routing::get(broken))
        .route("/whole", routing::get(|| async { "whole" }))
        .route("/empty", routing::get(|| async {}))
        .route("/hangs", routing::get(pending::<()>))
        .route("/yields", routing::get(yields))
        .route("/panics", routing::get(panics))
        .layer(from_fn_with_state(shed.clone(), shed_load))
}

async fn ask(shed: &Arc<LoadShed>, path: &str) -> Response {
    app(shed).oneshot(get(path)).await.unwrap()
}

async fn frame(body: &mut Body) -> Option<Result<String, axum::Error>> {
    let frame = std::future::poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await;
    frame.map(|frame| frame.map(|frame| String::from_utf8(frame.into_data().unwrap().into()).unwrap()))
}

/// palantir/dialogue#453, opensovd-core#128: the head of a response is not its end.
#[tokio::test]
async fn a_place_is_held_until_the_body_has_ended() {
    let shed = one();
    let mut body = ask(&shed, "/parts").await.into_body();
    for part in ["one", "two"] {
        assert_eq!(shed.in_flight(), 1);
        assert_eq!(ask(&shed, "/whole").await.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(frame(&mut body).await.unwrap().unwrap(), part);
    }
    assert!(frame(&mut body).await.is_none());
    assert_eq!(shed.in_flight(), 0, "although the body itself is still there");
    assert_eq!(shed.shed(), 2);
}

/// palantir/dialogue#453: a body that is never read to its end gives its place back when it is dropped.
#[tokio::test]
async fn a_body_dropped_half_read_or_unread_gives_its_place_back() {
    let shed = one();
    let mut body = ask(&shed, "/parts").await.into_body();
    frame(&mut body).await.unwrap().unwrap();
    drop(body);
    assert_eq!(shed.in_flight(), 0);
    drop(ask(&shed, "/parts").await);
    assert_eq!(shed.in_flight(), 0);
}

#[tokio::test]
async fn a_body_that_fails_gives_its_place_back() {
    let shed = one();
    let mut body = ask(&shed, "/broken").await.into_body();
    frame(&mut body).await.unwrap().unwrap();
    assert_eq!(shed.in_flight(), 1);
    frame(&mut body).await.unwrap().unwrap_err();
    assert_eq!(shed.in_flight(), 0);
}

/// A server does not ask for more once a body says that it has ended.
#[tokio::test]
async fn a_body_of_one_piece_gives_its_place_back_with_it_and_none_at_once() {
    let shed = one();
    let mut body = ask(&shed, "/whole").await.into_body();
    assert_eq!((shed.in_flight(), body.size_hint().exact()), (1, Some(5)));
    assert_eq!(frame(&mut body).await.unwrap().unwrap(), "whole");
    assert_eq!((shed.in_flight(), body.is_end_stream()), (0, true));
    let empty = ask(&shed, "/empty").await;
    assert_eq!((shed.in_flight(), empty.status()), (0, StatusCode::OK));
}

#[tokio::test]
async fn those_too_many_are_told_at_once_when_to_come_back() {
    let shed = one();
    let mut hangs = app(&shed).oneshot(get("/hangs")).boxed();
    assert!(futures::poll!(&mut hangs).is_pending());
    assert_eq!((shed.status(), shed.in_flight()), (HealthStatus::Degraded, 1));
    let refused = app(&shed).oneshot(get("/whole")).now_or_never().expect("at once").unwrap();
    assert_eq!(
        (refused.status(), &refused.headers()[RETRY_AFTER]),
        (StatusCode::SERVICE_UNAVAILABLE, &"2".parse().unwrap())
    );
    let body = json(refused).await;
    assert_eq!((&body["type"], &body["retry_after"]), (&"urn:mainstay:problem:overloaded".into(), &2.into()));
    drop(hangs);
    assert_eq!((shed.status(), shed.in_flight(), shed.shed()), (HealthStatus::Healthy, 0, 1));
}

#[tokio::test]
async fn polled_k_times_then_dropped_a_request_leaves_no_place_taken() {
    let shed = one();
    for polls in 0..8 {
        let mut request = app(&shed).oneshot(get("/yields")).boxed();
        for _ in 0..polls {
            if futures::poll!(&mut request).is_ready() {
                break;
            }
            assert_eq!(shed.in_flight(), 1);
        }
        drop(request);
        assert_eq!(shed.in_flight(), 0, "after {polls} polls");
    }
}

#[tokio::test]
async fn a_panic_in_a_handler_gives_the_place_back() {
    let shed = one();
    let app = app(&shed);
    assert!(tokio::spawn(app.oneshot(get("/panics"))).await.unwrap_err().is_panic());
    assert_eq!(shed.in_flight(), 0);
}

#[tokio::test]
async fn in_shadow_mode_it_counts_and_lets_through() {
    let shed = shed(LoadShedConfig::default().max_in_flight(1).shadow(true));
    let (one, two) = (ask(&shed, "/parts").await, ask(&shed, "/parts").await);
    assert_eq!((one.status(), two.status()), (StatusCode::OK, StatusCode::OK));
    assert_eq!((shed.in_flight(), shed.shed()), (2, 1));
    drop((one, two));
    assert_eq!(shed.in_flight(), 0);
}

#[tokio::test]
async fn reconfigured_it_keeps_those_in_flight() {
    let shed = shed(LoadShedConfig::default().max_in_flight(2));
    let bodies = [ask(&shed, "/parts").await, ask(&shed, "/parts").await];
    shed.reconfigure(LoadShedConfig::default().max_in_flight(1)).unwrap();
    let [one, two] = bodies;
    drop(one);
    assert_eq!(
        ask(&shed, "/whole").await.status(),
        StatusCode::SERVICE_UNAVAILABLE,
        "one is still as many as it takes"
    );
    drop(two);
    assert_eq!(ask(&shed, "/whole").await.status(), StatusCode::OK);
    let error = shed.reconfigure(LoadShedConfig::default().max_in_flight(0)).unwrap_err();
    assert_eq!(error.to_string(), "policy `api`: max_in_flight = 0 is out of range: it must be at least 1");
    assert_eq!(shed.config().max_in_flight, 1);
}

/// However many come at once, never more than the limit are in.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn never_more_than_the_limit_are_in_flight() {
    let shed = shed(LoadShedConfig::default().max_in_flight(3));
    let tasks = (0..200).map(|_| {
        let (app, shed) = (app(&shed), shed.clone());
        tokio::spawn(async move {
            let response = app.oneshot(get("/yields")).await.unwrap();
            assert!(shed.in_flight() <= 3);
            response.status() == StatusCode::OK
        })
    });
    let served =
        futures::future::join_all(tasks).await.into_iter().filter(|served| *served.as_ref().unwrap()).count();
    assert_eq!((served as u64 + shed.shed(), shed.in_flight()), (200, 0));
    assert!(served >= 3);
}

#[cfg(feature = "config")]
#[test]
fn its_configuration_is_data() {
    let config: LoadShedConfig =
        serde_json::from_str(r#"{ "max_in_flight": 5, "retry_after": "3s" }"#).unwrap();
    assert_eq!(config, LoadShedConfig::default().max_in_flight(5).retry_after(Duration::from_secs(3)));
    serde_json::from_str::<LoadShedConfig>(r#"{ "max": 5 }"#).unwrap_err();
}
