//! Explores the catalogue and prints what it found.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use mainstay_cache_model::catalogue::{self, Case};
use mainstay_cache_model::{Trace, explore, find};

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
    let limit = Duration::from_secs(options.seconds);
    if let Some(folder) = &options.traces {
        return match write_traces(folder, limit, catalogue::mutations().into_iter().filter(chosen)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("traces not written to {}: {error}", folder.display());
                ExitCode::FAILURE
            }
        };
    }
    println!("| rules | scenario | outcome | states | seconds | explored |\n|---|---|---|--:|--:|---|");
    let surprises = catalogue::all().into_iter().filter(chosen).filter(|case| !tell(case, limit)).count();
    if surprises == 0 {
        return ExitCode::SUCCESS;
    }
    println!("\n{surprises} not as expected");
    ExitCode::FAILURE
}

/// One line; answers whether it was expected.
fn tell(case: &Case, limit: Duration) -> bool {
    if case.breaks.is_empty() { tell_whole(case, limit) } else { tell_broken(case, limit) }
}

fn tell_whole(case: &Case, limit: Duration) -> bool {
    let found = explore(case.model(), Some(limit));
    let broken: Vec<_> = found.broken.iter().map(|broken| broken.promise).collect();
    let outcome = match broken.is_empty() {
        true if found.whole && !found.sane => "**holds for want of events**".to_owned(),
        true => "holds".to_owned(),
        false => format!("**breaks {}**", broken.join(", ")),
    };
    let explored = if found.whole { "whole" } else { "CUT" };
    line(case, &outcome, &found.states.to_string(), found.took, explored);
    broken.is_empty() && (found.sane || !found.whole)
}

fn tell_broken(case: &Case, limit: Duration) -> bool {
    let begun = Instant::now();
    let ways = case.breaks.iter().map(|promise| find(&case.model(), promise, Some(limit)));
    let ways: Vec<_> =
        ways.flatten().map(|way| format!("{} in {} steps", way.promise, way.steps.len())).collect();
    let all = ways.len() == case.breaks.len();
    let outcome =
        if all { format!("breaks {}", ways.join(", ")) } else { format!("**breaks only {ways:?}**") };
    line(case, &outcome, "", begun.elapsed(), "until found");
    all
}

fn line(case: &Case, outcome: &str, states: &str, took: Duration, explored: &str) {
    let (rules, scenario) = (&case.rules, &case.scenario.name);
    println!("| {rules} | {scenario} | {outcome} | {states} | {:.1} | {explored} |", took.as_secs_f32());
}

fn write_traces(folder: &Path, limit: Duration, cases: impl Iterator<Item = Case>) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for case in cases {
        let Some(trace) = Trace::of(&case, Some(limit)) else {
            eprintln!("no counterexample: {}", case.name());
            continue;
        };
        let path = folder.join(trace.file_name());
        std::fs::write(&path, written(&trace)?)?;
        println!("{} steps to {}: {}", trace.steps.len(), trace.breaks.unwrap_or_default(), path.display());
    }
    Ok(())
}

/// A line for each step.
fn written(trace: &Trace) -> serde_json::Result<String> {
    let head = serde_json::to_string(&Trace { steps: Vec::new(), ..trace.clone() })?;
    let steps: Vec<String> = trace.steps.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
    let head = head.strip_suffix("[]}").expect("the steps come last");
    Ok(format!("{head}[\n  {}\n]}}\n", steps.join(",\n  ")))
}
