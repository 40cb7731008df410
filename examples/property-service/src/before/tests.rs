use super::Before;
use crate::domain::{
    Body, FailureKind, Filter, PageRef, PoolUse, PropertyKind, Request, Service, SortOrder, Telemetry,
};
use crate::market::{Demand, Market, fullest, small_market};
use crate::store::{load_postgres, load_sqlite};
use crate::upstream::{Fate, FaultSchedule, Upstream};
use std::time::Duration;

struct House {
    before: Before,
    market: Market,
    _folder: tempfile::TempDir,
}

/// Nothing listens on the discard port: only tests of the valuer have one.
const NO_VALUER: &str = "http://127.0.0.1:9";

async fn house() -> House {
    let market = small_market();
    let folder = tempfile::tempdir().unwrap();
    let database = load_sqlite(&market, &folder.path().join("market.db")).await.unwrap();
    let before = Before::connect(&database, NO_VALUER).await.unwrap();
    House { before, market, _folder: folder }
}

fn page(number: u32, cursor: Option<String>) -> PageRef {
    PageRef { number, cursor }
}

/// Plans are asked for, and sqlx takes connections back, beside the calls.
async fn settled(before: &Before, is_settled: impl Fn(&Telemetry) -> bool) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while !is_settled(&before.telemetry()) && tokio::time::Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn answers_the_public_rightly(before: &Before, market: &Market) {
    let mut demand = Demand::new(market, 42);
    let mut requests = vec![Request::Trending];
    for round in 0..8 {
        let filter = Filter {
            kind: (round % 2 == 0).then_some(PropertyKind::House),
            min_bedrooms: (round % 3 == 0).then_some(3),
            max_price: (round % 4 == 0).then_some(900_000),
        };
        let sort = if round < 4 { SortOrder::PriceAscending } else { SortOrder::PriceDescending };
        requests.extend([
            Request::Property { id: demand.property() },
            Request::List { locality_id: demand.locality(), filter, sort, page: page(1, None) },
            Request::Search { user: demand.user(), text: demand.search_text().to_owned() },
            Request::SuburbStats { locality_id: demand.locality() },
            Request::UpdatePrice { id: demand.property(), price: 700_000 + round },
        ]);
    }
    for request in requests {
        let answer = before.handle(&request).await.unwrap_or_else(|failure| panic!("{request:?}: {failure}"));
        assert!(request.is_answered_by(&answer), "{request:?} got {answer:?}");
        if let (Request::Search { .. }, Body::Page(found)) = (&request, &answer.body) {
            assert!(!found.items.is_empty(), "{request:?} found nothing");
        }
    }
}

#[tokio::test]
async fn every_request_the_public_makes_is_answered_rightly() {
    let House { before, market, _folder } = house().await;
    answers_the_public_rightly(&before, &market).await;
}

#[tokio::test]
async fn and_so_on_postgres() {
    let server = mainstay_testkit::postgres::Postgres::start().unwrap();
    let market = small_market();
    let database = load_postgres(&market, &server.url(), "mainstay_before").await.unwrap();
    let before = Before::connect(&database, NO_VALUER).await.unwrap();
    answers_the_public_rightly(&before, &market).await;
    settled(&before, |telemetry| telemetry.indexed_queries > 0).await;
    let telemetry = before.telemetry();
    assert!(telemetry.indexed_queries < telemetry.db_queries, "{telemetry:?}");
}

