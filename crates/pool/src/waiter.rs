use std::backtrace::Backtrace;
use std::mem;
use std::panic::Location;
use std::sync::Arc;
use std::task::Waker;

use crate::checkouts::Caller;
use crate::lanes::LaneId;
use crate::sync::Mutex;

/// One who waits, shared by its future and the line.
///
/// What it is handed lies here and not in the line: a caller who is woken takes it without the pool's lock, for which it would contend with
/// everybody who asks and returns. It stops waiting only under the pool's lock, by a grant, a dismissal or by leaving; so the pool's lock
/// comes first where both are held, and no code of the executor or of the user runs under this one.
#[derive(Debug)]
pub(crate) struct Waiter<T> {
    pub(crate) by: &'static Location<'static>,
    pub(crate) lane: LaneId,
    pub(crate) backtrace: Option<Arc<Backtrace>>,
    standing: Mutex<Standing<T>>,
}

#[derive(Debug)]
enum Standing<T> {
    Waiting(Waker),
    Granted(T),
    Gone,
}

/// What a waiter finds when it looks.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Place<T> {
    Waiting,
    Granted(T),
    /// Sent away: the pool is closed, or the server is out.
    Gone,
}

impl<T> Waiter<T> {
    pub(crate) fn new(caller: &Caller, waker: Waker) -> Arc<Self> {
        let Caller { by, lane, ref backtrace } = *caller;
        Arc::new(Self {
            by,
            lane,
            backtrace: backtrace.clone(),
            standing: Mutex::new(Standing::Waiting(waker)),
        })
    }

    /// Takes what was handed over, or has `waker` woken when something is.
    pub(crate) fn look(&self, waker: &Waker) -> Place<T> {
        let waiting = Standing::Waiting(waker.clone());
        let mut standing = self.standing.lock();
        let next = if matches!(*standing, Standing::Waiting(_)) { waiting } else { Standing::Gone };
        let found = mem::replace(&mut *standing, next);
        drop(standing);
        match found {
            Standing::Waiting(_) => Place::Waiting,
            Standing::Granted(value) => Place::Granted(value),
            Standing::Gone => Place::Gone,
        }
    }

    /// Hands `value` over; says whom to wake.
    pub(crate) fn grant(&self, value: T) -> Waker {
        self.stop(Standing::Granted(value)).expect("whoever stands in the line waits")
    }

    /// Sends it away; says whom to wake.
    pub(crate) fn dismiss(&self) -> Option<Waker> {
        self.stop(Standing::Gone)
    }

    fn stop(&self, next: Standing<T>) -> Option<Waker> {
        match mem::replace(&mut *self.standing.lock(), next) {
            Standing::Waiting(waker) => Some(waker),
            Standing::Granted(_) | Standing::Gone => None,
        }
    }

    /// Gives up; what had been handed over meanwhile comes back.
    pub(crate) fn leave(&self) -> Option<T> {
        match mem::replace(&mut *self.standing.lock(), Standing::Gone) {
            Standing::Granted(value) => Some(value),
            Standing::Waiting(_) | Standing::Gone => None,
        }
    }

    /// Whom to wake for another reason than a grant.
    pub(crate) fn waker(&self) -> Option<Waker> {
        match &*self.standing.lock() {
            Standing::Waiting(waker) => Some(waker.clone()),
            Standing::Granted(_) | Standing::Gone => None,
        }
    }
}
