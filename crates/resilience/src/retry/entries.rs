use super::{Notify, Retry, series::Series};
use crate::{
    Attempt, Classify, Error, Verdict,
    telemetry::{Event, Observer},
};
use std::time::Duration;

/// Ways in for operations that change what they work with; [`PolicyExt::call`](crate::PolicyExt::call) is for all others.
impl<C, O: Observer, N> Retry<C, O, N> {
    /// Hands `context` to each attempt by value and takes it back from it, so that an operation may own or borrow mutably
    /// what it works with. The context comes back whatever the outcome.
    ///
    /// An attempt has the context, so none is dropped halfway: `attempt_timeout` does not apply. Limit what the attempt
    /// awaits instead.
    ///
    /// ```
    /// # use mainstay_resilience::{Retry, RetryConfig};
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let retry = Retry::new("valuer", RetryConfig::FAST).unwrap();
    /// let mut log = Vec::new();
    /// let (_, answer) = retry
    ///     .call_with_context(&mut log, |log, attempt| async move {
    ///         log.push(attempt.number());
    ///         (log, if attempt.number() < 3 { Err("not yet") } else { Ok("worth it") })
    ///     })
    ///     .await;
    /// assert_eq!((answer, log), (Ok("worth it"), vec![1, 2, 3]));
    /// # }
    /// ```
    ///
    /// # Errors
    /// Beside the context, what [`PolicyExt::call`](crate::PolicyExt::call) would answer.
    ///
    /// # Cancel safety
    /// Dropping the future drops the attempt it is in, and the context with it.
    pub async fn call_with_context<Ctx, F, Fut, T, E>(
        &self,
        context: Ctx,
        mut operation: F,
    ) -> (Ctx, Result<T, Error<E>>)
    where
        F: FnMut(Ctx, Attempt) -> Fut,
        Fut: Future<Output = (Ctx, Result<T, E>)>,
        C: Classify<T, E>,
        N: Notify<T, E>,
    {
        let (mut series, mut context) = (self.begin(), context);
        loop {
            let (back, outcome) = operation(context, series.attempt(None)).await;
            context = back;
            match self.judge(&mut series, outcome.map_err(Error::Operation)) {
                Ok(pause) => tokio::time::sleep(pause).await,
                Err(outcome) => return (context, outcome),
            }
        }
    }

    /// Runs an async closure that may change what it captures.
    ///
    /// Its future is `Send` where the closure's is. What a generic function cannot do today is *require* that (there is no
    /// way to write the bound), and where the closure borrows a local of a task that must be `Send`, the compiler may
    /// not see it (rust-lang/rust#138207): [`call_with_context`](Self::call_with_context) serves there.
    ///
    /// ```
    /// # use mainstay_resilience::{Retry, RetryConfig};
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let retry = Retry::new("valuer", RetryConfig::FAST).unwrap();
    /// let mut asked = 0;
    /// let answer = retry
    ///     .call_mut(async |_attempt| {
    ///         asked += 1;
    ///         if asked < 3 { Err("not yet") } else { Ok("worth it") }
    ///     })
    ///     .await;
    /// assert_eq!((answer, asked), (Ok("worth it"), 3));
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`PolicyExt::call`](crate::PolicyExt::call).
    ///
    /// # Cancel safety
    /// As [`PolicyExt::call`](crate::PolicyExt::call).
    pub async fn call_mut<F, T, E>(&self, mut operation: F) -> Result<T, Error<E>>
    where
        F: AsyncFnMut(Attempt) -> Result<T, E>,
        C: Classify<T, E>,
        N: Notify<T, E>,
    {
        let mut series = self.begin();
        loop {
            let limit = self.core.attempt_limit();
            let attempt = operation(series.attempt(limit));
            let outcome = match limit {
                None => attempt.await.map_err(Error::Operation),
                Some(after) => match tokio::time::timeout(after, attempt).await {
                    Ok(outcome) => outcome.map_err(Error::Operation),
                    Err(_) => {
                        self.core.count_timed_out();
                        self.observer.on(&self.core.id, Event::TimedOut(after));
                        Err(Error::Timeout { policy: self.core.id.name.clone(), after })
                    }
                },
            };
            match self.judge(&mut series, outcome) {
                Ok(pause) => tokio::time::sleep(pause).await,
                Err(outcome) => return outcome,
            }
        }
    }

    fn begin(&self) -> Series {
        let mut series = Series::new(&self.core, Attempt::first());
        series.takes_time(self.core.is_timed());
        series
    }

    /// The pause that follows an attempt, or what the call ends in.
    fn judge<T, E>(
        &self,
        series: &mut Series,
        outcome: Result<T, Error<E>>,
    ) -> Result<Duration, Result<T, Error<E>>>
    where
        C: Classify<T, E>,
        N: Notify<T, E>,
    {
        let verdict = self.classifier.classify(outcome.as_ref());
        if verdict == Verdict::Failure {
            return series.failed(self, Box::new(outcome)).map_err(|last| *last);
        }
        series.ended(self, verdict, outcome.is_ok());
        Err(outcome)
    }
}
