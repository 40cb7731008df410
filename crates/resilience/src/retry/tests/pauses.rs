use super::*;
use crate::retry::{
    backoff::{full_pause, longest_in_all},
    jitter::Draws,
};

#[test]
fn jitter_stays_in_its_range_spreads_and_repeats_with_its_seed() {
    for (jitter, low) in [(Jitter::Equal, 0.5), (Jitter::Full, 0.0)] {
        let config = RetryConfig::FAST.jitter(jitter);
        let draws = |seed| {
            let draws = Draws::new(Some(seed));
            (0..10_000).map(|_| draws.pause(&config, 1, None).as_secs_f64() / 0.1).collect::<Vec<_>>()
        };
        let first = draws(42);
        assert!(first.iter().all(|share| (low..=1.0).contains(share)), "{jitter:?}");
        let mean = first.iter().sum::<f64>() / first.len() as f64;
        assert!((mean - (low + 1.0) / 2.0).abs() < 0.01, "{jitter:?}: mean {mean}");
        assert_eq!(first, draws(42));
        assert_ne!(first, draws(43));
    }
}

/// Polly#2163: many attempts must not overflow the exponent.
#[test]
fn the_exponent_saturates() {
    let draws = Draws::new(Some(1));
    for attempts in [60, 5_000, u32::MAX] {
        assert_eq!(draws.pause(&exact(3), attempts, None), ms(1_000));
        let free = RetryConfig::FAST.initial(Duration::ZERO).jitter(Jitter::None);
        assert_eq!(draws.pause(&free, attempts, None), Duration::ZERO);
        let endless = RetryConfig::FAST.max(Duration::MAX).jitter(Jitter::None).multiplier(100.0);
        assert_eq!(draws.pause(&endless, attempts.max(5_000), None), Duration::MAX);
    }
}

#[test]
fn each_strategy_grows_as_it_says_and_is_capped() {
    let pauses = |backoff, max| {
        let config = exact(9).backoff(backoff).max(ms(max));
        [1, 2, 3, 4, 5, 6].map(|attempts| full_pause(&config, attempts).as_millis())
    };
    assert_eq!(pauses(Backoff::Constant, 1_000), [100; 6]);
    assert_eq!(pauses(Backoff::Linear, 450), [100, 200, 300, 400, 450, 450]);
    assert_eq!(pauses(Backoff::Exponential, 1_000), [100, 200, 400, 800, 1_000, 1_000]);
    assert_eq!(pauses(Backoff::Fibonacci, 700), [100, 100, 200, 300, 500, 700]);
}

/// Polly#2163: no strategy overflows, however many attempts there were and however long a pause may be.
#[test]
fn every_strategy_and_jitter_saturates() {
    let draws = Draws::new(Some(1));
    for backoff in [Backoff::Constant, Backoff::Linear, Backoff::Exponential, Backoff::Fibonacci] {
        for jitter in [Jitter::None, Jitter::Equal, Jitter::Full, Jitter::Decorrelated] {
            for (initial, max) in [(ms(1), Duration::MAX), (Duration::MAX, Duration::MAX), (ms(1), ms(7))] {
                let config = RetryConfig::FAST.initial(initial).max(max).backoff(backoff).jitter(jitter);
                for attempts in [1, 2, 64, 187, 1_024, u32::MAX] {
                    let pause = draws.pause(&config, attempts, Some(max));
                    assert!(pause <= max, "{config:?} after {attempts}: {pause:?}");
                }
                let all = longest_in_all(&config.max_attempts(u32::MAX), Duration::ZERO);
                assert!(all >= initial, "{all:?}");
            }
        }
    }
}

/// AWS's decorrelated jitter: each pause is uniform between `initial` and three times the one before, at most `max`.
#[test]
fn decorrelated_pauses_follow_the_pause_before() {
    let config = RetryConfig::FAST.jitter(Jitter::Decorrelated).max(ms(600));
    let draws = Draws::new(Some(7));
    let mean = |previous: Option<Duration>, low: f64, high: f64| {
        let drawn: Vec<f64> =
            (0..20_000).map(|_| draws.pause(&config, 2, previous).as_secs_f64() * 1e3).collect();
        assert!(drawn.iter().all(|pause| (low..=high).contains(pause)), "{previous:?}");
        drawn.iter().sum::<f64>() / drawn.len() as f64
    };
    assert!((mean(None, 100.0, 300.0) - 200.0).abs() < 2.0, "the first goes by `initial`");
    assert!((mean(Some(ms(180)), 100.0, 540.0) - 320.0).abs() < 4.0);
    // Uniform to 900 ms, of which the part above 600 is cut down to 600.
    let cut = (500.0 * 350.0 + 300.0 * 600.0) / 800.0;
    assert!((mean(Some(ms(300)), 100.0, 600.0) - cut).abs() < 4.0);
}

