use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

/// What befell the servers.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Tally {
    /// How often a replica took a primary's place.
    pub failovers: u64,
    /// Bytes of the primary's writes that its successor had not received.
    pub lost_bytes: u64,
    /// How often that was more than none.
    pub losses: u64,
    /// Slots that moved, there and back.
    pub slots_moved: u64,
    /// With so many keys.
    pub keys_moved: u64,
    /// How often the control key's slot was among them.
    pub control_moved: u64,
    /// The longest a new primary could be reached before the nodes had begun new epochs there.
    pub slowest_meeting: Duration,
    /// The different epochs that the control key was seen with.
    pub epochs: BTreeSet<Vec<u8>>,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { failovers, lost_bytes, losses, slots_moved, keys_moved, control_moved, .. } = self;
        write!(f, "{} epochs of the control key", self.epochs.len())?;
        if *failovers > 0 {
            let meeting = self.slowest_meeting.as_secs_f64() * 1e3;
            write!(f, "; {failovers} failovers, {losses} with the last {lost_bytes} bytes lost")?;
            write!(f, ", met within {meeting:.0} ms")?;
        }
        if *slots_moved > 0 {
            write!(
                f,
                "; {slots_moved} slots moved with {keys_moved} keys, the control key's {control_moved} times"
            )?;
        }
        Ok(())
    }
}
