//! The valuer, which may be away.

use super::*;

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
