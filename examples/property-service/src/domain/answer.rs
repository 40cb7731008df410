use super::{Property, PropertyDetails};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A page of a list or a search.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Page {
    pub items: Vec<Property>,
    /// Rows in the whole list, where the store counts them.
    pub total: Option<u64>,
    /// Hands on to the next page under keyset paging; `None` at the end.
    pub next: Option<String>,
}

/// Prices in one suburb.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SuburbStats {
    pub locality_id: u32,
    pub properties: u64,
    pub lowest: i64,
    pub median: i64,
    pub highest: i64,
    /// Sales in the last year of the data.
    pub sales_last_year: u64,
}

/// What people look at most, best first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trending {
    pub properties: Vec<Property>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Valuation {
    pub id: i64,
    /// Whole dollars.
    pub estimate: i64,
    /// `true` where the valuer was away and the suburb's prices stood in.
    pub from_suburb_median: bool,
}

#[derive(Clone, Debug)]
pub enum Body {
    Property(Arc<PropertyDetails>),
    Page(Arc<Page>),
    SuburbStats(Arc<SuburbStats>),
    Trending(Arc<Trending>),
    Valuation(Arc<Valuation>),
    Updated { id: i64, version: i64 },
}

/// What a caller gets back.
#[derive(Clone, Debug)]
pub struct Answer {
    pub body: Body,
    /// Served from a fallback or stale: right enough to show, and marked.
    pub degraded: bool,
}

impl Answer {
    pub fn fresh(body: Body) -> Self {
        Self { body, degraded: false }
    }

    /// Each property row in the answer with its version: what the staleness check reads.
    pub fn versions(&self) -> impl Iterator<Item = (i64, i64)> + '_ {
        let rows: &[Property] = match &self.body {
            Body::Property(details) => std::slice::from_ref(&details.property),
            Body::Page(page) => &page.items,
            Body::Trending(trending) => &trending.properties,
            Body::SuburbStats(_) | Body::Valuation(_) | Body::Updated { .. } => &[],
        };
        rows.iter().map(|row| (row.id, row.version))
    }
}
