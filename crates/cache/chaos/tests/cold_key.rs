#![allow(clippy::unwrap_used, missing_docs)]
//! Four processes, ten thousand callers at once, one key that nobody has.
//!
//! Its Redis is one of `mainstay_testkit`.

use std::path::Path;

use mainstay_cache_chaos::cold::processes;

const PROCESSES: usize = 4;
const CALLERS: usize = 2_500;

fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_chaos"))
}

#[test]
fn one_cold_key_is_loaded_once_in_a_fleet() {
    let cold = processes(program(), PROCESSES, CALLERS, false).unwrap();
    println!("{cold:?}");
    assert_eq!(cold.loads, 1, "{cold:?}");
    assert_eq!(cold.answered, PROCESSES * CALLERS, "{cold:?}");
    assert_eq!(cold.values.len(), 1, "{cold:?}");
}

#[test]
fn when_the_process_that_loads_is_killed_one_other_loads() {
    let cold = processes(program(), PROCESSES, CALLERS, true).unwrap();
    println!("{cold:?}");
    assert_eq!(cold.loads, 2, "the killed load, and the one that took over: {cold:?}");
    assert_eq!(cold.answered, (PROCESSES - 1) * CALLERS, "{cold:?}");
    assert_eq!(cold.values.iter().copied().collect::<Vec<_>>(), [2], "{cold:?}");
}
