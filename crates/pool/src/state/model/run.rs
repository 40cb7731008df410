use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::checks::{Model, Seen};

/// The steps of a run, on average.
const LENGTH: usize = 250;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

#[test]
fn what_must_hold_holds_after_every_one_of_a_million_steps() {
    let steps = setting("MAINSTAY_POOL_MODEL_STEPS", 1_000_000);
    let seed = setting("MAINSTAY_POOL_MODEL_SEED", 1);
    let cases = u32::try_from(steps.div_ceil(LENGTH as u64)).expect("fewer steps");
    println!("{steps} steps from seed {seed}");
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let seen = std::cell::RefCell::new((0, Seen::default()));
    let steps_of_a_run =
        (any::<(bool, bool, bool)>(), vec((0..100u8, any::<u16>()).no_shrink(), 1..=2 * LENGTH));
    let result = runner.run(&steps_of_a_run, |((says_goodbye, calm, comes_to_rest), operations)| {
        let mut model = Model::new(says_goodbye, calm);
        for (operation, argument) in &operations {
            model.step(*operation, *argument);
        }
        if comes_to_rest {
            model.finish();
        } else {
            model.close();
        }
        let mut seen = seen.borrow_mut();
        seen.0 += operations.len() as u64;
        seen.1.grants += model.seen.grants;
        seen.1.passed_on += model.seen.passed_on;
        seen.1.closed += model.seen.closed;
        seen.1.held_up += model.seen.held_up;
        seen.1.debts += model.seen.debts;
        seen.1.stayed += model.seen.stayed;
        Ok(())
    });
    if let Err(failure) = result {
        panic!("seed {seed}: {failure}");
    }
    let (taken, Seen { grants, passed_on, closed, held_up, debts, stayed }) = seen.into_inner();
    println!(
        "{taken} steps: {grants} grants, {passed_on} passed on, {closed} closed, {held_up} held up, {debts} in debt, \
         {stayed} with their threads"
    );
    assert!(taken >= steps * 95 / 100, "{taken} steps");
    for (what, often) in [
        ("grants", grants),
        ("passed on", passed_on),
        ("closed", closed),
        ("held up", held_up),
        ("debts", debts),
        ("with their threads", stayed),
    ] {
        assert!(often as u64 > steps / 1_000, "{what}: only {often}, the run proves little");
    }
}
