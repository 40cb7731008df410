//! Breaks Redis and the network under a fleet of caches, and judges every read.

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use mainstay_cache_chaos::{Plan, run};

#[derive(Parser)]
#[command(about = "Breaks Redis and the network under a fleet of caches, and judges every read.")]
#[command(args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: Run,
}

#[derive(Subcommand)]
enum Command {}

#[derive(Args)]
struct Run {
    /// How long to go on.
    #[arg(long, default_value_t = 1.0)]
    minutes: f64,
    /// What faults and workers are drawn by; by default another each time.
    #[arg(long)]
    seed: Option<u64>,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let Cli { command, run: args } = Cli::parse();
    match command {
        Some(command) => match command {},
        None => chaos(&args),
    }
}

fn chaos(args: &Run) -> Result<ExitCode, Box<dyn Error>> {
    let mut plan = Plan::new(args.seed.unwrap_or_else(|| fastrand::u64(..)));
    println!("seed {}", plan.seed);
    plan.at_least = Duration::try_from_secs_f64(60.0 * args.minutes)?;
    let report = run(&plan)?;
    print!("{report}");
    Ok(if report.violations == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
