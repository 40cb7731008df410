/// The counts of a set of endpoints at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OutliersSnapshot {
    /// Endpoints in all.
    pub endpoints: usize,
    /// Endpoints that are out now, on trial included.
    pub ejected: usize,
    /// Times an endpoint was ejected since the set was made.
    pub ejections: u64,
    /// Times an endpoint was taken back since the set was made.
    pub readmissions: u64,
    /// Times an endpoint would have been ejected but for shadow mode since the set was made.
    pub would_eject: u64,
    /// Calls that found no endpoint since the set was made.
    pub rejected: u64,
}
