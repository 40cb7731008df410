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

#[tokio::test]
async fn both_sides_give_the_same_answers() {
    let House { after, before, market, _folder } = house().await;
    let mut demand = Demand::new(&market, 7);
    for _ in 0..20 {
        let id = demand.property();
        let (Body::Property(ours), Body::Property(theirs)) =
            (body(&*after, &Request::Property { id }).await, body(&before, &Request::Property { id }).await)
        else {
            panic!("no property")
        };
        let (mut ours, mut theirs) = ((*ours).clone(), (*theirs).clone());
        ours.listed_by.sort();
        theirs.listed_by.sort();
        assert_eq!(ours, theirs);

        let request = Request::Search { user: 1, text: demand.search_text().to_owned() };
        let (Body::Page(ours), Body::Page(theirs)) =
            (body(&*after, &request).await, body(&before, &request).await)
        else {
            panic!("no page")
        };
        assert_eq!(ours.items, theirs.items, "{request:?}");
        assert!(!ours.items.is_empty(), "{request:?} found nothing");

        let request = Request::SuburbStats { locality_id: demand.locality() };
        let (Body::SuburbStats(ours), Body::SuburbStats(theirs)) =
            (body(&*after, &request).await, body(&before, &request).await)
        else {
            panic!("no statistics")
        };
        assert_eq!(ours, theirs);
    }
    let (Body::Trending(ours), Body::Trending(theirs)) =
        (body(&*after, &Request::Trending).await, body(&before, &Request::Trending).await)
    else {
        panic!("nothing trends")
    };
    assert_eq!(ours, theirs);
}

#[tokio::test]
async fn keyset_pages_cover_every_list_as_offset_pages_do() {
    let House { after, before, market, _folder } = house().await;
    let (locality, homes) = fullest(&market);
    let filters = [
        Filter::default(),
        Filter { kind: Some(PropertyKind::House), ..Filter::default() },
        Filter { min_bedrooms: Some(3), max_price: Some(2_500_000), ..Filter::default() },
    ];
    for filter in filters {
        for sort in [SortOrder::PriceAscending, SortOrder::PriceDescending] {
            let ours = walk(&*after, locality, &filter, sort).await;
            assert_eq!(ours, walk(&before, locality, &filter, sort).await, "{filter:?} {sort:?}");
            assert!(filter != Filter::default() || ours.len() == homes);
        }
    }
}

