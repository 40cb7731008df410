use crate::StartError;
use ::redis::{
    Arg, Client, Cmd, ConnectionAddr, FromRedisValue, IntoConnectionInfo, RedisConnectionInfo, RedisError,
};
use std::time::Duration;

/// A paused server takes the connection and never answers.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Asks one question over a connection of its own.
pub(super) fn ask<T: FromRedisValue>(port: u16, question: &Cmd) -> Result<T, StartError> {
    over_a_connection(port, question).map_err(|error| StartError::Command {
        port,
        command: words(question),
        reason: error.to_string(),
    })
}

fn over_a_connection<T: FromRedisValue>(port: u16, question: &Cmd) -> Result<T, RedisError> {
    let at = ConnectionAddr::Tcp("127.0.0.1".into(), port).into_connection_info()?;
    // Nothing is said before the question, or a paused server would be waited for twice.
    let settings = RedisConnectionInfo::default().set_skip_set_lib_name();
    let client = Client::open(at.set_redis_settings(settings))?;
    let mut connection = client.get_connection_with_timeout(TIMEOUT)?;
    connection.set_read_timeout(Some(TIMEOUT))?;
    connection.set_write_timeout(Some(TIMEOUT))?;
    question.query(&mut connection)
}

/// The first words of a command, as an error tells it.
fn words(question: &Cmd) -> String {
    let words = question.args_iter().take(4).filter_map(|argument| match argument {
        Arg::Simple(word) => Some(String::from_utf8_lossy(word).into_owned()),
        _ => None,
    });
    words.collect::<Vec<_>>().join(" ")
}
