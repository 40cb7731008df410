use tokio::time::Instant;

/// A connection with what the pool knows of it; boxed, so that a hand-over moves a pointer.
#[derive(Debug)]
pub(crate) struct Live<C> {
    pub(crate) connection: C,
    /// Where [`Checkouts`](crate::checkouts::Checkouts) notes who has it.
    pub(crate) slot: usize,
    pub(crate) idle_since: Instant,
    pub(crate) retire_at: Option<Instant>,
    /// To be closed instead of taken back. Here and not in the guard, which stays two pointers that move in registers.
    pub(crate) broken: bool,
}

impl<C> Live<C> {
    pub(crate) fn has_outlived(&self, now: Instant) -> bool {
        self.retire_at.is_some_and(|at| at <= now)
    }
}
