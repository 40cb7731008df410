//! The main job: one market, one load, two sides, one report.

mod comparison;
mod demand;
mod extent;
mod redis;
mod stage;
mod warm_up;

use crate::{
    cli::{Arguments, RunError},
    compare::{self, Output, Progress, Report},
};
use extent::Extent;
use stage::Stage;

/// Does what the arguments ask for.
///
/// # Errors
///
/// What kept it from a report; nothing half-written stays behind.
pub fn run() -> Result<(), RunError> {
    let arguments = Arguments::parse()?;
    let output = Output::prepare(&arguments.out, arguments.json.as_deref())?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(RunError::Runtime)?;
    let report = runtime.block_on(compared(&arguments));
    // Loads that outlived their side's timeout have no say any more.
    runtime.shutdown_background();
    let report = report?;
    for table in compare::tables(&report) {
        println!("{table}");
    }
    let written = output.write(&compare::page(&report), &report.json())?;
    println!("The charts are in {}, all figures in {}.", written.page.display(), written.json.display());
    Ok(())
}

async fn compared(arguments: &Arguments) -> Result<Report, RunError> {
    let report = tokio::select! {
        // Listening before anything is made: else an early Ctrl-C would end the program on the spot.
        biased;
        _ = tokio::signal::ctrl_c() => Err(RunError::Interrupted),
        report = staged(arguments) => report,
    };
    let mut cleared = Ok(());
    if let Some(url) = &arguments.database_url {
        cleared = stage::clear(url).await;
    }
    if let Some(url) = &arguments.redis_url {
        cleared = cleared.and(redis::clear(url).await);
    }
    report.and_then(|report| cleared.map(|()| report))
}

async fn staged(arguments: &Arguments) -> Result<Report, RunError> {
    if let Some(url) = &arguments.database_url {
        stage::reach(url).await?;
    }
    if let Some(url) = &arguments.redis_url {
        redis::reach(url).await?;
    }
    let progress = Progress::on_stderr();
    let extent = Extent::of(arguments);
    let stage = Stage::set(arguments, &extent, &progress).await?;
    comparison::run(arguments, &extent, &stage, &progress).await
}
