use super::line::Exchange;
use super::schedule::{Fate, FaultSchedule};
use super::state::{State, UpstreamCalls};
use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// The valuation service: `GET /valuations/{id}` answers `{"id": …, "estimate": …}`, when it does.
///
/// It runs on a thread of its own, so that a busy caller does not slow it, and ends, calls under way included,
/// when dropped.
#[derive(Debug)]
pub struct Upstream {
    address: SocketAddr,
    state: Arc<State>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Upstream {
    /// Starts on a free port of 127.0.0.1, well. `prices` are by property id less one.
    ///
    /// # Errors
    ///
    /// No port or no thread is to be had.
    pub fn start(prices: Vec<i64>, schedule: FaultSchedule) -> io::Result<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        port.set_nonblocking(true)?;
        let address = port.local_addr()?;
        let state = Arc::new(State::new(prices, schedule));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let port = {
            let _context = runtime.enter();
            tokio::net::TcpListener::from_std(port)?
        };
        let exchange = Exchange { port, state: Arc::clone(&state) };
        let router = Router::new().route("/valuations/{id}", get(valuation)).with_state(Arc::clone(&state));
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::Builder::new().name("valuation-upstream".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    // Never ends by itself: accept retries.
                    _ = async { axum::serve(exchange, router).await } => {}
                    _ = stopped => {}
                }
            });
        })?;
        Ok(Self { address, state, stop: Some(stop), thread: Some(thread) })
    }

    /// Without a trailing slash.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Puts the schedule's clock and its numbering back to zero: each side's run meets the same faults.
    pub fn begin_run(&self) {
        self.state.begin(Some(Instant::now()));
    }

    /// No faults from now on, only the time an answer takes.
    pub fn be_well(&self) {
        self.state.begin(None);
    }

    /// Since the last [`begin_run`](Self::begin_run) or [`be_well`](Self::be_well).
    pub fn calls(&self) -> UpstreamCalls {
        self.state.calls()
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the server's has been printed by its thread.
            let _ = thread.join();
        }
    }
}

#[derive(Serialize)]
struct Estimate {
    id: i64,
    estimate: i64,
}

async fn valuation(Shared(state): Shared<Arc<State>>, Path(id): Path<i64>) -> Response {
    let Some(estimate) = state.estimate(id) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let fate = state.next_fate();
    tokio::time::sleep(fate.after()).await;
    match fate {
        Fate::Answer { .. } | Fate::Stall { .. } => Json(Estimate { id, estimate }).into_response(),
        Fate::Error { status, .. } => {
            StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use std::time::Duration;

    const PRICES: [i64; 3] = [500_000, 640_000, 1_200_000];

    fn upstream(run_length: Duration) -> (Upstream, FaultSchedule) {
        let schedule = FaultSchedule::drawn(42, run_length);
        (Upstream::start(PRICES.to_vec(), schedule.clone()).unwrap(), schedule)
    }

    #[tokio::test]
    async fn calls_meet_the_fates_of_their_numbers() {
        let (upstream, schedule) = upstream(Duration::from_secs(3_600));
        let http = reqwest::Client::new();
        let url = format!("{}/valuations/2", upstream.url());
        let errors: Vec<u64> =
            (0..60).filter(|sequence| matches!(schedule.fate(*sequence), Fate::Error { .. })).collect();
        let last = *errors.first().unwrap();
        // Twice: a new run begins the numbering anew.
        for _ in 0..2 {
            upstream.begin_run();
            for sequence in 0..=last {
                let status = http.get(&url).send().await.unwrap().status().as_u16();
                let expected = match schedule.fate(sequence) {
                    Fate::Error { status, .. } => status,
                    Fate::Answer { .. } | Fate::Stall { .. } => 200,
                };
                assert_eq!(status, expected, "call {sequence}");
            }
            assert_eq!((upstream.calls().total(), upstream.calls().failed), (last + 1, 1));
        }
    }

    #[tokio::test]
    async fn an_estimate_is_near_the_price_and_a_stranger_is_not_found() {
        let (upstream, _) = upstream(Duration::from_secs(3_600));
        let mut answered = 0;
        for id in [1, 2, 3, 1, 2, 3] {
            let url = format!("{}/valuations/{id}", upstream.url());
            let response = reqwest::get(url).await.unwrap();
            if response.status() != 200 {
                continue;
            }
            answered += 1;
            let body: Value = response.json().await.unwrap();
            let estimate = body["estimate"].as_i64().unwrap();
            assert_eq!(body, json!({ "id": id, "estimate": estimate }));
            let ratio = estimate as f64 / PRICES[id as usize - 1] as f64;
            assert!((0.9..=1.1).contains(&ratio), "{ratio}");
        }
        assert!(answered > 0);
        for stranger in ["0", "-1", "4", "9223372036854775807"] {
            let url = format!("{}/valuations/{stranger}", upstream.url());
            assert_eq!(reqwest::get(url).await.unwrap().status(), 404, "{stranger}");
        }
    }

    #[tokio::test]
    async fn the_outage_resets_connections_old_and_new_and_health_has_none() {
        // An outage as long as the test, so that nothing hangs on when a call is made; and no early stall.
        let schedule = (0..)
            .map(|seed| FaultSchedule::out_from_the_start(seed, Duration::from_secs(3_600)))
            .find(|schedule| (0..10).all(|sequence| matches!(schedule.fate(sequence), Fate::Answer { .. })))
            .unwrap();
        let upstream = Upstream::start(PRICES.to_vec(), schedule).unwrap();
        let url = format!("{}/valuations/1", upstream.url());
        let kept = reqwest::Client::new();
        // Twice: health ends an outage, and connections made in it do not outlive the next.
        for _ in 0..2 {
            upstream.be_well();
            assert_eq!(kept.get(&url).send().await.unwrap().status(), 200);
            assert_eq!((upstream.calls().cut, upstream.calls().answered), (0, 1));
            upstream.begin_run();
            for client in [&kept, &reqwest::Client::new()] {
                let error = client.get(&url).send().await.unwrap_err();
                assert!(error.is_request() && error.status().is_none() && !error.is_timeout(), "{error:?}");
            }
            let calls = upstream.calls();
            assert!(calls.cut >= 2 && calls.cut == calls.total(), "{calls:?}");
        }
    }

    #[tokio::test]
    async fn dropping_it_closes_the_port_at_once() {
        let (upstream, _) = upstream(Duration::from_secs(60));
        let address = upstream.address;
        drop(upstream);
        assert!(tokio::net::TcpStream::connect(address).await.is_err());
    }
}
