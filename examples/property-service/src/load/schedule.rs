use super::browsing::{Browser, Browsing, exponential};
use super::{DemandSource, Mix};
use crate::domain::{Endpoint, Request};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

/// One call, and when it is due whatever became of the calls before it.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrival {
    /// From the start of the load.
    pub at: Duration,
    /// The browsing session a list page belongs to.
    pub session: Option<u32>,
    pub request: Request,
}

/// An open-loop load, the same for whoever is put under it.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// Calls a second.
    pub rate: f64,
    pub span: Duration,
    /// Browsing sessions, numbered from 0.
    pub sessions: u32,
    /// In the order they are due.
    pub arrivals: Vec<Arrival>,
}

/// What makes a schedule: the same plan and demand make the same calls.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    pub mix: Mix,
    pub browsing: Browsing,
    pub seed: u64,
}

impl Plan {
    /// `rate × span` calls that arrive as a Poisson process does, given that many: their times are independent
    /// and uniform over the span, so a short trial is not noisier than it need be.
    ///
    /// A list call goes to the session that has waited longest since it was ready for its next page, else it
    /// starts a session; that keeps rate and mix exact, and think times at least as long as drawn.
    pub fn schedule(&self, rate: f64, span: Duration, demand: &mut impl DemandSource) -> Schedule {
        let mut random = Pcg64::seed_from_u64(self.seed);
        let mut waiting: BinaryHeap<Reverse<Browser>> = BinaryHeap::new();
        let mut sessions = 0;
        let arrivals = arrival_times(rate, span, &mut random)
            .into_iter()
            .map(|at| {
                let endpoint = self.mix.pick(random.random());
                if endpoint != Endpoint::List {
                    return Arrival { at, session: None, request: single(endpoint, demand) };
                }
                let ready = waiting.peek().is_some_and(|Reverse(browser)| browser.ready <= at);
                let browser = match waiting.pop() {
                    Some(Reverse(browser)) if ready => browser,
                    early => {
                        waiting.extend(early);
                        sessions += 1;
                        self.browsing.begin(sessions - 1, demand.locality(), &mut random)
                    }
                };
                let arrival = Arrival { at, session: Some(browser.session), request: browser.next.clone() };
                waiting.extend(self.browsing.turn(browser, at, &mut random).map(Reverse));
                arrival
            })
            .collect();
        Schedule { rate, span, sessions, arrivals }
    }
}

fn single(endpoint: Endpoint, demand: &mut impl DemandSource) -> Request {
    match endpoint {
        Endpoint::Property | Endpoint::List => Request::Property { id: demand.property() },
        Endpoint::Search => Request::Search { user: demand.user(), text: demand.search_text() },
        Endpoint::SuburbStats => Request::SuburbStats { locality_id: demand.locality() },
        Endpoint::Trending => Request::Trending,
        Endpoint::Valuation => Request::Valuation { id: demand.property() },
        Endpoint::UpdatePrice => {
            let id = demand.property();
            Request::UpdatePrice { id, price: demand.new_price(id) }
        }
    }
}

