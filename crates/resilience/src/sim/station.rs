use super::{
    Condition, Fault, Server,
    clock::nanos,
    random::{Random, Stream},
    usage::{Level, Usage, Work},
};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap, VecDeque},
    task::{Context, Poll, Waker},
};

/// A [`Server`] at work: a queue before workers, moved from event to event in exact time.
///
/// It knows no runtime: whoever drives it says what time it is and wakes those whose answer came.
#[derive(Debug)]
pub(super) struct Station {
    server: Server,
    now: u64,
    capacity: usize,
    condition: Condition,
    condition_since: u64,
    /// (time, what begins), the next one last.
    changes: Vec<(u64, Condition)>,
    jobs: BTreeMap<u64, Job>,
    next_id: u64,
    /// In order of arrival; those who left are still in it, without a job.
    queue: VecDeque<u64>,
    queued: usize,
    /// By the time they end; those who left are still in it, without a job.
    running: BinaryHeap<Reverse<(u64, u64)>>,
    busy: usize,
    /// Those of the busy whose caller has gone.
    orphaned: usize,
    hanging: usize,
    service_times: Random,
    faults: Random,
    usage: Usage,
    answered: Vec<Waker>,
}

#[derive(Debug)]
struct Job {
    arrived: u64,
    /// Drawn at arrival: the healthy service time, and the chance below which it fails.
    work: f64,
    luck: f64,
    stage: Stage,
    caller: Option<Waker>,
    abandoned: bool,
}

#[derive(Debug)]
enum Stage {
    Queued,
    Running { fails: bool },
    Hanging,
    Answered(Result<(), Fault>),
}

const MINUTE: f64 = 60e9;

impl Station {
    /// At work from time 0; its books are kept in slices of `width` up to `end`.
    pub(super) fn new(server: Server, seed: u64, width: u64, end: u64) -> Self {
        let changes =
            server.changes.iter().rev().map(|change| (nanos(change.at), change.condition)).collect();
        Self {
            now: 0,
            capacity: server.capacity,
            condition: Condition::Healthy,
            condition_since: 0,
            changes,
            jobs: BTreeMap::new(),
            next_id: 0,
            queue: VecDeque::new(),
            queued: 0,
            running: BinaryHeap::new(),
            busy: 0,
            orphaned: 0,
            hanging: 0,
            service_times: Random::new(seed, Stream::ServiceTimes),
            faults: Random::new(seed, Stream::Faults),
            usage: Usage::new(width, end),
            answered: Vec::new(),
            server,
        }
    }

    /// When something happens next, if nobody comes or goes.
    pub(super) fn next_event(&mut self) -> Option<u64> {
        while let Some(Reverse((_, id))) = self.running.peek()
            && !self.jobs.contains_key(id)
        {
            self.running.pop();
        }
        let done = self.running.peek().map(|Reverse((time, _))| *time);
        let change = self.changes.last().map(|(time, _)| *time);
        done.into_iter().chain(change).min()
    }

    /// Lets everything happen up to and at `to`.
    pub(super) fn advance(&mut self, to: u64) {
        while let Some(time) = self.next_event().filter(|time| *time <= to) {
            self.pass(time);
            // Who is done at the moment of an outage is done.
            match self.running.peek() {
                Some(&Reverse((done, id))) if done == time => {
                    self.running.pop();
                    self.finish(id);
                }
                _ => {
                    if let Some((_, condition)) = self.changes.pop() {
                        self.change(condition);
                    }
                }
            }
        }
        self.pass(to);
    }

    /// A request comes.
    pub(super) fn arrive(&mut self) -> Result<u64, Fault> {
        self.usage.at(self.now).attempts += 1;
        let work = self.server.service_time.draw(&mut self.service_times);
        let luck = self.faults.uniform();
        let mut stage = Stage::Queued;
        if matches!(self.condition, Condition::Refusing) {
            return Err(Fault::Refused);
        } else if matches!(self.condition, Condition::Hanging) {
            stage = Stage::Hanging;
            self.hanging += 1;
        } else if self.busy >= self.capacity && self.server.max_queued.is_some_and(|max| self.queued >= max) {
            return Err(Fault::Overloaded);
        } else {
            self.queue.push_back(self.next_id);
            self.queued += 1;
        }
        let id = self.next_id;
        self.next_id += 1;
        self.jobs.insert(id, Job { arrived: self.now, work, luck, stage, caller: None, abandoned: false });
        self.start_queued();
        Ok(id)
    }

