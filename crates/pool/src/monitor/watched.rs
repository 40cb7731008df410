use super::gauges::Gauges;
use crate::manager::Manager;
use crate::observer::Observer;
use crate::pool::Pool;

/// A pool that a [`Monitor`](super::Monitor) can watch: ours, sqlx's with feature `postgres` or `sqlite`, and any other by a closure.
///
/// ```
/// use mainstay_pool::monitor::{Gauges, Monitor, MonitorConfig};
///
/// # struct Status { size: usize, available: usize, max_size: usize, waiting: usize }
/// # let status = || Status { size: 4, available: 1, max_size: 8, waiting: 0 };
/// // deadpool: `let status = pool.status();`
/// let watched = move || {
///     let status = status();
///     Gauges::new(status.size, status.available, status.max_size).waiting(status.waiting)
/// };
/// let monitor = Monitor::new("app", watched, MonitorConfig::default())?;
/// assert_eq!(monitor.gauges().in_use, 3);
/// # Ok::<(), mainstay_pool::ConfigError>(())
/// ```
pub trait Watched: Send + Sync + 'static {
    /// Its counts now. Called at every reading, so it should be quick.
    fn gauges(&self) -> Gauges;
}

impl<F: Fn() -> Gauges + Send + Sync + 'static> Watched for F {
    fn gauges(&self) -> Gauges {
        self()
    }
}

impl<M: Manager, O: Observer> Watched for Pool<M, O> {
    fn gauges(&self) -> Gauges {
        let status = self.status();
        Gauges {
            size: status.size,
            idle: status.idle,
            in_use: status.in_use,
            max: status.max,
            waiting: Some(status.waiting),
            connecting: Some(status.connecting),
            leaks: Some(status.leaks),
        }
    }
}

/// sqlx counts a connection as one from the moment it is being made, and does not tell how many callers wait.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
impl<D: sqlx::Database> Watched for sqlx::Pool<D> {
    fn gauges(&self) -> Gauges {
        let size = usize::try_from(self.size()).unwrap_or(usize::MAX);
        let max = usize::try_from(self.options().get_max_connections()).unwrap_or(usize::MAX);
        // Its idle count is decremented before it is incremented, and may for an instant wrap.
        Gauges::new(size, self.num_idle().min(size), max)
    }
}
