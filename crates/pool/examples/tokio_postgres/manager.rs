use mainstay_pool::{Condition, Manager};
use tokio_postgres::{Client, Config, Error, NoTls};

/// Connections of tokio-postgres.
#[derive(Debug)]
pub struct TokioPostgres(pub Config);

impl Manager for TokioPostgres {
    type Connection = Client;
    type Error = Error;

    async fn connect(&self) -> Result<Client, Error> {
        let (client, connection) = self.0.connect(NoTls).await?;
        // The task ends when the client is dropped, or with an error that the client reports too.
        tokio::spawn(async move {
            let _reported_by_the_client = connection.await;
        });
        Ok(client)
    }

    async fn check(&self, client: &mut Client) -> Result<(), Error> {
        client.simple_query("").await.map(drop)
    }

    /// Costs no I/O: the task has seen whether the server is gone. A `Transaction` that is dropped rolls back on its own; a bare
    /// `BEGIN` is the caller's to end.
    fn condition(&self, client: &Client) -> Condition {
        if client.is_closed() { Condition::Broken } else { Condition::Clean }
    }

    fn is_fatal(&self, error: &Error) -> bool {
        error.code().is_none_or(|state| state.code().starts_with("57P") || state.code().starts_with("08"))
    }
}
