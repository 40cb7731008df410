use super::{demand::MarketDemand, extent::Extent};
use crate::{
    after::add_indexes,
    cli::{Arguments, RunError},
    compare::Progress,
    market::{Demand, Market, read_localities, real_localities},
    store::{Database, StoreError, drop_postgres, load_postgres, load_sqlite},
    upstream::{FaultSchedule, Upstream},
};
use serde_json::json;
use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tempfile::TempDir;

/// Everything both sides stand on: the market in two databases, and the valuer.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) before: Database,
    pub(super) after: Database,
    pub(super) upstream: Upstream,
    pub(super) faults: FaultSchedule,
    /// What `report.json` says of the market.
    pub(super) market: serde_json::Value,
    demand: Demand,
    prices: Arc<[i64]>,
    /// Databases and cache files; gone with the stage.
    folder: TempDir,
}

/// How long a database may take to answer at all.
const PATIENCE: Duration = Duration::from_secs(10);

/// The schemas of a PostgreSQL run, one a side.
const SCHEMAS: [&str; 2] = ["mainstay_before", "mainstay_after"];

impl Stage {
    pub(super) async fn set(
        arguments: &Arguments,
        extent: &Extent,
        progress: &Progress,
    ) -> Result<Self, RunError> {
        let folder = tempfile::tempdir().map_err(|error| RunError::Database(error.to_string()))?;
        let step = progress.step("making the market", None);
        let (seed, properties) = (arguments.seed, extent.properties);
        let localities = localities(arguments.localities.as_deref())?;
        let made = tokio::task::spawn_blocking(move || Market::generate(localities, seed, properties));
        let market =
            made.await.expect("the generator does not panic").map_err(|error| RunError::Localities {
                path: arguments.localities.clone().unwrap_or_default(),
                why: error.to_string(),
            })?;
        step.finish(&format!("{} properties, {} sales", market.homes.len(), market.sales.len()));

        let step = progress.step("filling the databases", None);
        let (before, after) = fill(arguments.database_url.as_deref(), &market, folder.path())
            .await
            .map_err(|error| database_fault(&error))?;
        step.finish("one for each side, the second with its indexes");

        let faults = FaultSchedule::drawn(arguments.seed, extent.span);
        let upstream = Upstream::start(market.prices(), faults.clone())
            .map_err(|error| RunError::Upstream(error.to_string()))?;
        Ok(Self {
            before,
            after,
            upstream,
            faults,
            market: json!({
                "localities": market.localities.len(),
                "properties": market.homes.len(),
                "sales": market.sales.len(),
                "listed": market.listed.len(),
                "listings": market.listings.len(),
                "users": market.users,
                "searches": market.searches.len(),
            }),
            demand: Demand::new(&market, arguments.seed),
            prices: market.prices().into(),
            folder,
        })
    }

    /// A demand from its beginning: two of the same seed ask for the same.
    pub(super) fn demand(&self, seed: u64) -> MarketDemand {
        MarketDemand::new(self.demand.clone(), Arc::clone(&self.prices), seed)
    }

    /// A place for a cache's file.
    pub(super) fn cache_file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn localities(path: Option<&Path>) -> Result<Vec<crate::domain::Locality>, RunError> {
    let Some(path) = path else {
        return real_localities()
            .map_err(|error| RunError::Localities { path: "built in".into(), why: error.to_string() });
    };
    let fault = |why: String| RunError::Localities { path: path.to_owned(), why };
    let file = File::open(path).map_err(|error| fault(error.to_string()))?;
    read_localities(file).map_err(|error| fault(error.to_string()))
}

async fn fill(url: Option<&str>, market: &Market, folder: &Path) -> Result<(Database, Database), StoreError> {
    let databases = if let Some(url) = url {
        let [before, after] = SCHEMAS;
        (load_postgres(market, url, before).await?, load_postgres(market, url, after).await?)
    } else {
        let (before, after) = (folder.join("before.db"), folder.join("after.db"));
        let filled = load_sqlite(market, &before).await?;
        std::fs::copy(&before, &after)
            .map_err(|source| StoreError::File { path: after.display().to_string(), source })?;
        (filled, Database::Sqlite(after))
    };
    add_indexes(&databases.1).await?;
    Ok(databases)
}

/// Whether the database answers, found out before anything is made.
///
/// # Errors
///
/// It does not.
pub(super) async fn reach(url: &str) -> Result<(), RunError> {
    let reached = async { Database::postgres(url, SCHEMAS[0])?.connect().await?.close().await };
    match tokio::time::timeout(PATIENCE, reached).await {
        Ok(reached) => reached.map_err(|error| database_fault(&error)),
        Err(_) => Err(RunError::Database(format!("it gave no answer within {PATIENCE:?}"))),
    }
}

/// Takes out again what was put into somebody's database, whatever came of the run.
///
/// # Errors
///
/// The server cannot be reached any more, or refuses.
pub(super) async fn clear(url: &str) -> Result<(), RunError> {
    let mut cleared = Ok(());
    for schema in SCHEMAS {
        let dropped = async { drop_postgres(&Database::postgres(url, schema)?).await };
        cleared = cleared.and(dropped.await.map_err(|error| database_fault(&error)));
    }
    cleared
}

pub(super) fn database_fault(error: &StoreError) -> RunError {
    RunError::Database(error.to_string())
}
