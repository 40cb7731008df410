//! Through a real server and a real client, over a socket.

use crate::{
    PolicyExt, Timeout,
    timeout::{
        EndpointConfig, EndpointTimeouts, EndpointTimeoutsConfig, Tracker, TrackerConfig,
        deadline::{TIMEOUT_MS, to_millis},
    },
    web::{
        Deadline, Health, LoadShed, LoadShedConfig, REQUEST_ID, RequestId, TimeLimits, identify, limit_time,
        shed_load,
    },
};
use axum::{
    Extension, Router,
    body::Body,
    middleware::{from_fn, from_fn_with_state},
    routing,
};
use futures::{StreamExt, stream};
use reqwest::{Client, Response, StatusCode, header::RETRY_AFTER};
use serde_json::Value;
use std::{future::pending, sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::Notify};

/// Serves `app` on a free port for as long as the test runs.
async fn serve(app: Router) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    format!("http://{address}")
}

fn client() -> Client {
    Client::builder().no_proxy().build().unwrap()
}

async fn body(response: Response) -> Value {
    serde_json::from_str(&response.text().await.unwrap()).unwrap()
}

/// The whole edge, outermost last: id, shedding, limits; health beside them.
struct Edge {
    limits: Arc<TimeLimits>,
    shed: Arc<LoadShed>,
    more: Arc<Notify>,
    url: String,
}

impl Edge {
    async fn new(max_in_flight: usize) -> Self {
        let config = EndpointTimeoutsConfig::only(Duration::from_secs(60)).endpoint(EndpointConfig::new(
            "hangs",
            "/hangs",
            Duration::from_millis(30),
        ));
        let limits = Arc::new(TimeLimits::new(
            EndpointTimeouts::new("api", config).unwrap(),
            Tracker::new("api", TrackerConfig::default()).unwrap(),
        ));
        let shed =
            Arc::new(LoadShed::new("api", LoadShedConfig::default().max_in_flight(max_in_flight)).unwrap());
        let more = Arc::new(Notify::new());
        let wait = more.clone();
        let parts = move || {
            let wait = wait.clone();
            let rest = stream::once(async move {
                wait.notified().await;
                Ok::<_, std::io::Error>("rest")
            });
            async { Body::from_stream(stream::iter([Ok("first ")]).chain(rest)) }
        };
        let app = Router::new()
            .route("/id", routing::get(|Extension(id): Extension<RequestId>| async move { id.to_string() }))
            .route("/hangs", routing::get(pending::<()>))
            .route("/parts", routing::get(parts))
            .layer(from_fn_with_state(limits.clone(), limit_time))
            .layer(from_fn_with_state(shed.clone(), shed_load))
            .merge(Health::new().source(limits.clone()).source(shed.clone()).router())
            .layer(from_fn(identify));
        Self { limits, shed, more, url: serve(app).await }
    }

    async fn get(&self, path: &str) -> Response {
        client().get(format!("{}{path}", self.url)).send().await.unwrap()
    }

    /// The server hears of a client that went away when it hears of it.
    async fn emptied(&self) {
        let empty = async {
            while self.shed.in_flight() > 0 {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), empty).await.expect("a place was never given back");
    }
}

#[tokio::test]
async fn a_request_keeps_its_id_on_its_way() {
    let edge = Edge::new(8).await;
    let request = client().get(format!("{}/id", edge.url)).header(REQUEST_ID, "7c1f");
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()[REQUEST_ID], "7c1f");
    assert_eq!(response.text().await.unwrap(), "7c1f");
    let made = edge.get("/id").await;
    let header = made.headers()[REQUEST_ID].to_str().unwrap().to_owned();
    assert_eq!(made.text().await.unwrap(), header);
}

