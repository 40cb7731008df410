use metrics::Unit;

pub(super) const WAIT: &str = "mainstay_pool_wait_seconds";
pub(super) const CONNECT: &str = "mainstay_pool_connect_seconds";
pub(super) const VALIDATE: &str = "mainstay_pool_validate_seconds";
pub(super) const HOLD: &str = "mainstay_pool_hold_seconds";
pub(super) const CLOSED: &str = "mainstay_pool_closed_connections_total";
pub(super) const TOO_MANY: &str = "mainstay_pool_too_many_connections_total";
pub(super) const CONNECTIONS: &str = "mainstay_pool_size_connections";
pub(super) const MAX: &str = "mainstay_pool_max_connections";
pub(super) const WAITING: &str = "mainstay_pool_waiting_callers";
pub(super) const LEAKS: &str = "mainstay_pool_leaks_total";

/// Tells the recorder what each name means.
pub(super) fn describe() {
    for (name, meaning) in [
        (WAIT, "How long callers waited for a connection, by how that ended."),
        (CONNECT, "How long connects took, by whether they succeeded."),
        (VALIDATE, "How long checks took, by whether they succeeded."),
        (HOLD, "How long connections were held."),
    ] {
        metrics::describe_histogram!(name, Unit::Seconds, meaning);
    }
    for (name, meaning) in [
        (CLOSED, "Connections that left the pool, by the reason."),
        (TOO_MANY, "Connects that the server refused for having too many."),
        (LEAKS, "Checkouts that were reported as leaks."),
    ] {
        metrics::describe_counter!(name, Unit::Count, meaning);
    }
    for (name, meaning) in [
        (CONNECTIONS, "Connections, by what they are doing."),
        (MAX, "The most connections there may be."),
        (WAITING, "Callers in line."),
    ] {
        metrics::describe_gauge!(name, Unit::Count, meaning);
    }
}