/// Sums of exponential gaps, scaled to the span: ordered uniform times without a sort.
fn arrival_times(rate: f64, span: Duration, random: &mut Pcg64) -> Vec<Duration> {
    let count = (rate * span.as_secs_f64()).round() as usize;
    let mut sum = 0.0;
    let sums: Vec<f64> = (0..=count)
        .map(|_| {
            sum += exponential(random);
            sum
        })
        .collect();
    sums[..count].iter().map(|each| span.mul_f64(each / sum)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::fake::Wanted;
    use super::*;
    use crate::domain::PageRef;
    use std::collections::HashMap;

    fn make(seed: u64, rate: f64, seconds: u64) -> Schedule {
        let plan = Plan { seed, ..Plan::default() };
        plan.schedule(rate, Duration::from_secs(seconds), &mut Wanted::seeded(seed))
    }

    #[test]
    fn the_same_seed_makes_the_same_schedule_and_another_seed_another() {
        assert_eq!(make(42, 200.0, 20), make(42, 200.0, 20));
        assert_ne!(make(42, 200.0, 20).arrivals, make(43, 200.0, 20).arrivals);
    }

    #[test]
    fn gaps_between_arrivals_are_exponential() {
        let schedule = make(7, 500.0, 40);
        assert_eq!(schedule.arrivals.len(), 20_000);
        assert!(schedule.arrivals.is_sorted_by_key(|arrival| arrival.at));
        assert!(schedule.arrivals.last().is_some_and(|arrival| arrival.at < schedule.span));
        let gaps: Vec<f64> = schedule
            .arrivals
            .windows(2)
            .map(|pair| (pair[1].at - pair[0].at).as_secs_f64() * 500.0)
            .collect();
        let count = gaps.len() as f64;
        let mean = gaps.iter().sum::<f64>() / count;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / count;
        assert!((mean - 1.0).abs() < 0.02, "mean {mean}");
        assert!((variance - 1.0).abs() < 0.08, "variance {variance}");
        // P(gap > 2 means) = e^-2.
        let long = gaps.iter().filter(|gap| **gap > 2.0).count() as f64 / count;
        assert!((long - (-2.0_f64).exp()).abs() < 0.01, "long {long}");
    }

    #[test]
    fn counts_in_equal_windows_vary_as_poisson_counts_do() {
        let schedule = make(11, 100.0, 200);
        let mut counts = vec![0.0; 200];
        for arrival in &schedule.arrivals {
            counts[arrival.at.as_secs() as usize] += 1.0;
        }
        let variance = counts.iter().map(|count| (count - 100.0_f64).powi(2)).sum::<f64>() / 200.0;
        assert!((70.0..135.0).contains(&variance), "variance of counts around 100: {variance}");
    }

    #[test]
    fn the_mix_is_as_stated() {
        let schedule = make(5, 1000.0, 50);
        for endpoint in Endpoint::ALL {
            let hits = schedule.arrivals.iter().filter(|each| each.request.endpoint() == endpoint).count();
            let share = hits as f64 / schedule.arrivals.len() as f64;
            let wanted = Mix::default().share(endpoint);
            assert!((share - wanted).abs() < 0.01, "{endpoint:?}: {share} for {wanted}");
        }
    }

    #[test]
    fn a_session_pages_through_one_list_in_order_and_thinks_in_between() {
        let schedule = make(3, 300.0, 30);
        let mut seen: HashMap<u32, (Duration, Request)> = HashMap::new();
        let mut deepest = 0;
        let mut thinking = Vec::new();
        for arrival in &schedule.arrivals {
            let Request::List { page, .. } = &arrival.request else {
                assert_eq!(arrival.session, None);
                continue;
            };
            let session = arrival.session.expect("a list page belongs to a session");
            assert!(session < schedule.sessions);
            deepest = deepest.max(page.number);
            match seen.get(&session) {
                None => assert_eq!(page.number, 1),
                Some((earlier, Request::List { locality_id, filter, sort, page: before })) => {
                    let number = before.number + 1;
                    assert_eq!(
                        arrival.request,
                        Request::List {
                            locality_id: *locality_id,
                            filter: filter.clone(),
                            sort: *sort,
                            page: PageRef { number, cursor: None },
                        }
                    );
                    thinking.push((arrival.at - *earlier).as_secs_f64());
                }
                Some(other) => panic!("{other:?} is no list"),
            }
            seen.insert(session, (arrival.at, arrival.request.clone()));
        }
        assert_eq!(seen.len(), schedule.sessions as usize);
        let pages: u32 = schedule.arrivals.iter().filter(|each| each.session.is_some()).count() as u32;
        assert!(pages > 2 * schedule.sessions, "{pages} pages in {} sessions", schedule.sessions);
        assert!(deepest >= 15, "crawlers go deep: {deepest}");
        let mean = thinking.iter().sum::<f64>() / thinking.len() as f64;
        assert!((0.4..1.5).contains(&mean), "mean think time {mean}");
    }
}
