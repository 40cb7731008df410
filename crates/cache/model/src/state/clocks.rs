//! Every reading of the namespace's clock in a state.

use super::{Clock, Held, Reader, State};

impl State {
    pub(crate) fn newest_clock(&mut self) -> Clock {
        let mut newest = 0;
        self.each_clock(&mut |clock| newest = newest.max(*clock));
        newest
    }

    /// Renumbers the readings, so that only their order is left: where all wall clocks agree nothing else counts. 0 stays 0.
    pub(crate) fn renumber_clocks(&mut self) {
        let mut used = [false; 1 + Clock::MAX as usize];
        used[0] = true;
        self.each_clock(&mut |clock| used[usize::from(*clock)] = true);
        let mut next = 0;
        let number = used.map(|used| {
            next += Clock::from(used);
            next.saturating_sub(1)
        });
        self.each_clock(&mut |clock| *clock = number[usize::from(*clock)]);
    }

    fn each_clock(&mut self, see: &mut impl FnMut(&mut Clock)) {
        for bucket in &mut self.buckets {
            in_held(&mut bucket.held, see);
            if let Some(held) = bucket.replica.held_mut() {
                in_held(held, see);
            }
        }
        for node in &mut self.nodes {
            see(&mut node.stamp);
            see(&mut node.clock);
            node.l1.iter_mut().flatten().for_each(|copied| see(&mut copied.born));
            node.inbox.iter_mut().for_each(|told| see(&mut told.clock));
            if let Some(answer) = &mut node.answer {
                see(&mut answer.replay.clock);
                see(&mut answer.replay.stamp);
                see(&mut answer.replay.others_stamp);
            }
        }
        for Reader { born, stamp, departed, looked, dead, found, .. } in &mut self.readers {
            [born, stamp, departed, looked].into_iter().for_each(&mut *see);
            dead.iter_mut().for_each(&mut *see);
            found.iter_mut().for_each(|value| see(&mut value.born));
        }
        self.invalidations.iter_mut().for_each(|one| see(&mut one.at));
    }
}

fn in_held(held: &mut Held, see: &mut impl FnMut(&mut Clock)) {
    see(&mut held.control.clock);
    see(&mut held.control.stamp);
    held.control.stream.iter_mut().for_each(|told| see(&mut told.clock));
    held.slots.iter_mut().filter_map(|slot| slot.value.as_mut()).for_each(|value| see(&mut value.born));
}
