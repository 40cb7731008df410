//! Tens of thousands of random steps against what must always hold.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::Poll;

use futures::poll;
use mainstay_pool::{Condition, GetError, Guard, Pool};

use crate::fake::{Act, Connection, Fake, Handle, Refused, config, ms, settle};

type Get = Pin<Box<dyn Future<Output = Result<Guard<Handle>, GetError<Refused>>>>>;

fn get(pool: &Pool<Handle>) -> Get {
    let pool = pool.clone();
    Box::pin(async move { pool.get().await })
}

/// Polls in reverse, so that only the pool itself can keep the order; whoever is served must be at the head of the line.
async fn serve(line: &mut VecDeque<(u64, Get)>, context: &str) -> Vec<Guard<Handle>> {
    let mut served = Vec::new();
    let mut left = VecDeque::new();
    for (arrival, mut get) in line.drain(..).rev() {
        match poll!(get.as_mut()) {
            Poll::Ready(guard) => {
                let guard = guard.unwrap_or_else(|error| panic!("{context}: {error}"));
                served.push((arrival, guard));
            }
            Poll::Pending => left.push_front((arrival, get)),
        }
    }
    *line = left;
    if let (Some((last, _)), Some((first_left, _))) = (served.first(), line.front()) {
        assert!(last < first_left, "{context}: {last} was served while {first_left} waited");
    }
    served.into_iter().map(|(_, guard)| guard).collect()
}

async fn run(seed: u64, steps: usize) {
    let mut rng = fastrand::Rng::with_seed(seed);
    let fake = Fake::new();
    fake.set(&fake.connect, Act::Gated);
    let config = config(4).max_connecting(2).check_after(ms(3_600_000)).acquire_timeout(ms(3_600_000));
    // Half of them where connections stay with their thread and waits rely on the ticker.
    let affine = seed % 2 == 1;
    let pool = fake.pool(if affine { config.clock_resolution(ms(10)).thread_affinity(true) } else { config });
    let mut line: VecDeque<(u64, Get)> = VecDeque::new();
    let mut out: Vec<Guard<Handle>> = Vec::new();
    let mut own: Vec<Connection> = Vec::new();
    let (mut arrival, mut served) = (0, 0);
    let (mut size_before, mut suspended) = (0, false);

    for step in 0..steps {
        let op = rng.u8(0..100);
        let mut returned = None;
        match op {
            0..35 if line.len() < 12 => {
                arrival += 1;
                let waiting = pool.status().waiting;
                let mut get = get(&pool);
                match poll!(get.as_mut()) {
                    Poll::Ready(guard) => {
                        assert_eq!(
                            (waiting, suspended),
                            (0, false),
                            "seed {seed}, step {step}: passed the line"
                        );
                        out.push(guard.unwrap());
                    }
                    Poll::Pending => line.push_back((arrival, get)),
                }
            }
            // Cancels a waiter; a second later step may find it granted already, as nobody has polled it since.
            35..45 if !line.is_empty() => drop(line.remove(rng.usize(..line.len()))),
            45..75 if !out.is_empty() => returned = Some(out.swap_remove(rng.usize(..out.len()))),
            75..80 if !out.is_empty() => {
                let mut guard = out.swap_remove(rng.usize(..out.len()));
                guard.broken();
                returned = Some(guard);
            }
            80..83 if !out.is_empty() && own.len() < 4 => {
                own.push(out.swap_remove(rng.usize(..out.len())).detach());
            }
            83..86 => drop(own.pop()),
            86..90 => pool.resize(rng.usize(1..=6)).unwrap(),
            90..93 => {
                let dirty = rng.bool();
                *fake.condition.lock().unwrap() =
                    Some(if dirty { Condition::Dirty } else { Condition::Clean });
            }
            93..95 => {
                let act = if rng.bool() { Act::Fail } else { Act::Gated };
                fake.set(&fake.connect, act);
            }
            95..97 => tokio::time::advance(ms(rng.u64(1..1_000))).await,
            97 => {
                suspended = !suspended && rng.bool();
                if suspended { pool.suspend() } else { pool.resume() }
            }
            98 if rng.bool() => drop(pool.retain(|connection, _| connection.id % 3 > 0)),
            98 => pool.evict_all(),
            _ => fake.gate.add_permits(2),
        }
        drop(returned);
        let context = format!("seed {seed}, step {step}, operation {op}");
        let before = pool.status();
        assert!(suspended || before.waiting == 0 || before.idle == 0, "{context}: {before}");
        // Now and then nobody is polled, so that grants lie around for the next operations.
        if rng.u8(0..4) > 0 {
            settle().await;
            let now = serve(&mut line, &context).await;
            served += now.len();
            out.extend(now);
        }

        let status = pool.status();
        assert_eq!(status.size, status.idle + status.in_use + status.connecting, "{context}: {status}");
        assert!(status.size <= status.max + status.debt, "{context}: {status}");
        assert!(status.size <= size_before.max(status.max), "{context}: grew over its maximum: {status}");
        assert!(suspended || status.waiting == 0 || status.idle == 0, "{context}: {status}");
        assert!(out.len() <= status.in_use, "{context}: {status}");
        assert_eq!(
            fake.open(),
            status.idle + status.in_use + own.len(),
            "{context}: a connection was lost: {status}"
        );
        assert!(status.connecting <= 2, "{context}: {status}");
        size_before = status.size;
    }

    // Let everything come to rest: all waiters are served and all connections are idle.
    pool.resume();
    fake.set(&fake.connect, Act::Succeed);
    fake.gate.add_permits(1_000);
    for _ in 0..100 {
        out.clear();
        tokio::time::advance(ms(5_000)).await;
        settle().await;
        out.extend(serve(&mut line, &format!("seed {seed}, at the end")).await);
    }
    assert!(line.is_empty(), "seed {seed}: {} waiters are stranded", line.len());
    out.clear();
    settle().await;
    let status = pool.status();
    assert_eq!((status.in_use, status.waiting, status.connecting), (0, 0, 0), "seed {seed}: {status}");
    assert_eq!(fake.open(), status.idle + own.len(), "seed {seed}");
    pool.close().await;
    assert_eq!(fake.open(), own.len(), "seed {seed}");
    assert!(served > steps / 20, "seed {seed}: only {served} waiters were served, the run proves little");
}

#[tokio::test(start_paused = true)]
async fn what_must_hold_holds_after_every_one_of_forty_thousand_steps() {
    for seed in 0..8 {
        println!("seed {seed}");
        run(seed, 5_000).await;
    }
}