#[tokio::test]
async fn a_late_answer_is_a_problem_that_names_the_request() {
    let edge = Edge::new(8).await;
    let late = edge.get("/hangs").await;
    assert_eq!(late.status(), StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(late.headers()["content-type"], "application/problem+json");
    let id = late.headers()[REQUEST_ID].to_str().unwrap().to_owned();
    let body = body(late).await;
    assert_eq!((body["instance"].as_str(), body["status"].as_u64()), (Some(&*id), Some(504)));
    assert_eq!(edge.limits.tracker.stats("hangs").unwrap().timeouts, 1);
    edge.emptied().await;
}

/// palantir/dialogue#453: the next request is let in when the body was read, not when its head was.
#[tokio::test]
async fn a_reader_keeps_its_place_until_it_has_read_all() {
    let edge = Edge::new(1).await;
    let mut reading = edge.get("/parts").await;
    assert_eq!(reading.status(), StatusCode::OK);
    assert_eq!(reading.chunk().await.unwrap().unwrap(), "first ");
    let refused = edge.get("/id").await;
    assert_eq!(
        (refused.status(), &refused.headers()[RETRY_AFTER]),
        (StatusCode::SERVICE_UNAVAILABLE, &"1".parse().unwrap())
    );
    let alive = edge.get("/health/live").await;
    assert_eq!(alive.status(), StatusCode::OK, "a full server lives");
    edge.more.notify_one();
    assert_eq!(reading.text().await.unwrap(), "rest");
    edge.emptied().await;
    assert_eq!(edge.get("/id").await.status(), StatusCode::OK);
}

/// palantir/dialogue#453: whoever hangs up in the midst of a body frees the place.
#[tokio::test]
async fn a_reader_that_hangs_up_frees_its_place() {
    let edge = Edge::new(1).await;
    let mut reading = edge.get("/parts").await;
    reading.chunk().await.unwrap().unwrap();
    assert_eq!(edge.shed.in_flight(), 1);
    drop(reading);
    edge.emptied().await;
    assert_eq!(edge.get("/id").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn health_is_told_over_http() {
    let edge = Edge::new(8).await;
    edge.get("/hangs").await;
    let told = body(edge.get("/health/resilience").await).await;
    assert_eq!(told["sources"][0]["details"]["limits"]["hangs"]["timed_out"], 1);
    assert_eq!(body(edge.get("/health/ready").await).await["status"], "ready");
}

/// A deadline travels from a client through one service into the next, and shrinks on its way.
#[tokio::test]
async fn a_deadline_travels_from_service_to_service() {
    let far = || {
        Arc::new(TimeLimits::new(
            EndpointTimeouts::new("api", EndpointTimeoutsConfig::only(Duration::from_secs(3_600))).unwrap(),
            Tracker::new("api", TrackerConfig::default()).unwrap(),
        ))
    };
    let tell = |Extension(deadline): Extension<Deadline>| async move {
        deadline.time_left().map_or(0, |left| left.as_millis()).to_string()
    };
    let inner = Router::new().route("/", routing::get(tell)).layer(from_fn_with_state(far(), limit_time));
    let inner = serve(inner).await;

    let limit = Arc::new(Timeout::new("inner", Duration::from_secs(1_800)).unwrap());
    let client_of_inner = client();
    let pass_on = move |Extension(deadline): Extension<Deadline>| async move {
        let asked = limit.call_within(deadline.attempt(), |attempt| {
            let left = attempt.time_left().expect("both the request and the limit set one");
            client_of_inner.get(&inner).header(TIMEOUT_MS, to_millis(left)).send()
        });
        asked.await.unwrap().text().await.unwrap()
    };
    let outer = Router::new().route("/", routing::get(pass_on)).layer(from_fn_with_state(far(), limit_time));
    let outer = serve(outer).await;

    let left_inside = |request: reqwest::RequestBuilder| async move {
        request.send().await.unwrap().text().await.unwrap().parse::<u64>().unwrap()
    };
    let unlimited = left_inside(client().get(&outer)).await;
    assert!((900_000..=1_800_000).contains(&unlimited), "the limit of the call between them: {unlimited} ms");
    let hurried = left_inside(client().get(&outer).header(TIMEOUT_MS, "600000")).await;
    assert!((1..600_000).contains(&hurried), "what the client had left: {hurried} ms");
}
