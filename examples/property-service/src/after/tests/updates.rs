//! What an update leaves behind: nothing old, and no transaction.

use super::*;

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
