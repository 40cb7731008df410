mod health;
mod identity;
#[cfg(feature = "tower")]
mod layered;
mod limits;
mod problems;
mod server;
mod shedding;

use axum::{body::Body, http::Request, response::Response};
use serde_json::Value;

fn get(path: &str) -> Request<Body> {
    Request::builder().uri(path).body(Body::empty()).unwrap()
}

async fn json(response: Response) -> Value {
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    serde_json::from_slice(&body).unwrap()
}
