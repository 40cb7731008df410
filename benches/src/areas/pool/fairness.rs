//! How evenly the callers of each contender were served.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Jain's index of every turn, by contender: 1 if all callers were served alike, 1/n if one of n got everything.
#[derive(Clone, Default)]
pub(super) struct Fairness(Rc<RefCell<BTreeMap<&'static str, Vec<f64>>>>);

impl Fairness {
    pub(super) fn note(&self, contender: &'static str, served: &[u64]) {
        self.0.borrow_mut().entry(contender).or_default().push(jain(served));
    }

    /// The median of each contender's turns, and its worst.
    pub(super) fn told(&self) -> String {
        let told = self
            .0
            .borrow_mut()
            .iter_mut()
            .map(|(contender, turns)| {
                turns.sort_by(f64::total_cmp);
                format!("{contender} {:.5} (worst {:.5})", turns[turns.len() / 2], turns[0])
            })
            .collect::<Vec<_>>();
        format!("Jain index: {}", told.join(" | "))
    }
}

fn jain(served: &[u64]) -> f64 {
    let sum: f64 = served.iter().map(|count| *count as f64).sum();
    let squares: f64 = served.iter().map(|count| (*count as f64).powi(2)).sum();
    sum * sum / (served.len() as f64 * squares)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_for_all_alike_and_a_quarter_where_one_of_four_gets_everything() {
        assert_eq!(jain(&[5, 5, 5, 5]), 1.0);
        assert_eq!(jain(&[20, 0, 0, 0]), 0.25);
    }

    #[test]
    fn the_median_and_the_worst_are_told() {
        let fairness = Fairness::default();
        for served in [[1, 1], [1, 0], [1, 1]] {
            fairness.note("pool", &served);
        }
        assert_eq!(fairness.told(), "Jain index: pool 1.00000 (worst 0.50000)");
    }
}
