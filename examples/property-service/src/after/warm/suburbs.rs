use super::super::side::After;
use crate::domain::{Failure, Filter, PageRef, SortOrder};
use mainstay_cache::warm::Warmer;

/// The first pages of the most viewed suburbs' lists, in both orders of price.
pub(super) struct PopularSuburbs<'a> {
    pub(super) side: &'a After,
    pub(super) most: usize,
}

impl Warmer for PopularSuburbs<'_> {
    /// A suburb, and whether the dearest come first.
    type Key = (u32, bool);
    type Error = Failure;

    fn name(&self) -> &str {
        "popular suburbs"
    }

    async fn plan(&self) -> Result<Vec<((u32, bool), f64)>, Failure> {
        let suburbs = self.side.most_viewed_suburbs(self.most).await?;
        let in_both_orders = |(id, views)| [false, true].map(|dearest_first| ((id, dearest_first), views));
        Ok(suburbs.into_iter().flat_map(in_both_orders).collect())
    }

    async fn warm(&self, lists: &[(u32, bool)]) -> Result<usize, Failure> {
        for (locality_id, dearest_first) in lists {
            let sort = if *dearest_first { SortOrder::PriceDescending } else { SortOrder::PriceAscending };
            let first = PageRef { number: 1, cursor: None };
            self.side.list(*locality_id, &Filter::default(), sort, &first).await?;
        }
        Ok(lists.len())
    }
}
