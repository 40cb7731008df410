#![forbid(unsafe_code)]
#![deny(missing_docs)]
//! mainstay beside its peers: every ratio comes from one run, contenders taking turns.

mod areas;
mod contest;
mod report;

use clap::Parser;
use std::{path::PathBuf, process::ExitCode};

/// Measures mainstay beside its peers and prints the ratios.
#[derive(Parser)]
struct Arguments {
    /// Measure one area only.
    #[arg(long, value_enum)]
    only: Option<areas::Area>,
    /// Also write one JSON line a bench to this file.
    #[arg(long)]
    json: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut results = Vec::new();
    for area in areas::Area::ALL {
        if arguments.only.is_none_or(|only| only == area) {
            for contest in area.contests() {
                let result = contest.run(area.name());
                println!("{result}");
                results.push(result);
            }
        }
    }
    match arguments.json.map(|path| report::write(&path, &results)) {
        Some(Err(error)) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
        Some(Ok(())) | None => ExitCode::SUCCESS,
    }
}
