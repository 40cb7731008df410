use super::super::side::After;
use crate::domain::Failure;
use mainstay_cache::warm::Warmer;

/// The pages of the most viewed homes.
pub(super) struct PopularHomes<'a> {
    pub(super) side: &'a After,
    pub(super) most: usize,
}

impl Warmer for PopularHomes<'_> {
    type Key = i64;
    type Error = Failure;

    fn name(&self) -> &str {
        "popular homes"
    }

    async fn plan(&self) -> Result<Vec<(i64, f64)>, Failure> {
        self.side.most_viewed_homes(self.most).await
    }

    async fn warm(&self, ids: &[i64]) -> Result<usize, Failure> {
        for id in ids {
            self.side.property(*id).await?;
        }
        Ok(ids.len())
    }
}
