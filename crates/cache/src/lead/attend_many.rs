use std::future::Future;
use std::pin::pin;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::attend::{Ended, wait};
use super::fall_back::Old;
use super::voyage::Voyage;
use crate::entry::Answer;
use crate::error::LoadError;
use crate::options::LoadTimeouts;

/// One a key, in the order they were asked for; none for what is still on its way.
pub(super) type Answers<V> = Vec<Option<Answer<V>>>;

/// Runs the loads of many keys until all are answered or a timeout is over; then those on their way are answered with old
/// values, if there is one for each. `waiting` says where each key's answer belongs.
pub(super) async fn attended<V, E>(
    timeouts: &LoadTimeouts,
    began: Instant,
    load: impl Future<Output = Result<(), LoadError<E>>>,
    waiting: &[(usize, Voyage)],
    answers: &Mutex<Answers<V>>,
) -> Result<(), LoadError<E>>
where
    V: Send + Sync + 'static,
{
    let mut load = pin!(load);
    let on_their_way = || {
        let answers = answers.lock();
        waiting.iter().filter(|(at, _)| answers[*at].is_none()).collect::<Vec<_>>()
    };
    let old = || on_their_way().into_iter().map(|(_, voyage)| voyage.old()).min().unwrap_or(Old::Nothing);
    loop {
        let ended = wait(timeouts, began, |cx| load.as_mut().poll(cx), old).await;
        let (held_off, limit) = match ended {
            Ended::With(outcome) => return outcome,
            Ended::HeldOff => (true, None),
            Ended::Soft => (false, None),
            Ended::Hard(limit) => (false, Some(limit)),
        };
        let mut late = None;
        for (at, voyage) in on_their_way() {
            let served = if held_off { voyage.serve_held_off() } else { voyage.serve_old() };
            match served {
                Some(old) => answers.lock()[*at] = Some(old),
                None => late = late.or(Some(voyage)),
            }
        }
        if let (false, Some((_, voyage))) = (held_off, waiting.first()) {
            voyage.region.counters.timeouts.add(1);
        }
        match (late, limit) {
            (None, _) => return Ok(()),
            (Some(voyage), Some(limit)) => {
                return Err(LoadError::TimedOut { key: voyage.key.to_string(), limit });
            }
            // It was invalidated just now: the others have their answers, and this one is loaded.
            (Some(_), None) => {}
        }
    }
}
