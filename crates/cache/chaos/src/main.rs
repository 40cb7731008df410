//! Breaks Redis and the network under a fleet of caches, and judges every read.

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use mainstay_cache_chaos::million::million;
use mainstay_cache_chaos::outage::outage;
use mainstay_cache_chaos::{Fault, Kind, Plan, Summary, cold, run};
use tokio::runtime::Runtime;

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
enum Command {
    /// Makes a great many keys dead by tag and by pattern, beside SCAN and UNLINK.
    Million {
        #[arg(long, default_value_t = 1_000_000)]
        keys: usize,
    },
    /// Lets Redis fall silent, and tells what callers notice.
    Outage,
    /// Lets many callers in several processes ask for one cold key.
    Cold {
        #[arg(long, default_value_t = 4)]
        processes: usize,
        /// In each process.
        #[arg(long, default_value_t = 2_500)]
        callers: usize,
        /// Kills the process that loads.
        #[arg(long)]
        kill: bool,
    },
    /// One of the processes of `cold`.
    #[command(hide = true)]
    ColdProcess { url: String, callers: usize },
}

#[derive(Args)]
struct Run {
    /// How long to go on, with each kind of servers.
    #[arg(long, default_value_t = 1.0)]
    minutes: f64,
    /// What faults and workers are drawn by; by default another each time.
    #[arg(long)]
    seed: Option<u64>,
    /// With which servers, one kind after the other.
    #[arg(long, value_delimiter = ',', default_values = ["single", "sentinel", "cluster"])]
    servers: Vec<Kind>,
    /// Which faults; by default all there are for these servers.
    #[arg(long, value_delimiter = ',', hide_possible_values = true)]
    faults: Vec<Fault>,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let Cli { command, run: args } = Cli::parse();
    match command {
        None => chaos(&args),
        Some(Command::Million { keys }) => {
            let million = runtime()?.block_on(million(keys))?;
            print!("{million}");
            Ok(code(million.revived == 0))
        }
        Some(Command::Outage) => {
            print!("{}", runtime()?.block_on(outage())?);
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::Cold { processes, callers, kill }) => {
            let cold = cold::processes(&std::env::current_exe()?, processes, callers, kill)?;
            println!("{} loads, {} callers answered in {:.1?}", cold.loads, cold.answered, cold.took);
            Ok(code(cold.loads == 1 + u64::from(kill)))
        }
        Some(Command::ColdProcess { url, callers }) => {
            runtime()?.block_on(cold::process(&url, callers))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn runtime() -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

fn chaos(args: &Run) -> Result<ExitCode, Box<dyn Error>> {
    let seed = args.seed.unwrap_or_else(|| fastrand::u64(..));
    let mut reports = Vec::new();
    for kind in &args.servers {
        println!("--servers {kind} --seed {seed}");
        let mut plan = Plan::new(*kind, seed);
        plan.at_least = Duration::try_from_secs_f64(60.0 * args.minutes)?;
        if !args.faults.is_empty() {
            plan.faults.retain(|fault| args.faults.contains(fault));
        }
        let report = run(&plan)?;
        println!("{report}");
        reports.push(report);
    }
    print!("{}", Summary(&reports));
    Ok(code(reports.iter().all(|report| report.violations == 0)))
}

fn code(kept: bool) -> ExitCode {
    if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
