mod calls;
mod config;
mod labels;
mod line;
mod live;
mod priorities;

use super::*;
use crate::{Error, PolicyExt, ShedReason, telemetry::Observer};
use std::{
    cell::RefCell,
    future::{pending, ready},
    pin::Pin,
    time::Duration,
};

type Held<'p> = Pin<Box<dyn Future<Output = Result<(), Error<&'static str>>> + 'p>>;

fn small(max_concurrent: usize, max_queued: usize) -> BulkheadConfig {
    BulkheadConfig::default().max_concurrent(max_concurrent).max_queued(max_queued)
}

fn bulkhead(max_concurrent: usize, max_queued: usize) -> Bulkhead {
    Bulkhead::new("db", small(max_concurrent, max_queued)).unwrap()
}

fn counts<O>(bulkhead: &Bulkhead<O>) -> (usize, usize) {
    let snapshot = bulkhead.snapshot();
    (snapshot.running, snapshot.queued)
}

macro_rules! pend {
    ($($future:expr),*) => {
        $(assert!(futures::poll!($future.as_mut()).is_pending());)*
    };
}
use pend;

/// A call that runs, or waits, until it is dropped.
fn hold<O: Observer>(bulkhead: &Bulkhead<O>) -> Held<'_> {
    hold_as(bulkhead.prioritized(Priority::Normal))
}

fn hold_as<O: Observer>(view: BulkheadView<'_, O>) -> Held<'_> {
    Box::pin(async move { view.call(pending::<Result<(), &'static str>>).await })
}

/// The order in which calls came to run.
type Order = RefCell<Vec<u32>>;

/// A call that notes when it comes to run, and ends at once.
fn noted<'p, O: Observer>(view: BulkheadView<'p, O>, order: &'p Order, name: u32) -> Held<'p> {
    Box::pin(async move {
        let note = || {
            order.borrow_mut().push(name);
            ready(Ok::<(), &'static str>(()))
        };
        view.call(note).await
    })
}

/// Polls each until all have ended, in an order that is not theirs: the line decides, not the scheduler.
async fn drain(mut calls: Vec<Held<'_>>) {
    while !calls.is_empty() {
        let mut still = Vec::new();
        for mut call in calls.into_iter().rev() {
            match futures::poll!(call.as_mut()) {
                std::task::Poll::Ready(ended) => ended.unwrap(),
                std::task::Poll::Pending => still.insert(0, call),
            }
        }
        calls = still;
    }
}
