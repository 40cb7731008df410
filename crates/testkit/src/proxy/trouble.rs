use super::hub::Hub;
use std::fmt;

/// One fault of a [`Proxy`](super::Proxy). It lasts until it is healed, alone or with all others; dropping this ends nothing.
pub struct Trouble<'a> {
    pub(super) hub: &'a Hub,
    pub(super) number: u64,
}

impl Trouble<'_> {
    /// Ends this fault, and leaves the others; after [`Proxy::heal`](super::Proxy::heal) there is nothing to end.
    pub fn heal(self) {
        self.hub.end(self.number);
    }
}

impl fmt::Debug for Trouble<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trouble").field("number", &self.number).finish_non_exhaustive()
    }
}
