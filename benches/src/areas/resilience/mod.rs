//! Policies on an operation that is ready at once, one file a policy and one for four of them together.

mod breaker;
mod bulkhead;
mod operation;
mod retry;
mod stack;
mod timeout;
mod window;

use crate::contest::Contest;

pub(super) fn contests() -> Vec<Contest> {
    vec![
        breaker::closed_1task(),
        breaker::closed_8tasks(),
        window::by_count(),
        window::by_time(),
        retry::first_ok(),
        timeout::ready(),
        bulkhead::uncontended(),
        stack::stack4(),
        stack::stack4_metrics(),
    ]
}
