use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    Property,
    List,
    Search,
    SuburbStats,
    Trending,
    Valuation,
    UpdatePrice,
}

impl Endpoint {
    pub const ALL: [Self; 7] = [
        Self::Property,
        Self::List,
        Self::Search,
        Self::SuburbStats,
        Self::Trending,
        Self::Valuation,
        Self::UpdatePrice,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Property => "property",
            Self::List => "list",
            Self::Search => "search",
            Self::SuburbStats => "suburb stats",
            Self::Trending => "trending",
            Self::Valuation => "valuation",
            Self::UpdatePrice => "price update",
        }
    }

    /// An answer later than this is no success (the original report's table).
    pub fn timeout(self) -> Duration {
        Duration::from_secs(if self == Self::Search { 15 } else { 10 })
    }
}
