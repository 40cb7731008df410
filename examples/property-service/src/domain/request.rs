use super::{Answer, Body, Endpoint, PropertyKind};
use serde::Serialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum SortOrder {
    PriceAscending,
    PriceDescending,
}

/// What narrows a list within its suburb.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct Filter {
    pub kind: Option<PropertyKind>,
    pub min_bedrooms: Option<u8>,
    pub max_price: Option<i64>,
}

/// Which page of a list: OFFSET paging uses the number, keyset paging the cursor.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PageRef {
    /// From 1.
    pub number: u32,
    /// What the page before handed out; `None` on the first.
    pub cursor: Option<String>,
}

/// One call on the service.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    Property { id: i64 },
    List { locality_id: u32, filter: Filter, sort: SortOrder, page: PageRef },
    Search { user: u32, text: String },
    SuburbStats { locality_id: u32 },
    Trending,
    Valuation { id: i64 },
    UpdatePrice { id: i64, price: i64 },
}

impl Request {
    /// Rows on a list or search page.
    pub const PAGE_SIZE: usize = 20;

    pub fn endpoint(&self) -> Endpoint {
        match self {
            Self::Property { .. } => Endpoint::Property,
            Self::List { .. } => Endpoint::List,
            Self::Search { .. } => Endpoint::Search,
            Self::SuburbStats { .. } => Endpoint::SuburbStats,
            Self::Trending => Endpoint::Trending,
            Self::Valuation { .. } => Endpoint::Valuation,
            Self::UpdatePrice { .. } => Endpoint::UpdatePrice,
        }
    }

    /// Whether `answer` is a right answer to this request, as far as a client can tell.
    pub fn is_answered_by(&self, answer: &Answer) -> bool {
        match (self, &answer.body) {
            (Self::Property { id }, Body::Property(details)) => details.property.id == *id,
            (Self::List { locality_id, filter, sort, .. }, Body::Page(page)) => {
                let in_order = page.items.is_sorted_by(|a, b| match sort {
                    SortOrder::PriceAscending => a.price <= b.price,
                    SortOrder::PriceDescending => a.price >= b.price,
                });
                in_order
                    && page.items.len() <= Self::PAGE_SIZE
                    && page.items.iter().all(|p| {
                        p.locality_id == *locality_id
                            && filter.kind.is_none_or(|kind| p.kind == kind)
                            && filter.min_bedrooms.is_none_or(|least| p.bedrooms >= least)
                            && filter.max_price.is_none_or(|most| p.price <= most)
                    })
            }
            (Self::Search { text, .. }, Body::Page(page)) => {
                let wanted = text.to_lowercase();
                page.items.len() <= Self::PAGE_SIZE
                    && page.items.iter().all(|p| p.address.to_lowercase().contains(&wanted))
            }
            (Self::SuburbStats { locality_id }, Body::SuburbStats(stats)) => {
                stats.locality_id == *locality_id
                    && stats.lowest <= stats.median
                    && stats.median <= stats.highest
            }
            (Self::Trending, Body::Trending(trending)) => !trending.properties.is_empty(),
            (Self::Valuation { id }, Body::Valuation(valuation)) => {
                valuation.id == *id && valuation.estimate > 0
            }
            (Self::UpdatePrice { .. }, Body::Updated { version, .. }) => *version > 0,
            _ => false,
        }
    }
}
