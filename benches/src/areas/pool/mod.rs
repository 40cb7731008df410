//! Pools: with a manager that does nothing, so that only their own work is measured, and end to end on a real PostgreSQL.

mod checkout;
mod contended;
mod fairness;
mod idle;
mod postgres;
#[path = "../../../../crates/pool/examples/tokio_postgres/manager.rs"]
mod tokio_postgres_manager;

use crate::contest::Contest;

pub(super) fn contests() -> Vec<Contest> {
    vec![
        checkout::by_1task(),
        checkout::by_2tasks(),
        contended::throughput(),
        contended::p999(),
        postgres::sqlx(),
        postgres::sqlx_reset(),
        postgres::tokio_postgres(),
    ]
}
