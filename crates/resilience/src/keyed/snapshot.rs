/// The counts of a set of keys at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyedSnapshot {
    /// Keys that have a policy now.
    pub keys: usize,
    /// The most that may.
    pub max_keys: usize,
    /// Keys forgotten since it was made.
    pub forgotten: usize,
    /// Times that a new key found no room since it was made, and was refused or sent to the overflow policy.
    pub refused: u64,
}
