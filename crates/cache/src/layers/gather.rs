use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::keeper::Found;
use super::l2::L2;
use super::shared::LayerError;
use crate::clock::Now;

/// Most keys in one command: beyond it a batch gains little and a large value holds up many.
const BATCH: usize = 64;
/// Batches under way at once: while one is answered the next is on its way.
const UNDER_WAY: usize = 2;

/// Reads of single keys by many tasks, gathered into one command under one time limit. A batch goes when all tasks that are
/// ready to run have had their turn: many come together then, and a lone reader waits for nobody.
#[derive(Debug, Default)]
pub(super) struct Gather(Mutex<Line>);

#[derive(Debug, Default)]
struct Line {
    waiting: Vec<Waiter>,
    /// Senders at work, those that gather included.
    senders: usize,
    /// A sender will take whoever waits, and has not yet.
    gathering: bool,
}

#[derive(Debug)]
struct Waiter {
    key: Arc<str>,
    answer: oneshot::Sender<Result<One, LayerError>>,
}

/// What a read of one key is answered.
#[derive(Debug)]
pub(super) struct One {
    pub(super) clock: u64,
    /// When the answer came.
    pub(super) now: Now,
    pub(super) bytes: Option<Vec<u8>>,
}

/// A task of its own: whoever asked for it may be dropped, the others still wait.
struct Sender {
    l2: Arc<L2>,
    gathers: bool,
    ended: bool,
}

impl Gather {
    /// # Cancel safety
    /// Dropped early, the answer is thrown away.
    pub(super) async fn read(l2: &Arc<L2>, key: &Arc<str>) -> Result<One, LayerError> {
        let (answer, answered) = oneshot::channel();
        let goes = {
            let mut line = l2.gather.0.lock();
            line.waiting.push(Waiter { key: key.clone(), answer });
            !line.gathering && line.may_send()
        };
        if goes {
            tokio::spawn(Sender::new(l2).run());
        }
        answered.await.map_err(|_| LayerError::Away("the batch was lost".to_owned()))?
    }
}

impl Line {
    /// Whether another sender may start; it gathers from now on.
    fn may_send(&mut self) -> bool {
        let may = self.senders < UNDER_WAY;
        if may {
            self.senders += 1;
            self.gathering = true;
        }
        may
    }
}

impl Sender {
    fn new(l2: &Arc<L2>) -> Self {
        Self { l2: l2.clone(), gathers: true, ended: false }
    }

    async fn run(mut self) {
        loop {
            tokio::task::yield_now().await;
            let Some(batch) = self.take() else { return };
            let keys: Vec<Arc<str>> = batch.iter().map(|waiter| waiter.key.clone()).collect();
            match self.l2.read_now(&keys).await {
                Ok((Found { clock, bytes }, now)) => {
                    for (waiter, bytes) in batch.into_iter().zip(bytes) {
                        let _ = waiter.answer.send(Ok(One { clock, now, bytes }));
                    }
                }
                Err(error) => {
                    for waiter in batch {
                        let _ = waiter.answer.send(Err(error.clone()));
                    }
                }
            }
            // Those just answered ask again: they are waited for like all who are ready to run.
            if !self.goes_on() {
                return;
            }
        }
    }

    /// Ends with `None`.
    fn take(&mut self) -> Option<Vec<Waiter>> {
        let mut line = self.l2.gather.0.lock();
        (line.gathering, self.gathers) = (false, false);
        line.waiting.retain(|waiter| !waiter.answer.is_closed());
        if line.waiting.is_empty() {
            line.senders -= 1;
            self.ended = true;
            return None;
        }
        let full = line.waiting.len().min(BATCH);
        let rest = line.waiting.split_off(full);
        let batch = std::mem::replace(&mut line.waiting, rest);
        let another = !line.waiting.is_empty() && line.may_send();
        drop(line);
        if another {
            tokio::spawn(Self::new(&self.l2).run());
        }
        Some(batch)
    }

    /// Whether it gathers the next batch; where another does, it ends.
    fn goes_on(&mut self) -> bool {
        let mut line = self.l2.gather.0.lock();
        if line.gathering {
            line.senders -= 1;
            self.ended = true;
        } else {
            (line.gathering, self.gathers) = (true, true);
        }
        self.gathers
    }
}

/// A runtime that shuts down drops its tasks: those of another runtime are not to wait for a sender that is gone.
impl Drop for Sender {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let mut line = self.l2.gather.0.lock();
        line.senders -= 1;
        line.gathering &= !self.gathers;
        let lost = if line.senders == 0 { std::mem::take(&mut line.waiting) } else { Vec::new() };
        drop(line);
        drop(lost);
    }
}
