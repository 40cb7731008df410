//! What is told to `tracing`, by an application's own subscriber.
#![cfg(all(feature = "tracing", feature = "axum"))]

use axum::{Router, body::Body, http::Request};
use mainstay_resilience::{
    Timeout,
    timeout::{Ending, Tracker, TrackerConfig},
    web::Health,
};
use std::{
    future::{pending, ready},
    sync::{Arc, Mutex},
    time::Duration,
};
use tower::ServiceExt;
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
    subscriber::DefaultGuard,
};

/// Every event as its level, its target and its fields in order.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<String>>>);

impl Heard {
    fn listen() -> (Self, DefaultGuard) {
        let heard = Self::default();
        let listening = tracing::subscriber::set_default(heard.clone());
        (heard, listening)
    }

    fn events(&self) -> Vec<String> {
        self.0.lock().expect("nobody panics with it").clone()
    }
}

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0.push_str(&format!(" {field}={value:?}"));
    }
}

impl Subscriber for Heard {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("mainstay_resilience")
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(format!("{} {}", event.metadata().level(), event.metadata().target()));
        event.record(&mut text);
        self.0.lock().expect("nobody panics with it").push(text.0);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[tokio::test(start_paused = true)]
async fn a_slow_call_is_told_with_its_endpoint_time_and_request_id() {
    let (heard, _listening) = Heard::listen();
    let tracker = Tracker::new("api", TrackerConfig::default()).unwrap();
    tracker.record("search", Duration::from_secs(4), Ending::Answered, Some("quick".into()));
    tracker.record("search", Duration::from_secs(6), Ending::TimedOut, Some("7c1f".into()));
    let expected = "WARN mainstay_resilience::timeout message=slow call endpoint=\"search\" took_ms=6000 \
                    ending=\"timed_out\" request_id=\"7c1f\"";
    assert_eq!(heard.events(), [expected]);
}

#[tokio::test(start_paused = true)]
async fn why_a_service_is_not_ready_is_told_here_and_not_in_the_answer() {
    let (heard, _listening) = Heard::listen();
    let within = |name| Timeout::new(name, Duration::from_secs(1)).unwrap();
    let app: Router = Health::new()
        .check(within("cache"), || ready(Ok::<_, &str>(())))
        .check(within("database"), || ready(Err::<(), _>("password of admin is wrong")))
        .check(within("valuer"), pending::<Result<(), &str>>)
        .router();
    let asked = app.oneshot(Request::get("/health/ready").body(Body::empty()).unwrap()).await.unwrap();
    let body = axum::body::to_bytes(asked.into_body(), usize::MAX).await.unwrap();
    assert!(!String::from_utf8_lossy(&body).contains("password"));
    let expected = [
        "WARN mainstay_resilience::web message=not ready check=\"database\" error=\"password of admin is wrong\"",
        "WARN mainstay_resilience::web message=not ready check=\"valuer\" error=\"timeout `valuer`: no answer within 1s\"",
    ];
    assert_eq!(heard.events(), expected);
}
