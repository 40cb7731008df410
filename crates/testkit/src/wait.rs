use crate::StartError;
use std::thread;
use std::time::{Duration, Instant};

const POLL: Duration = Duration::from_millis(10);

/// Probes until it succeeds; a probe that does not yet tells what it saw.
pub(crate) fn until<T>(
    awaited: &str,
    patience: Duration,
    mut probe: impl FnMut() -> Result<T, String>,
) -> Result<T, StartError> {
    let deadline = Instant::now() + patience;
    loop {
        match probe() {
            Ok(found) => return Ok(found),
            Err(seen) if Instant::now() >= deadline => {
                return Err(StartError::Unsettled { awaited: awaited.to_owned(), waited: patience, seen });
            }
            Err(_) => thread::sleep(POLL),
        }
    }
}
