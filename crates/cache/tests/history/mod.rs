//! Readers and writers on several nodes, and a history that every answer is checked against.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use mainstay_cache::{Cache, Delivery, Region};

pub const BOUND: Duration = Duration::from_secs(2);

type Node = (Cache, Region<u32, u32>);

/// The source of truth, and when each of its versions was acknowledged to be the least true one.
#[derive(Default)]
pub struct Truth {
    now: Mutex<HashMap<u32, u32>>,
    /// By key: least version, and since when every node must know.
    least: Mutex<HashMap<u32, Vec<(u32, Instant)>>>,
}

impl Truth {
    fn read(&self, key: u32) -> u32 {
        self.now.lock().unwrap().get(&key).copied().unwrap_or(0)
    }

    fn write(&self, key: u32) -> u32 {
        let mut now = self.now.lock().unwrap();
        let version = now.entry(key).or_insert(0);
        *version += 1;
        *version
    }

    fn acknowledged(&self, key: u32, version: u32) {
        self.least.lock().unwrap().entry(key).or_default().push((version, Instant::now()));
    }

    /// What a read that begins at `began` must at least answer, where `bound` may have passed since.
    fn least(&self, key: u32, began: Instant, bound: Duration) -> u32 {
        let least = self.least.lock().unwrap();
        let due = least.get(&key).into_iter().flatten().filter(|(_, at)| *at + bound <= began);
        due.map(|(version, _)| *version).max().unwrap_or(0)
    }
}

/// Readers on all nodes and writers on the first two, each answer checked against the history; `stop` ends it.
pub struct Load {
    stop: Arc<AtomicBool>,
    tasks: Vec<tokio::task::JoinHandle<(u64, u64)>>,
}

impl Load {
    pub fn start(nodes: &[Node], source: &Arc<Truth>, keys: u32) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut tasks = Vec::new();
        for (index, (_, values)) in nodes.iter().enumerate() {
            let (values, source, stop) = (values.clone(), source.clone(), stop.clone());
            tasks.push(tokio::spawn(async move {
                let (mut reads, mut writes) = (0, 0);
                while !stop.load(Ordering::SeqCst) {
                    let key = fastrand(keys);
                    if index < 2 && reads % 10 == 0 {
                        let version = source.write(key);
                        let delivery = values.invalidate(&key).await;
                        // Here it holds at once, whatever was answered.
                        let seen = read(&values, &source, key).await;
                        assert!(seen >= version, "key {key}: {seen} after the own invalidation of {version}");
                        if delivery == Delivery::Applied {
                            source.acknowledged(key, version);
                            writes += 1;
                        }
                    }
                    let began = Instant::now();
                    let least = source.least(key, began, BOUND);
                    let seen = read(&values, &source, key).await;
                    assert!(seen >= least, "node {index}, key {key}: {seen}, acknowledged was {least}");
                    reads += 1;
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                (reads, writes)
            }));
        }
        Self { stop, tasks }
    }

    pub async fn end(self) -> (u64, u64) {
        self.stop.store(true, Ordering::SeqCst);
        let (mut reads, mut writes) = (0, 0);
        for task in self.tasks {
            let (more_reads, more_writes) = task.await.unwrap();
            reads += more_reads;
            writes += more_writes;
        }
        (reads, writes)
    }
}

fn fastrand(below: u32) -> u32 {
    use std::hash::{BuildHasher as _, RandomState};
    u32::try_from(RandomState::new().hash_one(0) % u64::from(below)).unwrap()
}

async fn read(values: &Region<u32, u32>, source: &Arc<Truth>, key: u32) -> u32 {
    let source = source.clone();
    let load = values.get_or_load(&key, move |_| async move { Ok::<_, Infallible>(source.read(key)) });
    *load.await.unwrap()
}
