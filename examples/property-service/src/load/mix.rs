use crate::domain::Endpoint;

/// How often each endpoint is called, as weights; only their proportions matter.
#[derive(Clone, Debug, PartialEq)]
pub struct Mix {
    /// In the order of [`Endpoint::ALL`].
    weights: [f64; Endpoint::ALL.len()],
}

impl Default for Mix {
    /// A browsing public: mostly property pages and lists, three price updates in a hundred calls.
    fn default() -> Self {
        Self::new(|endpoint| match endpoint {
            Endpoint::Property => 44.0,
            Endpoint::List => 20.0,
            Endpoint::Search => 9.0,
            Endpoint::SuburbStats => 8.0,
            Endpoint::Trending => 6.0,
            Endpoint::Valuation => 10.0,
            Endpoint::UpdatePrice => 3.0,
        })
    }
}

impl Mix {
    pub fn new(weight: impl Fn(Endpoint) -> f64) -> Self {
        Self { weights: Endpoint::ALL.map(weight) }
    }

    /// The share of all calls that go to `endpoint`, 0 to 1.
    #[cfg(test)]
    pub fn share(&self, endpoint: Endpoint) -> f64 {
        let total: f64 = self.weights.iter().sum();
        Endpoint::ALL
            .iter()
            .zip(self.weights)
            .filter(|(each, _)| **each == endpoint)
            .map(|(_, weight)| weight / total)
            .sum()
    }

    /// The endpoint that a uniform `draw` from `[0, 1)` falls on.
    pub(super) fn pick(&self, draw: f64) -> Endpoint {
        let mut left = draw * self.weights.iter().sum::<f64>();
        let mut picked = Endpoint::Property;
        for (endpoint, weight) in Endpoint::ALL.into_iter().zip(self.weights) {
            if weight > 0.0 {
                picked = endpoint;
                if left < weight {
                    break;
                }
                left -= weight;
            }
        }
        picked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_to_one_and_follow_the_weights() {
        let mix = Mix::default();
        let total: f64 = Endpoint::ALL.iter().map(|&endpoint| mix.share(endpoint)).sum();
        assert!((total - 1.0).abs() < 1e-9);
        assert!((mix.share(Endpoint::Property) - 0.44).abs() < 1e-9);
        assert!((mix.share(Endpoint::UpdatePrice) - 0.03).abs() < 1e-9);
    }

    #[test]
    fn a_draw_falls_on_each_endpoint_as_widely_as_its_share() {
        let mix = Mix::default();
        let draws = 100_000;
        for endpoint in Endpoint::ALL {
            let hits = (0..draws).filter(|i| mix.pick(f64::from(*i) / f64::from(draws)) == endpoint).count();
            let share = hits as f64 / f64::from(draws);
            assert!((share - mix.share(endpoint)).abs() < 1e-4, "{endpoint:?}: {share}");
        }
    }

    #[test]
    fn an_endpoint_of_weight_zero_is_never_picked() {
        let mix = Mix::new(|endpoint| if endpoint == Endpoint::UpdatePrice { 0.0 } else { 1.0 });
        assert!((0..1000).all(|i| mix.pick(f64::from(i) / 1000.0) != Endpoint::UpdatePrice));
        assert_ne!(mix.pick(0.999_999_999_999_999_9), Endpoint::UpdatePrice);
    }
}
