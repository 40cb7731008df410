/// What a server did, slice by slice of time. Times are in nanoseconds, of one worker or one request each.
#[derive(Debug)]
pub(super) struct Usage {
    width: u64,
    slices: Vec<Work>,
}

/// What a server did in a stretch of time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Work {
    /// Requests that came.
    pub(super) attempts: u64,
    /// Worker time there was.
    pub(super) capacity: u64,
    /// Worker time that was used.
    pub(super) busy: u64,
    /// Worker time that was used for requests whose caller had gone.
    pub(super) wasted: u64,
    /// Time that requests were there, working, queued or hanging.
    pub(super) present: u64,
    /// Requests that a worker took up.
    pub(super) started: u64,
    /// Time those had been in the queue.
    pub(super) waited: u64,
}

/// How many of each there are, for as long as nothing happens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Level {
    pub(super) capacity: usize,
    pub(super) busy: usize,
    pub(super) orphaned: usize,
    pub(super) present: usize,
}

impl Work {
    pub(super) fn add(&mut self, other: &Self) {
        self.attempts += other.attempts;
        self.capacity += other.capacity;
        self.busy += other.busy;
        self.wasted += other.wasted;
        self.present += other.present;
        self.started += other.started;
        self.waited += other.waited;
    }
}

impl Usage {
    /// Slices of `width` up to `end`.
    pub(super) fn new(width: u64, end: u64) -> Self {
        let count = usize::try_from(end.div_ceil(width)).unwrap_or(usize::MAX);
        Self { width, slices: vec![Work::default(); count] }
    }

    /// The slice in which `time` lies. What happens after the end belongs to the last.
    pub(super) fn at(&mut self, time: u64) -> &mut Work {
        let last = self.slices.len() - 1;
        let slice = usize::try_from(time / self.width).unwrap_or(last).min(last);
        &mut self.slices[slice]
    }

    /// Time passed and nothing happened. What passes after the last slice is not counted.
    pub(super) fn pass(&mut self, mut from: u64, to: u64, level: Level) {
        let to = to.min(self.width * self.slices.len() as u64);
        while from < to {
            let slice_ends = (from / self.width + 1) * self.width;
            let until = slice_ends.min(to);
            let work = self.at(from);
            work.capacity += level.capacity as u64 * (until - from);
            work.busy += level.busy as u64 * (until - from);
            work.wasted += level.orphaned as u64 * (until - from);
            work.present += level.present as u64 * (until - from);
            from = until;
        }
    }

    pub(super) fn slices(&self) -> &[Work] {
        &self.slices
    }
}
