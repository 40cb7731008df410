use super::super::side::After;
use crate::domain::Failure;
use mainstay_cache::warm::Warmer;

/// What trends: one answer, on the front page.
pub(super) struct Trending<'a> {
    pub(super) side: &'a After,
}

impl Warmer for Trending<'_> {
    type Key = &'static str;
    type Error = Failure;

    fn name(&self) -> &str {
        "trending"
    }

    async fn plan(&self) -> Result<Vec<(&'static str, f64)>, Failure> {
        Ok(vec![("week", f64::INFINITY)])
    }

    async fn warm(&self, weeks: &[&'static str]) -> Result<usize, Failure> {
        self.side.trending().await?;
        Ok(weeks.len())
    }
}
