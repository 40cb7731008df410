use super::connection::{Connection, Meter};
use super::faults::Way;
use std::io;
use std::sync::atomic::Ordering;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

const CHUNK: usize = 16 << 10;

/// Chunks on their way, after which the source has to wait, as it has to when TCP's buffers are full.
const IN_FLIGHT: usize = 1_024;

/// Carries one direction of a connection until its source ends; an error is a source that was reset.
///
/// Reader and writer are apart so that a delay is added to each chunk, and not to the pauses between them. The end of the
/// source is news that travels the same way as its bytes: a cut holds it up.
pub(super) async fn pump(
    connection: &Connection,
    way: Way,
    mut source: ReadHalf<'_>,
    mut sink: WriteHalf<'_>,
    meter: &Meter,
) -> io::Result<()> {
    let (chunks, mut in_flight) = mpsc::channel::<(Instant, Vec<u8>)>(IN_FLIGHT);
    let read = async move {
        let mut buffer = vec![0; CHUNK];
        loop {
            let length = source.read(&mut buffer).await?;
            let chunk = &buffer[..length];
            if chunk.is_empty() {
                return Ok(());
            }
            meter.arrived.fetch_add(length as u64, Ordering::Relaxed);
            if way == Way::ToServer {
                connection.note(chunk);
            }
            let weather = connection.weather(way);
            if weather.cut {
                meter.lost.fetch_add(length as u64, Ordering::Relaxed);
            } else {
                let sent = chunks.send((Instant::now() + weather.delay, chunk.to_vec())).await;
                sent.expect("the writer ends after the reader");
            }
        }
    };
    let write = async {
        let mut sink_is_gone = false;
        while let Some((due, chunk)) = in_flight.recv().await {
            sleep_until(due).await;
            connection.until(way, |weather| !weather.hold).await;
            // A sink that is gone tells it to the pump that reads from it.
            sink_is_gone = sink_is_gone || sink.write_all(&chunk).await.is_err();
        }
    };
    let (ended, ()): (io::Result<()>, ()) = tokio::join!(read, write);
    connection.until(way, |weather| !weather.cut && !weather.hold).await;
    ended?;
    let _gone_already = sink.shutdown().await;
    Ok(())
}
