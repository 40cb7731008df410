use std::sync::{Arc, Weak};

use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::inner::Inner;
use super::role::{Replicated, Role};
use crate::attempt::attempt;
use crate::observer::Observer;
use crate::pool::Pool;

/// Asks one node for its role, every so often and when woken, on a connection of its own: a pool whose connections are all out says
/// nothing about its server.
pub(super) async fn run<M: Replicated, O: Observer>(
    set: Weak<Inner<M, O>>,
    id: u64,
    pool: Pool<M, O>,
    wake: Arc<Notify>,
) {
    let mut connection = None;
    loop {
        let Some(config) = set.upgrade().map(|set| set.with(|nodes| Arc::clone(&nodes.config))) else {
            return;
        };
        let outcome = attempt(config.probe_timeout, ask(&pool.inner().manager, &mut connection)).await;
        if outcome.is_err() {
            connection = None;
        }
        let Some(set) = set.upgrade() else { return };
        set.probed(id, outcome);
        drop(set);
        // However many callers fail at once, the server meets ten probes an interval at most.
        sleep(config.probe_interval / 10).await;
        let _woken = timeout(config.probe_interval * 9 / 10, wake.notified()).await;
    }
}

async fn ask<M: Replicated>(manager: &M, connection: &mut Option<M::Connection>) -> Result<Role, M::Error> {
    let connection = match connection {
        Some(connection) => connection,
        None => connection.insert(manager.connect().await?),
    };
    manager.role(connection).await
}
