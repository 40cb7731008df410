use shuttle::rand::{Rng, thread_rng};
use shuttle::sync::Arc;
use shuttle::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use shuttle::{check_pct, check_random, thread};

use super::harness::{Held, Pool};

const TASKS: usize = 8;
const SIZE: usize = 2;
const ROUNDS: usize = 6;

/// Eight tasks at two connections: they take, hold, return, break off their waits and resize, in an order that the schedule draws.
fn eight_tasks() {
    eight_tasks_at(Pool::with_all_out(SIZE), false);
}

/// The same on two threads that connections may stay with.
fn eight_tasks_on_two_threads() {
    eight_tasks_at(Pool::affine_with_all_out(SIZE), true);
}

fn eight_tasks_at((pool, held): (Arc<Pool>, Vec<Held>), affine: bool) {
    held.into_iter().for_each(|live| pool.put(live));
    let most = Arc::new(AtomicUsize::new(0));
    let out = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let thread = task % 2;
            let (pool, out, most) = (Arc::clone(&pool), Arc::clone(&out), Arc::clone(&most));
            thread::spawn(move || {
                for _ in 0..ROUNDS {
                    match thread_rng().gen_range(0..8) {
                        0 => {
                            let ticket = pool.wait_if_none_is_idle();
                            thread::yield_now();
                            if let Some(ticket) = ticket {
                                pool.leave(&ticket);
                            }
                        }
                        1 => {
                            pool.transition(|state, later| state.resize(SIZE, later)).unwrap();
                        }
                        _ => {
                            let own = affine.then(|| pool.take_own(thread)).flatten();
                            let got = own.or_else(|| pool.get()).expect("nobody closes the pool");
                            most.fetch_max(out.fetch_add(1, SeqCst) + 1, SeqCst);
                            thread::yield_now();
                            out.fetch_sub(1, SeqCst);
                            thread::yield_now();
                            if affine {
                                pool.leave_with_thread(got, thread);
                            } else {
                                pool.put(got);
                            }
                        }
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.join().unwrap();
    }
    assert!(most.load(SeqCst) <= SIZE, "{} were out of {SIZE}", most.load(SeqCst));
    assert_eq!(pool.counts(), (SIZE, 0, 0), "nothing is lost and nobody is stranded");
}

#[test]
fn shuttle_eight_tasks_share_two_connections_in_random_schedules() {
    check_random(eight_tasks, 2_000);
}

#[test]
fn shuttle_eight_tasks_share_two_connections_in_adversarial_schedules() {
    check_pct(eight_tasks, 2_000, 3);
}

#[test]
fn shuttle_eight_tasks_on_two_threads_share_two_connections() {
    check_random(eight_tasks_on_two_threads, 2_000);
    check_pct(eight_tasks_on_two_threads, 2_000, 3);
}