#[tokio::test]
async fn an_update_is_seen_at_once_in_everything_that_showed_the_old_price() {
    let House { after, market, _folder, .. } = house().await;
    let id = i64::from(market.listed[0]);
    let Body::Property(details) = body(&*after, &Request::Property { id }).await else {
        panic!("no property")
    };
    let locality_id = details.property.locality_id;
    let address = details.property.address.clone();
    let everything = [
        Request::Property { id },
        list(locality_id, &Filter::default(), SortOrder::PriceAscending, first()),
        Request::Search { user: 1, text: address },
        Request::SuburbStats { locality_id },
        Request::Trending,
    ];
    for round in 0..3 {
        for request in &everything {
            body(&*after, request).await;
        }
        // The cheapest of its suburb from now on, so that the list's first page must show it.
        let price = 1_000 + round;
        let Body::Updated { version, .. } = body(&*after, &Request::UpdatePrice { id, price }).await else {
            panic!("not an update")
        };
        assert_eq!(version, 2 + round);
        for request in &everything {
            let answer = after.handle(request).await.unwrap();
            let shown: Vec<i64> =
                answer.versions().filter(|(home, _)| *home == id).map(|(_, version)| version).collect();
            match &answer.body {
                Body::SuburbStats(stats) => assert_eq!(stats.lowest, price),
                _ => assert_eq!(shown, [version], "{request:?}"),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_reader_ever_sees_less_than_was_acknowledged_before_it_began() {
    let House { after, market, _folder, .. } = house().await;
    let id = i64::from(market.listed[0]);
    let acknowledged = Arc::new(std::sync::atomic::AtomicI64::new(1));
    let readers: Vec<_> = (0..4)
        .map(|_| {
            let (after, acknowledged) = (Arc::clone(&after), Arc::clone(&acknowledged));
            tokio::spawn(async move {
                for _ in 0..100 {
                    let least = acknowledged.load(std::sync::atomic::Ordering::SeqCst);
                    let seen = version_of(&*after, id).await;
                    assert!(seen >= least, "saw version {seen} after {least} was acknowledged");
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for round in 0..25 {
        let update = Request::UpdatePrice { id, price: 500_000 + round };
        let Body::Updated { version, .. } = body(&*after, &update).await else { panic!("not an update") };
        acknowledged.store(version, std::sync::atomic::Ordering::SeqCst);
    }
    for reader in readers {
        reader.await.unwrap();
    }
}

#[tokio::test]
async fn a_cached_answer_asks_the_database_nothing() {
    let House { after, market, _folder, .. } = house().await;
    let (locality_id, _) = fullest(&market);
    let requests = [
        Request::Property { id: i64::from(market.listed[0]) },
        list(locality_id, &Filter::default(), SortOrder::PriceAscending, first()),
        Request::Search { user: 1, text: market.search_texts[0].clone() },
        Request::SuburbStats { locality_id },
        Request::Trending,
    ];
    for request in &requests {
        body(&*after, request).await;
    }
    let asked = after.telemetry().db_queries;
    assert!(asked >= 5);
    for request in &requests {
        body(&*after, request).await;
    }
    assert_eq!(after.telemetry().db_queries, asked);
}

#[tokio::test]
async fn every_statement_goes_through_an_index() {
    let House { after, market, _folder, .. } = house().await;
    let (locality_id, _) = fullest(&market);
    let filter = Filter { kind: Some(PropertyKind::Unit), min_bedrooms: Some(2), max_price: Some(900_000) };
    walk(&*after, locality_id, &Filter::default(), SortOrder::PriceDescending).await;
    for request in [
        Request::Property { id: i64::from(market.listed[0]) },
        list(locality_id, &filter, SortOrder::PriceAscending, first()),
        Request::Search { user: 1, text: market.search_texts[0].clone() },
        Request::SuburbStats { locality_id },
        Request::UpdatePrice { id: i64::from(market.listed[1]), price: 640_000 },
    ] {
        body(&*after, &request).await;
    }
    // Plans are asked for beside the calls.
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    let mut counts = after.telemetry();
    while counts.indexed_queries < counts.db_queries && tokio::time::Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(5)).await;
        counts = after.telemetry();
    }
    assert_eq!(counts.indexed_queries, counts.db_queries);
}

#[tokio::test]
async fn a_forged_cursor_or_one_of_another_list_is_refused() {
    let House { after, market, _folder, .. } = house().await;
    let (locality_id, _) = fullest(&market);
    let Body::Page(shown) =
        body(&*after, &list(locality_id, &Filter::default(), SortOrder::PriceAscending, first())).await
    else {
        panic!("not a page")
    };
    let cursor = Page::clone(&shown).next.unwrap();
    let other = Filter { min_bedrooms: Some(2), ..Filter::default() };
    let (head, tail) = cursor.split_at(cursor.len() / 2);
    let forged = format!("{head}{}{}", if tail.starts_with('A') { 'B' } else { 'A' }, &tail[1..]);
    for (filter, cursor) in [(other, cursor.clone()), (Filter::default(), forged)] {
        let page = PageRef { number: 2, cursor: Some(cursor) };
        let request = list(locality_id, &filter, SortOrder::PriceAscending, page);
        assert_eq!(after.handle(&request).await.unwrap_err().kind, FailureKind::NotFound, "{request:?}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let House { after, _folder, .. } = house().await;
    for request in [Request::Property { id: 9_999_999 }, Request::UpdatePrice { id: 9_999_999, price: 1 }] {
        assert_eq!(after.handle(&request).await.unwrap_err().kind, FailureKind::NotFound, "{request:?}");
    }
}

#[tokio::test]
async fn an_update_dropped_half_way_leaves_no_transaction_open() {
    let House { after, market, _folder, .. } = house().await;
    let id = i64::from(market.listed[0]);
    for polls in 1..40 {
        let update = Request::UpdatePrice { id, price: 700_000 + polls };
        let mut call = Box::pin(after.handle(&update));
        for _ in 0..polls {
            if futures::poll!(call.as_mut()).is_ready() {
                break;
            }
            // Long enough for SQLite's thread to take a step; how far each poll gets is not what is tested.
            tokio::task::yield_now().await;
        }
        drop(call);
        let Body::Updated { version, .. } = body(&*after, &update).await else { panic!("not an update") };
        assert_eq!(version_of(&*after, id).await, version);
    }
}

#[tokio::test]
async fn while_the_valuer_is_away_the_suburbs_median_stands_in_and_is_marked_and_not_kept() {
    let market = small_market();
    let schedule = FaultSchedule::out_from_the_start(1, Duration::from_secs(3_600));
    let upstream = Upstream::start(market.prices(), schedule).unwrap();
    let House { after, _folder, .. } = house_with(&upstream.url()).await;
    let request = Request::Valuation { id: i64::from(market.listed[0]) };

    upstream.begin_run();
    while after.telemetry().breaker != Some(BreakerState::Open) {
        let answer = after.handle(&request).await.unwrap();
        assert!(answer.degraded && request.is_answered_by(&answer), "{answer:?}");
    }
    let asked = upstream.calls().total();
    assert!(after.handle(&request).await.unwrap().degraded);
    assert_eq!(upstream.calls().total(), asked, "an open breaker asks nobody");
    assert_eq!(after.telemetry().breaker_trips, 1);

    upstream.be_well();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    loop {
        let answer = after.handle(&request).await.unwrap();
        if !answer.degraded {
            break;
        }
        assert!(tokio::time::Instant::now() < deadline, "the valuer's recovery was never noticed");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let asked = upstream.calls().total();
    assert!(!after.handle(&request).await.unwrap().degraded);
    assert_eq!(upstream.calls().total(), asked, "a valuation is kept");
    let stranger = after.handle(&Request::Valuation { id: 9_999_999 }).await.unwrap_err();
    assert_eq!(stranger.kind, FailureKind::NotFound);
}

#[tokio::test]
async fn warming_fills_what_is_popular() {
    let House { after, market, _folder, .. } = house().await;
    // Trending, 40 homes, and of five suburbs two lists and the statistics.
    assert_eq!(after.warm(40).await.unwrap(), 1 + 40 + 5 * 3);
    let asked = after.telemetry().db_queries;
    for id in &market.listed[..10] {
        body(&*after, &Request::Property { id: i64::from(*id) }).await;
    }
    body(&*after, &Request::Trending).await;
    let loads = after.cache.stats().regions;
    assert_eq!((loads["list"].loads, loads["suburb"].loads), (10, 5));
    assert_eq!(after.telemetry().db_queries, asked);
}

#[tokio::test]
async fn warming_a_side_without_its_tables_says_what_failed() {
    let House { after, _folder, .. } = house().await;
    let mut writer = after.pools.writer().await.unwrap();
    writer.borrow().execute("DROP TABLE property_views", &[]).await.unwrap();
    drop(writer);
    let told = after.warm(40).await.unwrap_err().to_string();
    assert!(told.contains("popular homes") && told.contains("property_views"), "{told}");
}

#[tokio::test]
async fn on_postgresql_and_redis_it_answers_the_same_and_updates_are_seen() {
    let postgres = mainstay_testkit::postgres::Postgres::start().unwrap();
    let redis = mainstay_testkit::redis::Redis::start().unwrap();
    let market = small_market();
    let folder = tempfile::tempdir().unwrap();
    let naive = load_postgres(&market, &postgres.url(), "mainstay_before").await.unwrap();
    let tuned = load_postgres(&market, &postgres.url(), "mainstay_after").await.unwrap();
    add_indexes(&tuned).await.unwrap();
    let after = connect(tuned.clone(), NO_VALUER, folder.path(), Some(redis.url())).await;
    let before = Before::connect(&naive, NO_VALUER).await.unwrap();

    let (locality, _) = fullest(&market);
    for sort in [SortOrder::PriceAscending, SortOrder::PriceDescending] {
        let ours = walk(&*after, locality, &Filter::default(), sort).await;
        assert_eq!(ours, walk(&before, locality, &Filter::default(), sort).await, "{sort:?}");
    }
    let id = i64::from(market.listed[0]);
    let search = Request::Search { user: 1, text: market.search_texts[0].clone() };
    let (Body::Page(ours), Body::Page(theirs)) = (body(&*after, &search).await, body(&before, &search).await)
    else {
        panic!("no page")
    };
    assert_eq!(ours.items, theirs.items);
    assert_eq!(version_of(&*after, id).await, 1);
    body(&*after, &Request::UpdatePrice { id, price: 1_000 }).await;
    assert_eq!(version_of(&*after, id).await, 2);

    // A second instance on the same Redis, its memory empty, finds there what the first one loaded.
    let other_folder = tempfile::tempdir().unwrap();
    let other = connect(tuned.clone(), NO_VALUER, other_folder.path(), Some(redis.url())).await;
    assert_eq!(version_of(&*other, id).await, 2);
    let hits = other.telemetry().hits.unwrap();
    assert_eq!((hits.l2, hits.misses), (Some(1), 0));

    after.close().await;
    other.close().await;
    drop_postgres(&tuned).await.unwrap();
    drop_postgres(&naive).await.unwrap();
}
