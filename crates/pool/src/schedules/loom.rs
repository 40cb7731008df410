//! `RUSTFLAGS="--cfg mainstay_loom" cargo test -p mainstay-pool --release --lib loom_`

use loom::{sync::Arc, thread};

use super::harness::{Held, Pool};
use crate::state::State;

fn one_out() -> (Arc<Pool>, Held) {
    let (pool, mut held) = Pool::with_all_out(1);
    (pool, held.remove(0))
}

fn spawn(pool: &Arc<Pool>, act: impl FnOnce(&Pool) + 'static) -> thread::JoinHandle<()> {
    let pool = Arc::clone(pool);
    thread::spawn(move || act(&pool))
}

/// bb8#122, #154, #164: a return between the look and the queueing woke nobody.
#[test]
fn loom_a_return_against_a_caller_who_queues_is_never_missed() {
    loom::model(|| {
        let (pool, held) = one_out();
        let returning = spawn(&pool, |pool| pool.put(held));
        let got = pool.get().expect("nobody closes the pool");
        returning.join().unwrap();
        assert_eq!(pool.counts(), (0, 1, 0));
        pool.put(got);
        assert_eq!(pool.counts(), (1, 0, 0));
    });
}

/// sqlx#83, sqlx#620: a wake-up that went to a cancelled waiter was lost.
#[test]
fn loom_a_waiter_who_leaves_while_being_granted_passes_the_connection_on() {
    loom::model(|| {
        let (pool, held) = one_out();
        let leaver = pool.wait();
        let leaving = spawn(&pool, move |pool| pool.leave(&leaver));
        let returning = spawn(&pool, |pool| pool.put(held));
        let got = pool.get().expect("nobody closes the pool");
        leaving.join().unwrap();
        returning.join().unwrap();
        assert_eq!(pool.counts(), (0, 1, 0));
        drop(got);
    });
}

/// deadpool 0.13.1 handed out more than the maximum after a shrink and a growth (compare deadpool#380).
#[test]
fn loom_a_shrink_against_returns_leaves_what_is_allowed() {
    loom::model(|| {
        let (pool, mut held) = Pool::with_all_out(2);
        let (first, second) = (held.remove(0), held.remove(0));
        let shrinking = spawn(&pool, |pool| {
            pool.transition(|state, later| state.resize(1, later)).unwrap();
        });
        let returning = spawn(&pool, |pool| pool.put(first));
        pool.put(second);
        shrinking.join().unwrap();
        returning.join().unwrap();
        let status = pool.status();
        assert_eq!((status.idle, status.in_use, status.max, status.debt), (1, 0, 1, 0));
    });
}

#[test]
fn loom_closing_against_a_get_and_a_return_strands_nobody_and_keeps_nothing() {
    loom::model(|| {
        let (pool, held) = one_out();
        let closing = spawn(&pool, |pool| pool.transition(State::close));
        let returning = spawn(&pool, |pool| pool.put(held));
        if let Some(got) = pool.get() {
            pool.put(got);
        }
        closing.join().unwrap();
        returning.join().unwrap();
        assert_eq!(pool.counts(), (0, 0, 0));
    });
}

#[test]
fn loom_a_suspension_against_a_return_strands_nobody() {
    loom::model(|| {
        let (pool, held) = one_out();
        let suspending = spawn(&pool, |pool| {
            pool.transition(|state, _| state.suspend());
            pool.transition(|state, _| state.resume());
        });
        let returning = spawn(&pool, |pool| pool.put(held));
        let got = pool.get().expect("nobody closes the pool");
        suspending.join().unwrap();
        returning.join().unwrap();
        assert_eq!(pool.counts(), (0, 1, 0));
        drop(got);
    });
}

/// One connection out of a magazine that is open.
fn one_out_of_a_magazine() -> (Arc<Pool>, Held) {
    let (pool, mut held) = Pool::affine_with_all_out(1);
    pool.leave_with_thread(held.remove(0), 0);
    let held = pool.take_own(0).expect("it has stayed with the thread");
    (pool, held)
}

/// A connection that is laid down with its thread while another caller joins the line would lie there unseen.
#[test]
fn loom_nobody_waits_beside_a_connection_that_stays_with_a_thread() {
    loom::model(|| {
        let (pool, held) = one_out_of_a_magazine();
        let returning = spawn(&pool, |pool| pool.leave_with_thread(held, 0));
        let got = pool.get().expect("nobody closes the pool");
        returning.join().unwrap();
        assert_eq!(pool.counts(), (0, 1, 0));
        pool.leave_with_thread(got, 1);
        assert_eq!(pool.counts(), (1, 0, 0));
    });
}

#[test]
fn loom_a_thread_and_a_caller_who_waits_share_one_connection() {
    loom::model(|| {
        let (pool, mut held) = Pool::affine_with_all_out(1);
        pool.leave_with_thread(held.remove(0), 0);
        let taking = spawn(&pool, |pool| {
            if let Some(held) = pool.take_own(0) {
                pool.leave_with_thread(held, 0);
            }
        });
        let got = pool.get().expect("nobody closes the pool");
        taking.join().unwrap();
        assert_eq!(pool.counts(), (0, 1, 0));
        drop(got);
    });
}

#[test]
fn loom_closing_against_a_return_to_a_thread_keeps_nothing() {
    loom::model(|| {
        let (pool, held) = one_out_of_a_magazine();
        let closing = spawn(&pool, |pool| pool.transition(State::close));
        pool.leave_with_thread(held, 0);
        closing.join().unwrap();
        assert!(pool.take_own(0).is_none());
        assert_eq!(pool.counts(), (0, 0, 0));
    });
}

#[test]
fn loom_a_shrink_against_returns_to_threads_leaves_what_is_allowed() {
    loom::model(|| {
        let (pool, mut held) = Pool::affine_with_all_out(2);
        let (first, second) = (held.remove(0), held.remove(0));
        let shrinking = spawn(&pool, |pool| {
            pool.transition(|state, later| state.resize(1, later)).unwrap();
        });
        let returning = spawn(&pool, |pool| pool.leave_with_thread(first, 0));
        pool.leave_with_thread(second, 1);
        shrinking.join().unwrap();
        returning.join().unwrap();
        let status = pool.status();
        assert_eq!((status.idle, status.in_use, status.max, status.debt), (1, 0, 1, 0));
    });
}
