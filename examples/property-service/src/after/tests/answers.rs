//! The answers: the same as those of the other side, from memory where they can be, through indexes where not.

use super::*;

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
