use crate::{
    Error, Jitter, Retry, RetryConfig, Timeout,
    layers::{BoxError, Boxed, PolicyLayer},
};
use std::{
    future::{pending, ready},
    io,
    time::Duration,
};
use tower::{Service, ServiceBuilder, ServiceExt, buffer::BufferLayer, service_fn, timeout::TimeoutLayer};

const SECOND: Duration = Duration::from_secs(1);

fn timeout() -> PolicyLayer<Timeout> {
    PolicyLayer::new(Timeout::new("t", SECOND).unwrap())
}

/// tower-resilience#443: inside and outside of tower's own boxing middleware.
#[tokio::test(start_paused = true)]
async fn composes_with_middleware_that_boxes_errors() {
    let mut service = ServiceBuilder::new()
        .layer(BufferLayer::new(8))
        .layer(TimeoutLayer::new(10 * SECOND))
        .map_err(Error::<BoxError>::into_box_error)
        .layer(timeout())
        .layer(BufferLayer::new(8))
        .service(service_fn(|()| pending::<Result<(), io::Error>>()));
    let late = service.ready().await.unwrap().call(()).await.unwrap_err();
    let late = late.downcast_ref::<Error<Boxed>>().expect("the buffer passes it on");
    assert!(late.is_timeout());
    assert_eq!(late.policy(), Some("t"));
}

/// tower-resilience#443: however many guarded layers, one error.
#[tokio::test(start_paused = true)]
async fn errors_of_nested_layers_stay_flat() {
    let retry = Retry::new("r", RetryConfig::FAST.max_attempts(2).jitter(Jitter::None)).unwrap();
    let service = ServiceBuilder::new()
        .map_err(Error::<BoxError>::into_box_error)
        .layer(timeout())
        .map_err(Error::<io::Error>::into_box_error)
        .layer(PolicyLayer::new(retry))
        .service(service_fn(|()| ready(Err::<(), _>(io::Error::other("down")))));
    let error = service.oneshot(()).await.unwrap_err();
    let error = error.downcast_ref::<Error<Boxed>>().expect("one error, however it was nested");
    assert!(matches!(error, Error::RetriesExhausted { attempts: 2, .. }), "{error:?}");
    let operation = error.operation().expect("the operation's own error is in it");
    assert_eq!(operation.get_ref().downcast_ref::<io::Error>().unwrap().to_string(), "down");
}

#[test]
fn every_variant_keeps_its_fields_in_the_box() {
    let policy = || "p".into();
    let after = SECOND;
    let errors: [Error<io::Error>; 6] = [
        Error::CircuitOpen { policy: policy(), retry_after: Some(after), last_failure: None },
        Error::Timeout { policy: policy(), after },
        Error::BulkheadFull { policy: policy(), limit: 1, queued: 2, waited: after },
        Error::RateLimited { policy: policy(), retry_after: Some(after) },
        Error::Shed { policy: policy(), reason: crate::ShedReason::Overdue, retry_after: None },
        Error::DeadlineExceeded { policy: policy() },
    ];
    for error in errors {
        let (said, debug) = (error.to_string(), format!("{error:?}"));
        let boxed = error.into_box_error();
        assert_eq!(boxed.to_string(), said);
        assert_eq!(format!("{:?}", boxed.downcast_ref::<Error<Boxed>>().unwrap()), debug);
    }
}
