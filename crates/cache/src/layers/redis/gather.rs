use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::layers::keeper::Found;
use crate::layers::shared::LayerError;

/// Most keys in one `MGET`: beyond it a batch gains little and a large value holds up many.
const BATCH: usize = 64;
/// Batches under way at once: while one is answered the next is on its way.
const UNDER_WAY: usize = 2;

/// Reads of single keys by many tasks, gathered into `MGET`s. A read that finds no batch under way goes at once; those that
/// come while batches are under way go together with the next.
#[derive(Debug)]
pub(super) struct Gather<R> {
    /// For the tasks that outlive a caller.
    reader: Weak<R>,
    line: Mutex<Line>,
}

/// Who reads many keys with one command.
pub(super) trait Reader: Sized + Send + Sync + 'static {
    fn gather(&self) -> &Gather<Self>;

    fn read_now(
        &self,
        epoch: u64,
        keys: &[Arc<str>],
    ) -> impl Future<Output = Result<Found, LayerError>> + Send;
}

#[derive(Debug, Default)]
struct Line {
    waiting: Vec<Waiter>,
    under_way: usize,
}

#[derive(Debug)]
struct Waiter {
    epoch: u64,
    key: Arc<str>,
    answer: oneshot::Sender<Result<Found, LayerError>>,
}

impl<R: Reader> Gather<R> {
    pub(super) fn new(reader: &Weak<R>) -> Self {
        Self { reader: reader.clone(), line: Mutex::default() }
    }

    /// # Cancel safety
    /// Dropped early, the answer is thrown away.
    pub(super) async fn read(&self, reader: &R, epoch: u64, keys: &[Arc<str>]) -> Result<Found, LayerError> {
        match (keys, self.reader.upgrade()) {
            ([key], Some(reader)) => self.read_with_others(reader, epoch, key).await,
            _ => reader.read_now(epoch, keys).await,
        }
    }

    async fn read_with_others(
        &self,
        reader: Arc<R>,
        epoch: u64,
        key: &Arc<str>,
    ) -> Result<Found, LayerError> {
        let (answer, answered) = oneshot::channel();
        let waiter = Waiter { epoch, key: key.clone(), answer };
        let batch = {
            let mut line = self.line.lock();
            line.waiting.push(waiter);
            line.next_batch()
        };
        if let Some(batch) = batch {
            // In a task of its own: whoever asked for it may be dropped, the others still wait.
            tokio::spawn(send(reader, batch));
        }
        answered.await.map_err(|_| LayerError::Away("the batch was lost".to_owned()))?
    }
}

impl Line {
    fn next_batch(&mut self) -> Option<Vec<Waiter>> {
        if self.waiting.is_empty() || self.under_way >= UNDER_WAY {
            return None;
        }
        self.under_way += 1;
        let rest = self.waiting.split_off(self.waiting.len().min(BATCH));
        Some(std::mem::replace(&mut self.waiting, rest))
    }
}

async fn send(reader: Arc<impl Reader>, mut batch: Vec<Waiter>) {
    loop {
        batch.retain(|waiter| !waiter.answer.is_closed());
        if let Some(first) = batch.first() {
            // All of one epoch, or fenced: a node changes its epoch seldom enough.
            let epoch = first.epoch;
            let keys: Vec<Arc<str>> = batch.iter().map(|waiter| waiter.key.clone()).collect();
            match reader.read_now(epoch, &keys).await {
                Ok(Found { clock, bytes }) => {
                    for (waiter, bytes) in batch.drain(..).zip(bytes) {
                        let answer = if waiter.epoch == epoch {
                            Ok(Found { clock, bytes: vec![bytes] })
                        } else {
                            Err(LayerError::Fenced)
                        };
                        let _ = waiter.answer.send(answer);
                    }
                }
                Err(error) => {
                    for waiter in batch.drain(..) {
                        let _ = waiter.answer.send(Err(error.clone()));
                    }
                }
            }
        }
        let mut line = reader.gather().line.lock();
        line.under_way -= 1;
        match line.next_batch() {
            Some(next) => batch = next,
            None => return,
        }
    }
}
