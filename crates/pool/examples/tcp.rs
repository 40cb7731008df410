//! A pool of plain TCP connections to a line-based server: `cargo run -p mainstay-pool --example tcp`.

use std::io;

use mainstay_pool::{Condition, Manager, Pool, PoolConfig};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, copy};
use tokio::net::{TcpListener, TcpStream};

struct Lines {
    address: String,
}

impl Manager for Lines {
    type Connection = BufReader<TcpStream>;
    type Error = io::Error;

    async fn connect(&self) -> io::Result<Self::Connection> {
        TcpStream::connect(&self.address).await.map(BufReader::new)
    }

    async fn check(&self, connection: &mut Self::Connection) -> io::Result<()> {
        if ask(connection, "ping").await? == "ping" { Ok(()) } else { Err(io::ErrorKind::InvalidData.into()) }
    }

    /// A caller that was dropped before it had its answer leaves that to the next one.
    fn condition(&self, connection: &Self::Connection) -> Condition {
        let unread = !connection.buffer().is_empty() || connection.get_ref().try_read(&mut [0]).is_ok();
        if unread { Condition::Broken } else { Condition::Clean }
    }
}

async fn ask(connection: &mut BufReader<TcpStream>, question: &str) -> io::Result<String> {
    connection.write_all(format!("{question}\n").as_bytes()).await?;
    let mut answer = String::new();
    match connection.read_line(&mut answer).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(answer.trim_end().to_owned()),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    tokio::spawn(async move {
        while let Ok((mut caller, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = caller.split();
                copy(&mut from, &mut to).await
            });
        }
    });
    let pool = Pool::new("lines", Lines { address }, PoolConfig::development())?;
    println!("{} from {}", ask(&mut *pool.get().await?, "hello").await?, pool.status());
    Ok(())
}