#[tokio::test]
async fn pages_cover_a_list_without_gaps_or_repeats() {
    let House { before, market, _folder } = house().await;
    let (locality_id, homes) = fullest(&market);
    assert!(homes > 2 * Request::PAGE_SIZE, "{homes} homes are no list to page through");
    let mut seen = Vec::new();
    let mut next = page(1, None);
    loop {
        let (filter, sort) = (Filter::default(), SortOrder::PriceAscending);
        let request = Request::List { locality_id, filter, sort, page: next.clone() };
        let Body::Page(got) = before.handle(&request).await.unwrap().body else { panic!("no page") };
        assert_eq!(got.total, Some(homes as u64));
        seen.extend(got.items.iter().map(|property| (property.price, property.id)));
        match &got.next {
            None => break,
            cursor => next = page(next.number + 1, cursor.clone()),
        }
    }
    let mut expected: Vec<(i64, i64)> = (1..)
        .zip(&market.homes)
        .filter(|(_, home)| home.locality_id == locality_id)
        .map(|(id, home)| (home.price, id))
        .collect();
    expected.sort_unstable();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn an_update_is_seen_with_its_version_and_its_history() {
    let House { before, market, _folder } = house().await;
    let id = i64::from(market.listed[0]);
    for (price, expected) in [(501_000, 2), (502_000, 3)] {
        let answer = before.handle(&Request::UpdatePrice { id, price }).await.unwrap();
        let Body::Updated { version, .. } = answer.body else { panic!("not an update") };
        assert_eq!(version, expected);
    }
    let Body::Property(details) = before.handle(&Request::Property { id }).await.unwrap().body else {
        panic!("no property")
    };
    assert_eq!((details.property.price, details.property.version), (502_000, 3));
    assert_eq!((details.history[0].price, details.history[1].price), (502_000, 501_000));
    assert!(details.history.is_sorted_by_key(|event| -event.day));
    assert!(!details.listed_by.is_empty());
}

#[tokio::test]
async fn suburb_stats_are_those_of_the_market() {
    let House { before, market, _folder } = house().await;
    let (locality_id, homes) = fullest(&market);
    let answer = before.handle(&Request::SuburbStats { locality_id }).await.unwrap();
    let Body::SuburbStats(stats) = answer.body else { panic!("no statistics") };
    let mut prices: Vec<i64> =
        market.homes.iter().filter(|home| home.locality_id == locality_id).map(|home| home.price).collect();
    prices.sort_unstable();
    let sales = market.sales.iter().filter(|sale| {
        sale.day > crate::market::TODAY - 365
            && market.homes[sale.property_id as usize - 1].locality_id == locality_id
    });
    assert_eq!((stats.properties, stats.lowest, stats.highest), (homes as u64, prices[0], prices[homes - 1]));
    assert_eq!((stats.median, stats.sales_last_year), (prices[(homes - 1) / 2], sales.count() as u64));
}

#[tokio::test]
async fn the_most_viewed_trend() {
    let House { before, market, _folder } = house().await;
    let Body::Trending(trending) = before.handle(&Request::Trending).await.unwrap().body else {
        panic!("nothing trends")
    };
    assert_eq!(trending.properties.len(), Request::PAGE_SIZE);
    assert_eq!(trending.properties[0].id, i64::from(market.listed[0]));
}

#[tokio::test]
async fn a_wildcard_in_a_search_is_only_a_letter() {
    let House { before, _folder, .. } = house().await;
    for text in ["100%", "a_b", "\\"] {
        let request = Request::Search { user: 1, text: text.to_owned() };
        let answer = before.handle(&request).await.unwrap();
        assert!(request.is_answered_by(&answer), "{text:?} got {answer:?}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let House { before, market, _folder } = house().await;
    let box_only = market.localities.iter().find(|locality| locality.postcode == "1001").unwrap().id;
    for request in [
        Request::Property { id: 9_999_999 },
        Request::UpdatePrice { id: 9_999_999, price: 1 },
        Request::SuburbStats { locality_id: box_only },
    ] {
        assert_eq!(before.handle(&request).await.unwrap_err().kind, FailureKind::NotFound, "{request:?}");
    }
    let failure = before.handle(&Request::Valuation { id: 1 }).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Upstream);
}

#[tokio::test]
async fn a_valuation_is_asked_for_once_and_errors_come_through() {
    let market = small_market();
    // A schedule whose first calls are healthy, then one that fails.
    let healthy = |schedule: &FaultSchedule, sequence| matches!(schedule.fate(sequence), Fate::Answer { .. });
    let schedule = (0..)
        .map(|seed| FaultSchedule::drawn(seed, Duration::from_secs(3_600)))
        .find(|schedule| {
            (0..3).all(|sequence| healthy(schedule, sequence))
                && matches!(schedule.fate(3), Fate::Error { .. })
        })
        .unwrap();
    let upstream = Upstream::start(market.prices(), schedule).unwrap();
    upstream.begin_run();
    let folder = tempfile::tempdir().unwrap();
    let database = load_sqlite(&market, &folder.path().join("market.db")).await.unwrap();
    let before = Before::connect(&database, &upstream.url()).await.unwrap();
    for id in 1..=3 {
        let request = Request::Valuation { id };
        let answer = before.handle(&request).await.unwrap();
        assert!(request.is_answered_by(&answer) && !answer.degraded, "{answer:?}");
    }
    let failure = before.handle(&Request::Valuation { id: 4 }).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Upstream, "{failure}");
    assert_eq!(upstream.calls().total(), 4);
    let stranger = before.handle(&Request::Valuation { id: 9_999_999 }).await.unwrap_err();
    assert_eq!(stranger.kind, FailureKind::NotFound);
}

#[tokio::test]
async fn its_statements_are_counted_and_their_plans_told_apart() {
    let House { before, market, _folder } = house().await;
    let id = i64::from(market.listed[0]);
    before.handle(&Request::Property { id }).await.unwrap();
    before.handle(&Request::Property { id }).await.unwrap();
    settled(&before, |telemetry| {
        telemetry.indexed_queries >= 2 && telemetry.pool.is_some_and(|pool| pool.in_use == 0)
    })
    .await;
    let telemetry = before.telemetry();
    assert_eq!(telemetry.db_queries, 6);
    assert_eq!(telemetry.indexed_queries, 2, "the row comes by its key, history and listings by a scan");
    assert_eq!(telemetry.pool, Some(PoolUse { in_use: 0, max: 10 }));
}
