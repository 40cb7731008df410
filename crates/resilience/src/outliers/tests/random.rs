use super::*;

/// Whatever happens, no more are out than allowed, an ejected endpoint gets nothing but trials, and no call stays counted.
#[tokio::test(start_paused = true)]
async fn random_use_keeps_to_the_cap_and_loses_no_call() {
    for seed in (0..60).chain([fastrand::u64(..)]) {
        println!("seed {seed}");
        let mut rng = fastrand::Rng::with_seed(seed);
        let draw_config = |rng: &mut fastrand::Rng| {
            config()
                .consecutive_failures(rng.u32(1..4))
                .failure_rate(rng.bool().then_some(0.5))
                .min_calls(rng.u32(1..10))
                .base_ejection(Duration::from_millis(rng.u64(1..2_000)))
                .max_ejection(5 * SECOND)
                .trial_lease(Duration::from_millis(rng.u64(1..3_000)))
                .max_ejected_percent(rng.u8(0..=100))
                .allow_none(rng.bool())
                .strategy(if rng.bool() { Strategy::RoundRobin } else { Strategy::TwoChoices })
                .abandoned(if rng.bool() { Verdict::Ignore } else { Verdict::Failure })
        };
        let first = draw_config(&mut rng);
        let hosts = set(first, rng.u32(0..8));
        let mut next = 100;
        let mut calls = Vec::new();
        let mut refused = 0;
        for _ in 0..3_000 {
            let out_before: Vec<u32> = hosts
                .explain()
                .iter()
                .filter(|report| matches!(report.standing, Standing::Ejected { .. } | Standing::Trial))
                .map(|report| *report.endpoint)
                .collect();
            match rng.u8(0..20) {
                0..=8 => match hosts.choose() {
                    Ok(chosen) => {
                        let was_out = out_before.contains(&chosen);
                        assert_eq!(was_out, chosen.is_trial(), "only a trial goes to who is out");
                        calls.push(chosen);
                    }
                    Err(_) => {
                        assert_eq!(out_before.len(), hosts.snapshot().endpoints, "refused though one is in");
                        refused += 1;
                    }
                },
                9..=15 if !calls.is_empty() => {
                    let chosen = calls.swap_remove(rng.usize(0..calls.len()));
                    match rng.u8(0..6) {
                        0 | 1 => chosen.record(Verdict::Success),
                        2 | 3 => chosen.record(Verdict::Failure),
                        4 => chosen.record(Verdict::Ignore),
                        _ => drop(chosen),
                    }
                }
                16 => {
                    next += 1;
                    assert!(hosts.add(next));
                }
                17 => {
                    let all = hosts.explain();
                    if !all.is_empty() {
                        assert!(hosts.remove(&all[rng.usize(0..all.len())].endpoint));
                    }
                }
                18 => hosts.reconfigure(draw_config(&mut rng)).unwrap(),
                _ => advance(Duration::from_millis(rng.u64(0..1_500))).await,
            }
            let (now, config) = (hosts.snapshot(), hosts.config());
            let by_share = now.endpoints * usize::from(config.max_ejected_percent) / 100;
            let keep = usize::from(!config.allow_none);
            assert!(now.ejected <= by_share.min(now.endpoints.saturating_sub(keep)), "{now:?} {config:?}");
            let in_flight: usize = hosts.explain().iter().map(|report| report.in_flight).sum();
            assert!(in_flight <= calls.len());
        }
        calls.clear();
        assert!(hosts.explain().iter().all(|report| report.in_flight == 0));
        assert_eq!(hosts.snapshot().rejected, refused);
        let balance = hosts.snapshot();
        assert!(balance.ejections > 0, "the series does something");
    }
}
