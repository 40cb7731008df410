/// A server that works on all of its connections at once.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Server {
    /// How long a query takes on average where there is no crowding, in seconds; drawn from an exponential distribution.
    pub service_secs: f64,
    /// How many queries it works on at full speed.
    pub knee: f64,
    /// By which share of its time alone every other query makes a query slower, below the knee as well.
    pub contention: f64,
    /// What each connection beyond the knee costs all of them, as a share of the throughput for a whole knee more.
    pub thrashing: f64,
}

impl Server {
    /// How many times as long as alone a query takes among `active`.
    pub fn slowdown(&self, active: usize) -> f64 {
        let load = active as f64 / self.knee;
        let crowding = if load <= 1.0 { 1.0 } else { load * (1.0 + self.thrashing * (load - 1.0)) };
        crowding * (1.0 + self.contention * active.saturating_sub(1) as f64)
    }

    /// Queries a second with as many connections as the knee is at.
    pub fn capacity(&self) -> f64 {
        self.knee / self.slowdown(self.knee as usize) / self.service_secs
    }
}
