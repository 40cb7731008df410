/// At most so many of the items, each as likely as another (Waterman's reservoir; Knuth, *The Art of Computer Programming*,
/// vol. 2, 3.4.2).
pub(super) fn reservoir<T>(items: impl Iterator<Item = T>, at_most: usize) -> Vec<T> {
    let mut chosen = Vec::new();
    for (seen, item) in items.enumerate() {
        if seen < at_most {
            chosen.push(item);
            continue;
        }
        let place = fastrand::usize(..=seen);
        if let Some(there) = chosen.get_mut(place) {
            *there = item;
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::reservoir;

    #[test]
    fn all_of_a_few_are_chosen_and_no_more_than_wanted_of_many() {
        assert_eq!(reservoir(0..3, 5), [0, 1, 2]);
        assert_eq!(reservoir(0..3, 0), Vec::<i32>::new());
        assert_eq!(reservoir(0..300, 5).len(), 5);
    }

    /// Each of 20 is expected 2,500 times with a deviation below 44: seven of those are no accident.
    #[test]
    fn each_is_as_likely_as_another() {
        let mut times = [0_i32; 20];
        for _ in 0..10_000 {
            reservoir(0..20, 5).into_iter().for_each(|item: usize| times[item] += 1);
        }
        assert!(times.iter().all(|times| (times - 2_500).abs() < 300), "{times:?}");
    }
}
