use redis::{ErrorKind, RedisError, ServerErrorKind};

/// Whether an error speaks of the server: every one but its answers, unless the answer is that it cannot serve, or that it is no master
/// any more and its address leads to another by now.
pub(super) fn is_fatal(error: &RedisError) -> bool {
    match error.kind() {
        ErrorKind::Server(kind) => matches!(
            kind,
            ServerErrorKind::BusyLoading | ServerErrorKind::MasterDown | ServerErrorKind::ReadOnly
        ),
        ErrorKind::Extension | ErrorKind::UnexpectedReturnType | ErrorKind::Client => false,
        _ => true,
    }
}
