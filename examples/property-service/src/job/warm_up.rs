use crate::{
    domain::{Answer, Body, Endpoint, Service},
    load::{Schedule, Sessions},
};
use futures::{StreamExt, stream};
use std::time::Duration;

/// How long a service has been up when it is measured.
pub(super) const HOUR: Duration = Duration::from_secs(3_600);
/// The cache's shortest lives, of searches and of what trends: what was asked for earlier has expired again by the end
/// of the hour, so it is not asked for.
const FIVE_MINUTES: Duration = Duration::from_secs(300);
/// Calls under way at once.
const CONCURRENCY: usize = 16;

/// Serves the calls of an hour, as fast as they go, and answers how many that were.
///
/// A service is not measured in its first minute. What an hour leaves in a cache is what was asked for within each
/// answer's time to live and not changed since.
pub(super) async fn serve<S: Service>(side: &S, hour: &Schedule) -> usize {
    let lasting = hour.arrivals.iter().filter(|arrival| {
        let short = matches!(arrival.request.endpoint(), Endpoint::Search | Endpoint::Trending);
        !short || arrival.at + FIVE_MINUTES >= hour.span
    });
    let sessions = Sessions::new(hour.sessions);
    let sessions = &sessions;
    stream::iter(lasting)
        .map(|arrival| async move {
            let request = match arrival.session {
                Some(session) => sessions.ask(session, &arrival.request),
                None => arrival.request.clone(),
            };
            // A call that fails leaves nothing behind, as it would have in that hour.
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
