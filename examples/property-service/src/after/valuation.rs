use super::{side::After, valuer::ValuerError};
use crate::domain::{Answer, Body, Failure, FailureKind, Valuation};
use mainstay_resilience::Error;
use std::sync::Arc;

impl After {
    /// The valuer's estimate, cached; while the valuer is away, the suburb's median, marked and not cached.
    pub(super) async fn valuation(&self, id: i64) -> Result<Answer, Failure> {
        let asked = self.regions.valuations.get_or_load_borrowed(&id, |_| self.valuer.valuation(id)).await;
        match asked.map_err(|error| error.into_loader().expect("a load fails in its loader only")) {
            Ok(valuation) => Ok(Answer::fresh(Body::Valuation(valuation))),
            Err(Error::Operation(ValuerError::NotFound(_))) => {
                Err(Failure::new(FailureKind::NotFound, format!("the valuer knows no property {id}")))
            }
            Err(_) => {
                let body = Body::Valuation(Arc::new(self.suburb_median(id).await?));
                Ok(Answer { body, degraded: true })
            }
        }
    }

    async fn suburb_median(&self, id: i64) -> Result<Valuation, Failure> {
        let details = self.details(id).await?;
        let Body::SuburbStats(stats) = self.suburb_stats(details.property.locality_id).await? else {
            unreachable!("`suburb_stats` answers with statistics")
        };
        Ok(Valuation { id, estimate: stats.median, from_suburb_median: true })
    }
}
