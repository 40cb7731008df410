use super::{
    super::side::After, homes::PopularHomes, statistics::PriceStatistics, suburbs::PopularSuburbs,
    trending::Trending,
};
use crate::domain::{Failure, FailureKind};
use mainstay_cache::warm::{WarmConfig, WarmRunner};
use std::time::Duration;

impl After {
    /// Asks what people will ask first: what trends, the most viewed homes, and the lists and price statistics of the suburbs
    /// they are in. Answers how many requests that made.
    ///
    /// # Errors
    ///
    /// The first request that failed; none is made after it.
    pub async fn warm(&self, homes: usize) -> Result<usize, Failure> {
        // Nobody waits at the door meanwhile, so it may take its time, but a database that fails is not asked on.
        let config =
            WarmConfig::default().deadline(Duration::from_secs(3_600)).max_error_ratio(0.0).min_tried(1);
        let refused = |error: String| Failure::new(FailureKind::Database, error);
        let runner = WarmRunner::new(config)
            .map_err(|error| refused(error.to_string()))?
            .warmer(Trending { side: self })
            .warmer(PopularHomes { side: self, most: homes })
            .warmer(PopularSuburbs { side: self, most: homes / 8 })
            .warmer(PriceStatistics { side: self, most: homes / 8 });
        let report = runner.run().await;
        if report.is_clean() { Ok(report.loaded()) } else { Err(refused(report.to_string())) }
    }
}
