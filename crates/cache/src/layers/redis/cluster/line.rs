use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{Cmd, Pipeline, RedisFuture, Value};

/// A connection to one node, which asks before every command if the slot is not the node's yet.
pub(super) struct Line {
    pub(super) connection: MultiplexedConnection,
    pub(super) asking: bool,
}

impl ConnectionLike for Line {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        if !self.asking {
            return self.connection.req_packed_command(cmd);
        }
        Box::pin(async move {
            // Together, for `ASKING` holds for the next command over the connection, and others use it too.
            let mut both = redis::pipe();
            both.cmd("ASKING").add_command(cmd.clone());
            let answers: Vec<Value> = self.connection.req_packed_commands(&both, 1, 1).await?;
            match answers.into_iter().next() {
                Some(Value::ServerError(error)) => Err(error.into()),
                answer => Ok(answer.unwrap_or(Value::Nil)),
            }
        })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        self.connection.req_packed_commands(pipeline, offset, count)
    }

    fn get_db(&self) -> i64 {
        self.connection.get_db()
    }
}
