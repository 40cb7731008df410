/// The counts of a pool at one instant, whichever crate it is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Gauges {
    /// Connections there are.
    pub size: usize,
    /// Connections ready to be taken.
    pub idle: usize,
    /// Connections handed out.
    pub in_use: usize,
    /// The most connections there may be.
    pub max: usize,
    /// Callers in line, if the pool tells.
    pub waiting: Option<usize>,
    /// Connects under way, if the pool tells.
    pub connecting: Option<usize>,
    /// Checkouts reported as leaks since the start, if the pool looks for them.
    pub leaks: Option<u64>,
}

impl Gauges {
    /// A pool that tells no more than this.
    #[must_use]
    pub fn new(size: usize, idle: usize, max: usize) -> Self {
        Self { size, idle, max, in_use: size.saturating_sub(idle), ..Self::default() }
    }

    /// Sets how many callers are in line.
    #[must_use]
    pub fn waiting(mut self, waiting: usize) -> Self {
        self.waiting = Some(waiting);
        self
    }

    /// The share of the most there may be that is in use.
    pub fn utilisation(&self) -> f64 {
        if self.max == 0 { 0.0 } else { self.in_use as f64 / self.max as f64 }
    }
}
