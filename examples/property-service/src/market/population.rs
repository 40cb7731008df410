use super::geography::{Point, capital_of};
use super::random::{Table, stream};
use crate::domain::Locality;
use rand_distr::{Distribution, LogNormal};

/// The source places a dozen rows overseas (Birdlip NSW stands in Gloucestershire): nobody lives there here.
const FARTHEST_HOME_KM: f64 = 3_500.0;

/// How many of `homes` stand in each locality, in the order of `localities`; the sum is exact unless no locality
/// can be lived in.
pub(super) fn spread(localities: &[Locality], homes: usize, seed: u64) -> Vec<usize> {
    let weights: Vec<f64> = localities.iter().map(|locality| weight(locality, seed)).collect();
    let total: f64 = weights.iter().sum();
    if total == 0.0 {
        return vec![0; localities.len()];
    }
    // Rounding the running sum, not each share, keeps the total exact.
    let mut sum = 0.0;
    let mut given = 0;
    weights
        .iter()
        .map(|weight| {
            sum += weight;
            let due = (homes as f64 * (sum / total)).round() as usize;
            let share = due - given;
            given = due;
            share
        })
        .collect()
}

/// Relative number of homes: by remoteness class, denser towards the capital, unequal as suburbs are.
fn weight(locality: &Locality, seed: u64) -> f64 {
    let km = Point::of(locality).km_to(capital_of(&locality.state).place);
    if km > FARTHEST_HOME_KM {
        return 0.0;
    }
    let class = match (locality.remoteness.as_str(), locality.state.as_str()) {
        ("Major Cities of Australia", _) => 100.0,
        ("Inner Regional Australia", _) => 20.0,
        ("Outer Regional Australia", _) => 5.0,
        ("Remote Australia", _) => 1.5,
        ("Very Remote Australia", _) => 0.7,
        // The source has no class for the Territory.
        (_, "NT") if km < 40.0 => 20.0,
        (_, "NT") => 1.5,
        // Elsewhere the unclassed rows are post-office boxes and mail centres.
        _ => return 0.0,
    };
    let spread = LogNormal::new(0.0, 0.9).expect("a fixed, finite deviation");
    let size = spread.sample(&mut stream(seed, Table::Population, u64::from(locality.id)));
    class * (1.0 + 3.0 * (-km / 30.0).exp()) * size
}

#[cfg(test)]
mod tests {
    use super::super::real_localities;
    use super::*;

    #[test]
    fn every_home_is_placed_and_cities_hold_most() {
        let localities = real_localities().unwrap();
        let spread = spread(&localities, 200_000, 42);
        assert_eq!(spread.iter().sum::<usize>(), 200_000);
        let share = |class: &str| {
            let homes: usize = localities
                .iter()
                .zip(&spread)
                .filter(|(locality, _)| locality.remoteness == class)
                .map(|(_, homes)| homes)
                .sum();
            homes as f64 / 200_000.0
        };
        assert!(share("Major Cities of Australia") > 0.6, "{}", share("Major Cities of Australia"));
        assert!(share("Very Remote Australia") < 0.03, "{}", share("Very Remote Australia"));
    }

    #[test]
    fn nobody_lives_in_a_box_or_overseas() {
        let localities = real_localities().unwrap();
        let spread = spread(&localities, 50_000, 42);
        for (locality, homes) in localities.iter().zip(spread) {
            if locality.name == "Birdlip" || (locality.name == "Sydney" && locality.remoteness.is_empty()) {
                assert_eq!(homes, 0, "{locality:?}");
            }
        }
    }

    #[test]
    fn too_few_homes_still_add_up() {
        let localities = real_localities().unwrap();
        assert_eq!(spread(&localities, 10, 7).iter().sum::<usize>(), 10);
        assert_eq!(spread(&localities, 0, 7).iter().sum::<usize>(), 0);
    }
}
