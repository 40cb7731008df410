//! The warmers.

use super::*;

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
