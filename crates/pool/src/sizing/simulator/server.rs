/// A server that works on all of its connections at once.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Server {
    /// How long a query takes on average where there is no crowding, in seconds; drawn from an exponential distribution.
    pub service_secs: f64,
    /// How many queries it works on at full speed.
    pub knee: f64,
    /// What each connection beyond the knee costs all of them, as a share of the throughput for a whole knee more.
    pub thrashing: f64,
}

impl Server {
    /// How many times as long as alone a query takes among `active`.
    pub fn slowdown(&self, active: usize) -> f64 {
        let load = active as f64 / self.knee;
        if load <= 1.0 { 1.0 } else { load * (1.0 + self.thrashing * (load - 1.0)) }
    }

    /// The most queries a second.
    pub fn capacity(&self) -> f64 {
        self.knee / self.service_secs
    }
}
