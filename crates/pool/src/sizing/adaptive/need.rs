/// A rise counts half at once: a burst is served while it lasts.
const UP: f64 = 0.5;
/// A fall counts a tenth: a lull of seconds does not close what the next burst needs.
const DOWN: f64 = 0.1;

/// How many connections the callers can use, by Little's law with headroom, fast up and slow down.
#[derive(Clone, Copy, Debug)]
pub(super) struct Need(f64);

impl Need {
    pub(super) fn new(size: usize) -> Self {
        Self(size as f64)
    }

    /// `busy` are in use on average: as many, the headroom for chance, and one.
    pub(super) fn observe(&mut self, busy: f64, headroom: f64) {
        let now = busy + headroom * busy.sqrt() + 1.0;
        let weight = if now > self.0 { UP } else { DOWN };
        self.0 += weight * (now - self.0);
    }

    pub(super) fn connections(&self) -> usize {
        self.0.ceil() as usize
    }
}
