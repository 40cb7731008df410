//! The second layer: texts of 512 bytes in a Redis server of this machine, read through a cache that keeps nothing in memory,
//! beside the bare commands. A text, since serde takes a `Vec<u8>` for a list of numbers and goes through it one by one.

use crate::{contest::Contest, work::made_on_tasks};
use mainstay_cache::{Cache, LayerOptions, Layers, RedisConfig, Region, RegionOptions};
use mainstay_testkit::redis::Redis;
use redis::aio::ConnectionManager;
use std::{hint::black_box, sync::Arc, time::Duration};

const TASKS: u64 = 64;
const KEYS: u64 = 20_000;
const BYTES: usize = 512;
const SERVED: &str = "a server that runs serves patient callers";
const KEPT: &str = "all values fit and outlive the run";

/// `GET` over one connection, which pipelines the commands of all tasks by itself, and the read of a typed value.
pub(super) fn l2_read_64tasks() -> Contest {
    let server = filled();
    let url = server.url();
    let mainstay = made_on_tasks(
        TASKS,
        async || (region(&server).await, Arc::clone(&server)),
        |(region, _server), count| async move {
            for key in keys(count) {
                black_box(region.get(&key).await.expect(KEPT));
            }
        },
    );
    let get = made_on_tasks(
        TASKS,
        async || (connection(&url).await, Arc::clone(&server)),
        |(mut connection, _server), count| async move {
            for key in keys(count) {
                let bytes: Vec<u8> =
                    redis::cmd("GET").arg(name(key)).query_async(&mut connection).await.expect(SERVED);
                assert_eq!(black_box(bytes).len(), BYTES);
            }
        },
    );
    Contest::new("l2_read_64tasks", mainstay).slow_throughput().peer("redis GET", get)
}

/// 64 keys by one task.
pub(super) fn get_many_64() -> Contest {
    let server = filled();
    let url = server.url();
    let mainstay = made_on_tasks(
        1,
        async || (region(&server).await, Arc::clone(&server)),
        |(region, _server), count| async move {
            for _ in 0..count {
                let values = region.get_many(&batch()).await;
                assert!(black_box(values).iter().all(Option::is_some), "{KEPT}");
            }
        },
    );
    let mget = made_on_tasks(
        1,
        async || (connection(&url).await, Arc::clone(&server)),
        |(mut connection, _server), count| async move {
            for _ in 0..count {
                let mut command = redis::cmd("MGET");
                batch().iter().for_each(|key| {
                    command.arg(name(*key));
                });
                let values: Vec<Vec<u8>> = command.query_async(&mut connection).await.expect(SERVED);
                assert_eq!(black_box(values).len(), 64);
            }
        },
    );
    Contest::new("get_many_64", mainstay).on_other_threads().peer("redis MGET", mget)
}

/// The region's values, and as many bytes under other names for the bare commands.
fn filled() -> Arc<Redis> {
    let server = Arc::new(Redis::start().expect("a server starts"));
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    runtime.block_on(async {
        let region = region(&server).await;
        let mut connection = connection(&server.url()).await;
        for chunk in (0..KEYS).collect::<Vec<_>>().chunks(1_000) {
            region
                .set_many(chunk.iter().map(|key| (key, "x".repeat(BYTES))))
                .await
                .expect("a text serialises");
            let mut pipeline = redis::pipe();
            for key in chunk {
                pipeline.cmd("SET").arg(name(*key)).arg(vec![7_u8; BYTES]).ignore();
            }
            pipeline.query_async::<()>(&mut connection).await.expect(SERVED);
        }
    });
    server
}

async fn region(server: &Redis) -> Region<u64, String> {
    let config = RedisConfig::new(server.url()).command_timeout(Duration::from_secs(10));
    let cache = Cache::builder("b").redis(config).build().await.expect(SERVED);
    let below = Layers::ALL.without(Layers::L1);
    let layers = LayerOptions::default().read(below).write(below);
    let options = RegionOptions::default().ttl(Duration::from_secs(3_600)).layers(layers);
    cache.region("house", options).expect("a valid region")
}

async fn connection(url: &str) -> ConnectionManager {
    let client = redis::Client::open(url).expect("a valid address");
    ConnectionManager::new(client).await.expect(SERVED)
}

fn name(key: u64) -> String {
    format!("bare:{key}")
}

fn keys(count: u64) -> impl Iterator<Item = u64> {
    let from = fastrand::u64(..KEYS);
    (from..from + count).map(|key| key % KEYS)
}

fn batch() -> Vec<u64> {
    let from = fastrand::u64(..KEYS - 64);
    (from..from + 64).collect()
}
