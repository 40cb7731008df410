#![forbid(unsafe_code)]
#![deny(missing_docs)]
//! Measures mainstay beside its peers.

use clap::Parser;
use mainstay_benches::{
    areas::Area,
    report::{Report, ReportError},
};
use std::{path::PathBuf, process::ExitCode};

/// Measures mainstay beside its peers and prints the ratios.
#[derive(Parser)]
struct Arguments {
    /// Measure one area only.
    #[arg(long, value_enum)]
    only: Option<Area>,
    /// Also write one JSON line a bench to this file.
    #[arg(long)]
    json: Option<PathBuf>,
}

fn main() -> ExitCode {
    match measure(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn measure(arguments: Arguments) -> Result<(), ReportError> {
    // Before anything is measured: minutes of work are not to end at a wrong path.
    let mut report = arguments.json.map(Report::create).transpose()?;
    for area in Area::ALL {
        if arguments.only.is_none_or(|only| only == area) {
            for contest in area.contests() {
                let result = contest.run(area.name());
                println!("{result}");
                if let Some(report) = &mut report {
                    report.add(&result)?;
                }
            }
        }
    }
    Ok(())
}
