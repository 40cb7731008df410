mod answers;
mod updates;
mod valuations;
mod warming;

use super::{After, Wiring, add_indexes};
use crate::{
    before::Before,
    domain::{
        Body, BreakerState, FailureKind, Filter, Page, PageRef, PropertyKind, Request, Service, SortOrder,
    },
    market::{Demand, Market, fullest, small_market},
    store::{Database, drop_postgres, load_postgres, load_sqlite},
    upstream::{FaultSchedule, Upstream},
};
use std::{sync::Arc, time::Duration};
use tempfile::TempDir;

/// Nothing listens on the discard port: only tests of the valuer have one.
const NO_VALUER: &str = "http://127.0.0.1:9";

struct House {
    after: Arc<After>,
    before: Before,
    market: Market,
    _folder: TempDir,
}

async fn house_with(valuer: &str) -> House {
    let market = small_market();
    let folder = tempfile::tempdir().unwrap();
    let naive = load_sqlite(&market, &folder.path().join("before.db")).await.unwrap();
    let path = folder.path().join("after.db");
    std::fs::copy(folder.path().join("before.db"), &path).unwrap();
    let database = Database::Sqlite(path);
    add_indexes(&database).await.unwrap();
    let after = connect(database, valuer, folder.path(), None).await;
    House { after, before: Before::connect(&naive, valuer).await.unwrap(), market, _folder: folder }
}

async fn house() -> House {
    house_with(NO_VALUER).await
}

async fn connect(
    database: Database,
    valuer: &str,
    folder: &std::path::Path,
    redis: Option<String>,
) -> Arc<After> {
    let wiring = Wiring {
        database,
        valuer_url: valuer.to_owned(),
        cache_file: folder.join("cache.db"),
        redis_url: redis,
        redis_prefix: "test".to_owned(),
    };
    Arc::new(After::connect(&wiring).await.unwrap())
}

async fn body(side: &impl Service, request: &Request) -> Body {
    let answer = side.handle(request).await.unwrap_or_else(|failure| panic!("{request:?}: {failure}"));
    assert!(request.is_answered_by(&answer), "{request:?} got {answer:?}");
    assert!(!answer.degraded, "{request:?} got {answer:?}");
    answer.body
}

fn list(locality_id: u32, filter: &Filter, sort: SortOrder, page: PageRef) -> Request {
    Request::List { locality_id, filter: filter.clone(), sort, page }
}

fn first() -> PageRef {
    PageRef { number: 1, cursor: None }
}

/// Every row of a list, page after page.
async fn walk(side: &impl Service, locality_id: u32, filter: &Filter, sort: SortOrder) -> Vec<i64> {
    let (mut ids, mut page) = (Vec::new(), first());
    loop {
        let Body::Page(shown) = body(side, &list(locality_id, filter, sort, page.clone())).await else {
            panic!("not a page")
        };
        ids.extend(shown.items.iter().map(|home| home.id));
        match &shown.next {
            Some(next) => page = PageRef { number: page.number + 1, cursor: Some(next.clone()) },
            None => return ids,
        }
    }
}

async fn version_of(side: &impl Service, id: i64) -> i64 {
    let Body::Property(details) = body(side, &Request::Property { id }).await else { panic!("no property") };
    details.property.version
}
