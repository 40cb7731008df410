#![forbid(unsafe_code)]
#![deny(missing_docs)]
//! Counts the allocations of each contender and the bytes it keeps, apart from the timing: counting takes time of its own.

use clap::Parser;
use mainstay_benches::{areas::Area, report::BenchResult};
use std::{path::PathBuf, process::ExitCode};

/// Prints the allocations an operation; exits 1 if mainstay allocates where it must not.
#[derive(Parser)]
struct Arguments {
    /// Count in one area only.
    #[arg(long, value_enum)]
    only: Option<Area>,
    /// Taken, as the timing takes it, and not written to: counts are for people.
    #[arg(long, hide = true)]
    json: Option<PathBuf>,
}

fn main() -> ExitCode {
    let Arguments { only, json: _ } = Arguments::parse();
    let mut code = ExitCode::SUCCESS;
    for area in Area::ALL.into_iter().filter(|area| only.is_none_or(|only| only == *area)) {
        for result in count(area) {
            match result {
                Ok(result) => println!("{result}"),
                Err(result) => {
                    println!("{result} | MUST NOT ALLOCATE");
                    code = ExitCode::FAILURE;
                }
            }
        }
        for footprint in area.footprints() {
            println!(
                "{}",
                footprint.measure(area.name(), |work| allocation_counter::measure(work).bytes_current)
            );
        }
    }
    code
}

fn count(area: Area) -> impl Iterator<Item = Result<BenchResult, BenchResult>> {
    let counted = |work: &mut dyn FnMut()| allocation_counter::measure(work).count_total;
    area.contests().into_iter().filter_map(move |contest| contest.count_allocations(area.name(), counted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_allocate_nothing_on_the_way_to_a_success() {
        for result in count(Area::Resilience) {
            assert!(result.is_ok(), "{}", result.unwrap_err());
        }
    }
}
