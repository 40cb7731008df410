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
