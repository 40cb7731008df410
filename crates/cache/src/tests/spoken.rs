//! What `tracing` hears of a cache.

use std::io;
use std::sync::{Arc, Mutex};

use tracing::{Dispatch, Level};
use tracing_subscriber::fmt::MakeWriter;

use super::stand_in::{Store, node};
use super::world::seconds;
use crate::{Delivery, MemoryConfig, RegionOptions};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Lines {
    fn subscriber(&self) -> impl tracing::Subscriber + Send + Sync + use<> {
        let subscriber = tracing_subscriber::fmt().without_time().with_ansi(false);
        subscriber.with_max_level(Level::DEBUG).with_writer(self.clone()).finish()
    }

    /// What was said since the last call.
    fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
    }
}

#[track_caller]
fn said(all: &str, words: &[&str]) {
    let found = all.lines().any(|line| words.iter().all(|word| line.contains(word)));
    assert!(found, "{words:?} in:\n{all}");
}

#[tokio::test(start_paused = true)]
async fn loads_absences_and_what_is_owed_are_spoken_of() {
    let lines = Lines::default();
    // While there is one subscriber in a process, a test on another thread that meets a span first asks its own thread for
    // one, finds none, and the span is off for everybody. With two, all are asked.
    let _another = Dispatch::new(lines.subscriber());
    let _hearing = tracing::subscriber::set_default(lines.subscriber());
    let l2 = Store::new();
    let caches = [(); 2].map(|()| node(Some(&l2), None, &MemoryConfig::default()));
    let [here, there] =
        caches.each_ref().map(|cache| cache.region::<str, u32>("k", RegionOptions::default()).unwrap());

    // What was met before there were two is remembered.
    tracing::callsite::rebuild_interest_cache();
    let load = here.get_or_load("a", |_| async {
        tracing::info!("asking the source");
        Ok::<_, &str>(1)
    });
    load.await.unwrap();
    let all = lines.take();
    said(&all, &["INFO", r#"load{cache="test" region="k" key="k:a" keys=1}"#, "asking the source"]);
    said(&all, &["DEBUG", "mainstay_cache", r#"region="k""#, "loaded"]);
    here.get_or_load("b", |_| async { Err::<u32, _>("no database") }).await.unwrap_err();
    said(&lines.take(), &["DEBUG", "a load failed"]);

    assert_eq!(there.invalidate("a").await, Delivery::Applied);
    tokio::time::sleep(seconds(1)).await;
    said(&lines.take(), &["DEBUG", "k:a", "another node's invalidation is applied"]);

    l2.set_down(true);
    assert_eq!(here.invalidate("a").await, Delivery::Queued);
    let all = lines.take();
    said(&all, &["WARN", "circuit opened", r#"name="test.l2""#]);
    said(&all, &["WARN", r#"layer="test.l2""#, "k:a", "waiting=1", "an invalidation is owed"]);
    l2.set_down(false);
    tokio::time::sleep(seconds(5)).await;
    here.get("a").await;
    said(&lines.take(), &["INFO", r#"layer="test.l2""#, "k:a", "waiting=0", "was delivered"]);

    l2.lose_everything();
    tokio::time::sleep(seconds(5)).await;
    let all = lines.take();
    said(&all, &["WARN", r#"cache="test""#, "suspect"]);
    said(&all, &["INFO", r#"cache="test""#, "after=", "resynchronised"]);
}
