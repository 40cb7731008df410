use mainstay_resilience::bulkhead::{BulkheadConfig, Discipline, Priority};

/// A bulkhead as the documentation describes it: places, and a line kept as a plain list in order of arrival.
pub(crate) struct Bulkhead {
    pub(crate) config: BulkheadConfig,
    pub(crate) running: usize,
    line: Vec<Waiter>,
    pub(crate) rejected: u64,
    next_ticket: u64,
    /// Tickets that left the line other than by giving up, until their holders look.
    granted: Vec<u64>,
    displaced: Vec<u64>,
}

struct Waiter {
    ticket: u64,
    priority: Priority,
}

/// What a call gets when it asks, or asks again.
#[derive(Debug, PartialEq)]
pub(crate) enum Turn {
    Entered,
    Waits(u64),
    Full,
    TooLong,
    Displaced,
}

impl Bulkhead {
    pub(crate) fn new(config: BulkheadConfig) -> Self {
        let (line, granted, displaced) = (Vec::new(), Vec::new(), Vec::new());
        Self { config, running: 0, line, rejected: 0, next_ticket: 0, granted, displaced }
    }

    pub(crate) fn queued(&self) -> usize {
        self.line.len()
    }

    pub(crate) fn ask(&mut self, priority: Priority) -> Turn {
        let overtakes = self.line.iter().any(|waiter| waiter.priority >= priority);
        if self.running < self.config.max_concurrent && !overtakes {
            self.running += 1;
            return Turn::Entered;
        }
        if self.line.len() >= self.config.max_queued {
            let lowest = self.line.iter().map(|waiter| waiter.priority).min();
            let Some(lowest) = lowest.filter(|lowest| *lowest < priority) else {
                self.rejected += 1;
                return Turn::Full;
            };
            let newest = self.line.iter().rposition(|waiter| waiter.priority == lowest).unwrap();
            self.displaced.push(self.line.remove(newest).ticket);
        }
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.line.push(Waiter { ticket, priority });
        Turn::Waits(ticket)
    }

    /// `overdue` where the ticket has waited as long as it may.
    pub(crate) fn ask_again(&mut self, ticket: u64, overdue: bool) -> Turn {
        if take(&mut self.granted, ticket) {
            return Turn::Entered;
        }
        if take(&mut self.displaced, ticket) {
            self.rejected += 1;
            return Turn::Displaced;
        }
        if overdue {
            self.line.retain(|waiter| waiter.ticket != ticket);
            self.rejected += 1;
            return Turn::TooLong;
        }
        Turn::Waits(ticket)
    }

    pub(crate) fn give_up(&mut self, ticket: u64) {
        if take(&mut self.granted, ticket) {
            self.leave();
        } else if !take(&mut self.displaced, ticket) {
            self.line.retain(|waiter| waiter.ticket != ticket);
        }
    }

    pub(crate) fn leave(&mut self) {
        self.running -= 1;
        self.grant();
    }

    fn grant(&mut self) {
        while self.running < self.config.max_concurrent {
            let Some(foremost) = self.line.iter().map(|waiter| waiter.priority).max() else { return };
            let is_foremost = |waiter: &Waiter| waiter.priority == foremost;
            let newest_first = matches!(self.config.discipline, Discipline::AdaptiveLifo { fifo_up_to } if self.line.len() > fifo_up_to);
            let at = if newest_first {
                self.line.iter().rposition(is_foremost)
            } else {
                self.line.iter().position(is_foremost)
            };
            self.granted.push(self.line.remove(at.unwrap()).ticket);
            self.running += 1;
        }
    }

    pub(crate) fn reconfigure(&mut self, config: BulkheadConfig) {
        self.config = config;
        self.grant();
    }
}

fn take(tickets: &mut Vec<u64>, ticket: u64) -> bool {
    let before = tickets.len();
    tickets.retain(|known| *known != ticket);
    tickets.len() < before
}
