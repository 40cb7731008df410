use super::state::State;
use axum::serve::Listener;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// Accepts lines that the outage cuts. The port stays bound: a caller connects, and is then hung up on.
pub(super) struct Exchange {
    pub port: TcpListener,
    pub state: Arc<State>,
}

impl Listener for Exchange {
    type Io = Line;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Line, SocketAddr) {
        loop {
            let (stream, caller) = Listener::accept(&mut self.port).await;
            // Best effort: without it an answer is a little later.
            let _ = stream.set_nodelay(true);
            let line = Line { stream, state: Arc::clone(&self.state) };
            if !self.state.is_out() {
                return (line, caller);
            }
            line.cut();
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.port.local_addr()
    }
}

/// A connection that ends in a reset where the server would read a request, or write its answer, during the outage.
pub(super) struct Line {
    stream: TcpStream,
    state: Arc<State>,
}

impl Line {
    /// A zero linger makes the coming close a reset: no farewell that a client could take for the end of an answer.
    fn cut(&self) -> io::Error {
        self.state.count_cut();
        let _ = self.stream.set_zero_linger();
        io::ErrorKind::ConnectionReset.into()
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        // The end of the stream is the caller's own farewell.
        if buffer.filled().len() > before && self.state.is_out() {
            return Poll::Ready(Err(self.cut()));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.state.is_out() {
            return Poll::Ready(Err(self.cut()));
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
