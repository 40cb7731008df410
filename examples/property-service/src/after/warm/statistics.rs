use super::super::side::After;
use crate::domain::Failure;
use mainstay_cache::warm::Warmer;

/// The price statistics of the most viewed suburbs.
pub(super) struct PriceStatistics<'a> {
    pub(super) side: &'a After,
    pub(super) most: usize,
}

impl Warmer for PriceStatistics<'_> {
    type Key = u32;
    type Error = Failure;

    fn name(&self) -> &str {
        "price statistics"
    }

    async fn plan(&self) -> Result<Vec<(u32, f64)>, Failure> {
        self.side.most_viewed_suburbs(self.most).await
    }

    async fn warm(&self, suburbs: &[u32]) -> Result<usize, Failure> {
        for locality_id in suburbs {
            self.side.suburb_stats(*locality_id).await?;
        }
        Ok(suburbs.len())
    }
}
