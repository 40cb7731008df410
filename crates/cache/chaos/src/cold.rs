//! Several processes, many callers, one key that nobody has: how often it is loaded.

use std::collections::BTreeSet;
use std::error::Error;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use mainstay_cache::{Cache, RedisConfig, RegionOptions};
use mainstay_testkit::redis::Redis;
use redis::AsyncCommands as _;

const LOADS: &str = "cold:loads";
/// The process that loads, as the loader itself says.
const LOADER: &str = "cold:loader";
/// A machine that is busy with other things must not look like a Redis that is gone.
const PATIENCE: Duration = Duration::from_secs(30);

/// What came of it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Cold {
    /// How often the loader ran, counted in Redis.
    pub loads: u64,
    /// Callers that were answered, in all processes that lived.
    pub answered: usize,
    /// The different answers.
    pub values: BTreeSet<u64>,
    /// From the first call to the last answer.
    pub took: Duration,
}

/// Starts `processes` of `program`, this crate's own, lets `callers` tasks in each ask for one cold key at once, and kills
/// the one that loads if so wished.
///
/// # Errors
/// Redis or a process cannot be started, or a process says something unheard of.
pub fn processes(
    program: &Path,
    processes: usize,
    callers: usize,
    kill: bool,
) -> Result<Cold, Box<dyn Error>> {
    let redis = Redis::start()?;
    let start = || {
        let mut command = Command::new(program);
        command.args(["cold-process", &redis.url(), &callers.to_string()]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map(Running)
    };
    let mut running = (0..processes).map(|_| start()).collect::<Result<Vec<_>, _>>()?;
    let mut outputs = Vec::new();
    for process in &mut running {
        let mut output = BufReader::new(process.0.stdout.take().ok_or("its output is piped")?);
        expect(&mut output, "ready")?;
        outputs.push(output);
    }
    let began = Instant::now();
    for process in &mut running {
        process.0.stdin.as_mut().ok_or("its input is piped")?.write_all(b"go\n")?;
    }
    let mut connection = redis::Client::open(redis.url())?.get_connection()?;
    let mut killed = None;
    if kill {
        let pid = loop {
            if let Some(pid) = redis::cmd("GET").arg(LOADER).query::<Option<u32>>(&mut connection)? {
                break pid;
            }
            if began.elapsed() > PATIENCE {
                return Err("nobody loads".into());
            }
            thread::sleep(Duration::from_millis(2));
        };
        let at = running.iter().position(|process| process.0.id() == pid).ok_or("a stranger loads")?;
        running[at].0.kill()?;
        killed = Some(at);
    }
    let (mut answered, mut values) = (0, BTreeSet::new());
    for (at, output) in outputs.iter_mut().enumerate() {
        if killed == Some(at) {
            continue;
        }
        let said = expect(output, "answered ")?;
        let mut words = said.split_whitespace().map(str::parse::<u64>);
        answered += usize::try_from(words.next().ok_or("it names no count")??)?;
        values.extend(words.collect::<Result<Vec<u64>, _>>()?);
    }
    let took = began.elapsed();
    let loads = redis::cmd("GET").arg(LOADS).query(&mut connection)?;
    Ok(Cold { loads, answered, values, took })
}

/// Ended with the test, however it ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _gone_already = self.0.kill();
        let _reaped = self.0.wait();
    }
}

fn expect(output: &mut impl BufRead, word: &str) -> Result<String, Box<dyn Error>> {
    let mut line = String::new();
    output.read_line(&mut line)?;
    let rest =
        line.strip_prefix(word).ok_or_else(|| format!("`{word}` was awaited, and it says `{line}`"))?;
    Ok(rest.to_owned())
}

/// One of the processes: says `ready`, waits for a line, calls, and says how many were answered and with what.
///
/// # Errors
/// Redis is not there, or a call failed.
pub async fn process(url: &str, callers: usize) -> Result<(), Box<dyn Error>> {
    let config = RedisConfig::new(url)
        .command_timeout(PATIENCE)
        .connect_timeout(PATIENCE)
        .lease(Duration::from_secs(3))
        .patience(PATIENCE);
    let cache = Cache::builder("cold").redis(config).build().await?;
    let values = cache.region::<str, u64>("k", RegionOptions::default())?;
    let counter = redis::Client::open(url)?.get_multiplexed_async_connection().await?;
    println!("ready");
    tokio::task::spawn_blocking(|| io::stdin().lock().read_line(&mut String::new())).await??;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..callers {
        let (values, mut counter) = (values.clone(), counter.clone());
        calls.spawn(async move {
            let load = values.get_or_load("cold", |_| async move {
                let count: u64 = counter.incr(LOADS, 1).await?;
                let _: () = counter.set(LOADER, std::process::id()).await?;
                tokio::time::sleep(Duration::from_millis(1_500)).await;
                Ok::<_, redis::RedisError>(count)
            });
            load.await.map(|value| *value).map_err(|error| error.to_string())
        });
    }
    let (mut answered, mut different) = (0, BTreeSet::new());
    while let Some(call) = calls.join_next().await {
        different.insert(call??);
        answered += 1;
    }
    let different: Vec<String> = different.iter().map(u64::to_string).collect();
    println!("answered {answered} {}", different.join(" "));
    Ok(())
}