/// Deciles of 20,000 draws each hold a tenth of them: the chi-squared statistic stays below its 99.9 % quantile.
#[test]
fn jitter_is_uniform_over_its_range() {
    for (jitter, low, high) in
        [(Jitter::Full, 0.0, 100.0), (Jitter::Equal, 50.0, 100.0), (Jitter::Decorrelated, 100.0, 300.0)]
    {
        let config = RetryConfig::FAST.jitter(jitter);
        let draws = Draws::new(Some(2_026));
        let mut deciles = [0_u32; 10];
        for _ in 0..20_000 {
            let pause = draws.pause(&config, 1, None).as_secs_f64() * 1e3;
            deciles[(((pause - low) / (high - low) * 10.0) as usize).min(9)] += 1;
        }
        let chi2: f64 = deciles.iter().map(|&n| (f64::from(n) - 2_000.0).powi(2) / 2_000.0).sum();
        assert!(chi2 < 27.88, "{jitter:?}: {deciles:?}, chi squared {chi2:.1}");
    }
}

/// Callers that failed together do not come back together.
#[test]
fn callers_of_one_policy_do_not_draw_the_same_pauses() {
    let draws = Draws::new(Some(3));
    let config = RetryConfig::FAST.jitter(Jitter::Full);
    let mut drawn: Vec<Duration> = (0..1_000).map(|_| draws.pause(&config, 1, None)).collect();
    drawn.sort();
    drawn.dedup();
    assert!(drawn.len() > 990, "{} of 1,000 differ", drawn.len());
}

/// All pauses added one by one.
fn added(config: &RetryConfig) -> Duration {
    (1..config.max_attempts).map(|n| full_pause(config, n)).sum()
}

#[test]
fn the_bound_is_the_sum_of_all_pauses() {
    for backoff in [Backoff::Constant, Backoff::Linear, Backoff::Exponential, Backoff::Fibonacci] {
        for attempts in [1, 2, 3, 10, 1_000] {
            let config = exact(attempts).backoff(backoff).max(Duration::from_secs(3_600));
            assert_eq!(longest_in_all(&config, Duration::ZERO), added(&config), "{backoff:?}, {attempts}");
        }
    }
    let decorrelated = exact(4).jitter(Jitter::Decorrelated);
    assert_eq!(longest_in_all(&decorrelated, Duration::ZERO), ms(300 + 900 + 1_000));
}

/// A multiplier that hardly grows must not make the bound of a billion attempts a loop of a billion steps.
#[test]
fn the_bound_of_very_many_attempts_is_computed_at_once_and_is_never_too_short() {
    let slow = exact(200_000).initial(Duration::from_micros(3)).max(ms(50));
    for config in [
        slow.clone().multiplier(1.000_1),
        slow.clone().multiplier(1.000_000_1),
        slow.clone().multiplier(1.0),
        slow.backoff(Backoff::Linear),
        exact(100_000)
            .backoff(Backoff::Linear)
            .initial(Duration::from_nanos(700))
            .max(Duration::from_secs(1)),
    ] {
        let (bound, sum) = (longest_in_all(&config, Duration::ZERO), added(&config));
        let excess = bound.checked_sub(sum).unwrap_or_else(|| panic!("{bound:?} < {sum:?}: {config:?}"));
        assert!(excess <= sum / 10_000 + ms(1), "{excess:?} too long of {sum:?}: {config:?}");
    }
    let endless = exact(u32::MAX).multiplier(1.000_000_1).max(Duration::from_secs(86_400));
    let bound = longest_in_all(&endless, Duration::ZERO);
    // 13.6 billion steps of growth would be needed in full; the cap is reached after 136.7 million.
    assert!(bound > Duration::from_secs(86_400) * 4_000_000_000, "{bound:?}");
}
