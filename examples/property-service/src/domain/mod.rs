//! What the service talks about: places, homes, requests, answers. No I/O.

mod answer;
mod endpoint;
mod failure;
mod locality;
mod property;
mod request;
mod service;
mod telemetry;

pub use answer::{Answer, Body, Page, SuburbStats, Trending, Valuation};
pub use endpoint::Endpoint;
pub use failure::{Failure, FailureKind};
pub use locality::Locality;
pub use property::{PriceEvent, Property, PropertyDetails, PropertyKind};
pub use request::{Filter, PageRef, Request, SortOrder};
pub use service::Service;
pub use telemetry::{BreakerState, LayerHits, PoolUse, RetryCounts, Telemetry};
