use crate::{
    domain::{Answer, Body, Endpoint, Service},
    load::{Schedule, Sessions},
};
use futures::{StreamExt, stream};
use std::time::Duration;

/// The cache's shortest lives, of searches and of what trends: what was asked for earlier has expired again when
/// the measuring begins, so it is not asked for.
const FIVE_MINUTES: Duration = Duration::from_secs(300);
/// Calls under way at once.
const CONCURRENCY: usize = 16;

/// Serves the calls of the time before, as fast as they go, and answers how many that were.
///
/// A service is not measured in its first minute. What that time leaves in a cache is what was asked for within each
/// answer's time to live and not changed since.
pub(super) async fn serve<S: Service>(side: &S, past: &Schedule) -> usize {
    let lasting = past.arrivals.iter().filter(|arrival| {
        let short = matches!(arrival.request.endpoint(), Endpoint::Search | Endpoint::Trending);
        !short || arrival.at + FIVE_MINUTES >= past.span
    });
    let sessions = Sessions::new(past.sessions);
    let sessions = &sessions;
    stream::iter(lasting)
        .map(|arrival| async move {
            let request = match arrival.session {
                Some(session) => sessions.ask(session, &arrival.request),
                None => arrival.request.clone(),
            };
            // A call that fails leaves nothing behind, as it would have then.
            if let (Some(session), Ok(Answer { body: Body::Page(page), .. })) =
                (arrival.session, side.handle(&request).await)
            {
                sessions.shown(session, &request, &page);
            }
        })
        .buffer_unordered(CONCURRENCY)
        .count()
        .await
}
