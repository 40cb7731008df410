/// A size to begin measuring from: `cores * 2 + spindles`, of the *server's* cores and disks (0 spindles if the data fits in memory).
///
/// The formula is the PostgreSQL project's, made known by HikariCP's "About Pool Sizing".
///
/// ```
/// assert_eq!(mainstay_pool::sizing::recommended_size(4, 1), 9);
/// ```
pub const fn recommended_size(cores: usize, spindles: usize) -> usize {
    cores.saturating_mul(2).saturating_add(spindles)
}

/// The least size with which `tasks` that each hold up to `per_task` connections at once cannot deadlock on the pool:
/// `tasks * (per_task - 1) + 1`.
///
/// ```
/// // Eight tasks, three connections each: with 17 somebody always gets a third one.
/// assert_eq!(mainstay_pool::sizing::deadlock_floor(8, 3), 17);
/// ```
pub const fn deadlock_floor(tasks: usize, per_task: usize) -> usize {
    tasks.saturating_mul(per_task.saturating_sub(1)).saturating_add(1)
}
