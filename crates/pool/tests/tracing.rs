//! What `tracing` is told, in a program of its own: who listens is global.
#![cfg(feature = "tracing")]
#![allow(clippy::unwrap_used, missing_docs)]

use std::fmt::{Debug, Write};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mainstay_pool::monitor::Timings;
use mainstay_pool::sizing::{AdaptiveConfig, Sizer};
use mainstay_pool::{Manager, Pool, PoolConfig};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Keeps every event as one line.
#[derive(Clone, Default)]
struct Events(Arc<Mutex<Vec<String>>>);

impl Events {
    fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, "{}={value:?} ", field.name()).unwrap();
    }
}

impl Subscriber for Events {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("mainstay_pool")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[derive(Default)]
struct Fragile {
    away: Arc<AtomicBool>,
}

#[derive(Debug, thiserror::Error)]
#[error("server is away")]
struct Away;

impl Manager for Fragile {
    type Connection = ();
    type Error = Away;

    async fn connect(&self) -> Result<(), Away> {
        if self.away.load(SeqCst) { Err(Away) } else { Ok(()) }
    }

    async fn check(&self, (): &mut ()) -> Result<(), Away> {
        self.connect().await
    }
}

#[tokio::test(start_paused = true)]
async fn leaks_dead_connections_failed_connects_and_sizes_are_told() {
    let events = Events::default();
    tracing::subscriber::set_global_default(events.clone()).unwrap();
    let manager = Fragile::default();
    let away = Arc::clone(&manager.away);
    let second = Duration::from_secs(1);
    let config = PoolConfig::testing().min(0).leak_after(Some(second)).acquire_timeout(second).seed(1);
    let pool = Pool::new("fragile", manager, config).unwrap();

    let (held, line) = (pool.get().await.unwrap(), line!());
    tokio::time::sleep(second * 3).await;
    let told = events.all();
    assert_eq!(told.len(), 1, "{told:?}");
    for part in ["pool=\"fragile\"", "tracing.rs", &line.to_string(), "has been out for"] {
        assert!(told[0].contains(part), "{told:?} lacks {part}");
    }

    drop(held);
    tokio::time::sleep(second).await;
    away.store(true, SeqCst);
    assert!(pool.get().await.is_err());
    let told = events.all();
    assert!(told[1].contains("check failed") && told[1].contains("error=server is away"), "{told:?}");
    assert!(told[2].contains("a connect failed") && told[2].contains("error=server is away"), "{told:?}");

    away.store(false, SeqCst);
    let timings = Arc::new(Timings::default());
    let sizing = AdaptiveConfig::default().dry_run(true);
    let sizer = Sizer::start(&pool, timings, sizing).unwrap();
    sizer.decisions().changed().await.unwrap();
    let told = events.all().pop().unwrap();
    for part in ["pool=\"fragile\"", "from=5", "dry_run=true", "connections: the callers can use"] {
        assert!(told.contains(part), "{told:?} lacks {part}");
    }
}
