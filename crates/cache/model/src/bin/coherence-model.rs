//! Explores the catalogue and prints what it found.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use mainstay_cache_model::catalogue::{self, Case};
use mainstay_cache_model::{Trace, explore};

/// Explores the coherence protocol: every case of the catalogue, one line each. Ends with 1 if a case is not as expected.
#[derive(Debug, Parser)]
struct Options {
    /// At most so long a case, in seconds
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Only cases whose name contains this
    #[arg(long, default_value = "")]
    only: String,
    /// Only cases that are large (true) or that are not (false)
    #[arg(long)]
    large: Option<bool>,
    /// Writes the shortest counterexample of each mutation into this folder instead, as JSON
    #[arg(long)]
    traces: Option<PathBuf>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let chosen = |case: &Case| {
        case.name().contains(&options.only) && options.large.is_none_or(|large| large == case.large)
    };
    if let Some(folder) = &options.traces {
        let cases = catalogue::mutations().into_iter().chain(catalogue::not_promised());
        return match write_traces(folder, cases.filter(chosen)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("traces not written to {}: {error}", folder.display());
                ExitCode::FAILURE
            }
        };
    }
    println!("| rules | scenario | outcome | states | seconds | explored |\n|---|---|---|--:|--:|---|");
    let surprises =
        catalogue::all().into_iter().filter(chosen).filter(|case| !tell(case, options.seconds)).count();
    if surprises == 0 {
        return ExitCode::SUCCESS;
    }
    println!("\n{surprises} not as expected");
    ExitCode::FAILURE
}

/// One line; answers whether it was expected.
fn tell(case: &Case, seconds: u64) -> bool {
    let found = explore(case.model(), Some(Duration::from_secs(seconds)));
    let broken: Vec<_> = found.broken.iter().map(|broken| broken.promise).collect();
    let expected = case.breaks.iter().all(|promise| broken.contains(promise))
        && (broken.is_empty() || !case.breaks.is_empty())
        && (!found.whole || found.sane || !case.breaks.is_empty());
    println!(
        "| {} | {} | {}{} | {} | {:.1} | {} |",
        case.rules,
        case.scenario.name,
        if broken.is_empty() { "holds".to_owned() } else { format!("breaks {}", broken.join(" ")) },
        if expected { "" } else { " **unexpected**" },
        found.states,
        found.took.as_secs_f32(),
        if found.whole { "whole" } else { "CUT" },
    );
    expected
}

fn write_traces(folder: &std::path::Path, cases: impl Iterator<Item = Case>) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for case in cases {
        let Some(trace) = Trace::of(&case) else {
            eprintln!("no counterexample: {}", case.name());
            continue;
        };
        let name: String =
            case.name().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let path = folder.join(name + ".json");
        std::fs::write(&path, serde_json::to_string_pretty(&trace).map_err(std::io::Error::other)?)?;
        println!("{} steps to {}: {}", trace.steps.len(), trace.breaks.unwrap_or_default(), path.display());
    }
    Ok(())
}
