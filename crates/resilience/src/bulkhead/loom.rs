//! Every interleaving of two or three callers at the places and their line.

use super::{
    Discipline, Priority,
    line::{Rules, Ticket, Turn},
    places::{Entry, Places},
    priority::Shares,
};
use loom::{sync::Arc, thread};
use std::task::Waker;
use tokio::time::Instant;

fn places(limit: usize, max_queued: usize) -> Arc<Places> {
    let rules = Rules { max_queued, discipline: Discipline::Fifo, shadow: false };
    Arc::new(Places::new(limit, Shares::WHOLE, rules))
}

/// Enters as a call does: the fast path, and then the line.
fn enter(places: &Places) -> Entry {
    if places.try_enter() {
        Entry::Entered
    } else {
        places.enter(Priority::Normal, Instant::now(), Waker::noop())
    }
}

fn granted(places: &Places, ticket: &Ticket) -> bool {
    places.turn(ticket, Waker::noop()) == Turn::Granted
}

/// Leaves, once its turn has come if it waits; whether that was so.
fn come_through(places: &Places, entry: Entry) -> bool {
    match entry {
        Entry::Entered => {
            places.leave();
            true
        }
        Entry::Queued(ticket) => {
            let granted = granted(places, &ticket);
            places.give_up(&ticket);
            granted
        }
        other => panic!("there was room for all in line: {other:?}"),
    }
}

fn resize(places: &Places, limit: usize) {
    places.set_limit(limit);
    places.grant_all();
}

fn running_and_queued(places: &Places) -> (usize, usize) {
    let counts = places.counts();
    (counts.running, counts.queued)
}

#[test]
fn loom_no_wake_up_is_lost_between_leaving_and_joining_the_line() {
    loom::model(|| {
        let places = places(1, 2);
        assert!(places.try_enter());
        let other = places.clone();
        let leaves = thread::spawn(move || other.leave());
        let entry = enter(&places);
        leaves.join().expect("no panic");
        // The only place is free, so it is ours, at once or by grant.
        assert!(come_through(&places, entry));
        assert_eq!(running_and_queued(&places), (0, 0));
        assert!(places.try_enter(), "and the fast path is open again");
    });
}

#[test]
fn loom_no_more_run_than_there_are_places() {
    loom::model(|| {
        let places = places(1, 2);
        let inside = Arc::new(loom::sync::atomic::AtomicUsize::new(0));
        let callers: Vec<_> = (0..2)
            .map(|_| {
                let (places, inside) = (places.clone(), inside.clone());
                thread::spawn(move || {
                    let entry = enter(&places);
                    let runs = match &entry {
                        Entry::Entered => true,
                        Entry::Queued(ticket) => granted(&places, ticket),
                        other => panic!("there was room for all in line: {other:?}"),
                    };
                    if runs {
                        assert_eq!(inside.fetch_add(1, loom::sync::atomic::Ordering::SeqCst), 0);
                        inside.fetch_sub(1, loom::sync::atomic::Ordering::SeqCst);
                    }
                    match entry {
                        Entry::Queued(ticket) => places.give_up(&ticket),
                        _ => places.leave(),
                    }
                })
            })
            .collect();
        for caller in callers {
            caller.join().expect("no panic");
        }
        assert_eq!(running_and_queued(&places), (0, 0));
    });
}

#[test]
fn loom_a_ticket_given_up_while_it_is_granted_passes_its_place_on() {
    loom::model(|| {
        let places = places(1, 2);
        assert!(places.try_enter());
        let (first, second) = (enter(&places), enter(&places));
        let (Entry::Queued(first), Entry::Queued(second)) = (first, second) else {
            panic!("the only place is taken")
        };
        let other = places.clone();
        let leaves = thread::spawn(move || other.leave());
        places.give_up(&first);
        leaves.join().expect("no panic");
        assert!(granted(&places, &second));
        places.give_up(&second);
        assert_eq!(running_and_queued(&places), (0, 0));
    });
}

#[test]
fn loom_a_newcomer_takes_no_place_from_one_who_waits() {
    loom::model(|| {
        let places = places(1, 2);
        assert!(places.try_enter());
        let Entry::Queued(waits) = enter(&places) else { panic!("the only place is taken") };
        let other = places.clone();
        let leaves = thread::spawn(move || other.leave());
        let newcomer = enter(&places);
        assert!(matches!(newcomer, Entry::Queued(_)));
        leaves.join().expect("no panic");
        assert!(granted(&places, &waits));
        places.give_up(&waits);
        assert!(come_through(&places, newcomer));
        assert_eq!(running_and_queued(&places), (0, 0));
    });
}

#[test]
fn loom_resizing_while_one_leaves_and_one_arrives_strands_nobody() {
    loom::model(|| {
        let places = places(2, 2);
        assert!(places.try_enter() && places.try_enter());
        let other = places.clone();
        let resizes = thread::spawn(move || resize(&other, 1));
        let other = places.clone();
        let leaves = thread::spawn(move || {
            other.leave();
            other.leave();
        });
        let entry = enter(&places);
        resizes.join().expect("no panic");
        leaves.join().expect("no panic");
        assert!(come_through(&places, entry));
        assert_eq!((places.limit(), running_and_queued(&places)), (1, (0, 0)));
    });
}

#[test]
fn loom_growing_grants_one_who_is_just_joining() {
    loom::model(|| {
        let places = places(1, 1);
        assert!(places.try_enter());
        let other = places.clone();
        let grows = thread::spawn(move || resize(&other, 2));
        let entry = enter(&places);
        grows.join().expect("no panic");
        assert!(come_through(&places, entry));
        assert_eq!(running_and_queued(&places), (1, 0));
    });
}