    /// Whether the answer to a request is there.
    pub(super) fn poll(&mut self, id: u64, cx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        let job = self.jobs.get_mut(&id).expect("a job is kept until it is answered or its caller leaves");
        if let Stage::Answered(answer) = job.stage {
            self.jobs.remove(&id);
            return Poll::Ready(answer);
        }
        job.caller = Some(cx.waker().clone());
        Poll::Pending
    }

    /// The caller of a request goes without having taken the answer.
    pub(super) fn leave(&mut self, id: u64) {
        let Some(job) = self.jobs.get_mut(&id) else { return };
        match job.stage {
            Stage::Queued | Stage::Running { .. } if self.server.finishes_abandoned => {
                job.abandoned = true;
                job.caller = None;
                self.orphaned += usize::from(matches!(job.stage, Stage::Running { .. }));
                return;
            }
            Stage::Queued => self.queued -= 1,
            Stage::Running { .. } => self.busy -= 1,
            Stage::Hanging => self.hanging -= 1,
            Stage::Answered(_) => {}
        }
        self.jobs.remove(&id);
        self.start_queued();
    }

    /// Those whose answer came since this was last asked.
    pub(super) fn take_answered(&mut self) -> Vec<Waker> {
        std::mem::take(&mut self.answered)
    }

    /// The books.
    pub(super) fn slices(&self) -> &[Work] {
        self.usage.slices()
    }

    fn pass(&mut self, to: u64) {
        let present = self.busy + self.queued + self.hanging;
        let level = Level { capacity: self.capacity, busy: self.busy, orphaned: self.orphaned, present };
        self.usage.pass(self.now, to, level);
        self.now = self.now.max(to);
    }

    fn start_queued(&mut self) {
        while self.busy < self.capacity
            && let Some(id) = self.queue.pop_front()
        {
            let (slower, fault_rate) = (self.slower(), self.fault_rate());
            // Absent, if its caller left the queue.
            let Some(job) = self.jobs.get_mut(&id) else { continue };
            job.stage = Stage::Running { fails: job.luck < fault_rate };
            self.queued -= 1;
            self.busy += 1;
            self.orphaned += usize::from(job.abandoned);
            self.running.push(Reverse((self.now.saturating_add((job.work * slower) as u64), id)));
            let work = self.usage.at(self.now);
            work.started += 1;
            work.waited += self.now - job.arrived;
        }
    }

    fn finish(&mut self, id: u64) {
        let Some(job) = self.jobs.get(&id) else { return };
        let Stage::Running { fails } = job.stage else { return };
        self.busy -= 1;
        self.orphaned -= usize::from(job.abandoned);
        self.answer(id, if fails { Err(Fault::Failed) } else { Ok(()) });
        self.start_queued();
    }

    fn answer(&mut self, id: u64, answer: Result<(), Fault>) {
        let Some(job) = self.jobs.get_mut(&id) else { return };
        if job.abandoned {
            self.jobs.remove(&id);
            return;
        }
        job.stage = Stage::Answered(answer);
        self.answered.extend(job.caller.take());
    }

    fn change(&mut self, condition: Condition) {
        if let Condition::Capacity { workers } = condition {
            self.capacity = workers;
        } else {
            (self.condition, self.condition_since) = (condition, self.now);
        }
        match condition {
            Condition::Refusing => self.drop_all(Some(Fault::Refused)),
            Condition::Hanging => self.drop_all(None),
            _ => self.start_queued(),
        }
    }

    /// Drops all work, with an answer or without.
    fn drop_all(&mut self, answer: Option<Fault>) {
        self.queue.clear();
        self.running.clear();
        (self.queued, self.busy, self.orphaned) = (0, 0, 0);
        let unanswered =
            self.jobs.iter().filter(|(_, job)| !matches!(job.stage, Stage::Answered(_))).map(|(id, _)| *id);
        for id in unanswered.collect::<Vec<_>>() {
            let Some(job) = self.jobs.get_mut(&id) else { continue };
            if matches!(job.stage, Stage::Hanging) {
                self.hanging -= 1;
            }
            if let Some(fault) = answer {
                self.answer(id, Err(fault));
            } else if job.abandoned {
                self.jobs.remove(&id);
            } else {
                job.stage = Stage::Hanging;
                self.hanging += 1;
            }
        }
    }

    fn slower(&self) -> f64 {
        match self.condition {
            Condition::Leaking { growth_per_minute } => {
                1.0 + growth_per_minute * (self.now - self.condition_since) as f64 / MINUTE
            }
            Condition::BrownOut { slower, .. } => slower,
            _ => 1.0,
        }
    }

    fn fault_rate(&self) -> f64 {
        match self.condition {
            Condition::BrownOut { fault_rate, .. } => fault_rate,
            _ => self.server.fault_rate,
        }
    }
}
