use mainstay_testkit::StartError;
use mainstay_testkit::proxy::Proxy;
use mainstay_testkit::redis::Redis;

use super::{Primary, Servers, ask};
use crate::node::COMMAND_TIMEOUT;

/// How a replica is told to take its primary's place, while that one lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// As an operator does it.
    Agreed,
    /// With the votes of the others alone; Cluster.
    Forced,
    /// With nobody's; Cluster.
    Unasked,
}

/// Servers of which one takes another's place.
pub(crate) trait Group: Servers {
    fn proxy(&self, server: &Redis) -> &Proxy;

    fn replica(&self, primary: Primary<'_>) -> Result<&Redis, StartError>;

    /// Gives the order, and waits until the replica is a primary; the old one may call itself so, too.
    fn order(&self, primary: Primary<'_>, order: Order) -> Result<(), StartError>;

    /// Waits until another is primary instead of one that is silent.
    fn successor(&self, old: Primary<'_>) -> Result<&Redis, StartError>;

    /// Waits until a server that was replaced, and runs again, is a replica like any other.
    fn follow(&self, old: &Redis) -> Result<(), StartError>;

    /// The epochs that this server keeps, each as the run of the server that it was made for.
    fn runs_of_epochs(&self, server: &Redis) -> redis::RedisResult<Vec<String>>;

    /// Whether every epoch that the server keeps was made for it: no node believes anything it has from before.
    fn has_met_a_node(&self, server: &Redis) -> bool {
        let info = ask::<String>(server, &["INFO", "server"], COMMAND_TIMEOUT);
        let run = info.ok().and_then(|info| field(&info, "run_id"));
        match (run, self.runs_of_epochs(server)) {
            (Some(run), Ok(runs)) => runs.iter().all(|own| *own == run),
            _ => false,
        }
    }

    /// How much of what primaries have written a server has, in bytes, if it says so in time.
    fn offset(&self, server: &Redis) -> Option<u64> {
        let info = ask::<String>(server, &["INFO", "replication"], COMMAND_TIMEOUT).ok()?;
        field(&info, "master_repl_offset")?.parse().ok()
    }
}

fn field(info: &str, name: &str) -> Option<String> {
    info.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
        .map(|value| value.trim().to_owned())
}
