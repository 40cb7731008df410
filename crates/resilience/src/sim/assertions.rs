use super::Span;
use std::time::Duration;

/// Each panics with what was found, the seed and the table of the report, unless it is as expected.
impl Span<'_> {
    /// At least this share of the calls succeeded in time.
    ///
    /// # Panics
    /// It was less, or no call came.
    #[track_caller]
    pub fn assert_goodput(&self, at_least: f64) -> &Self {
        let goodput = self.of_calls("goodput").figures().goodput;
        self.expect(goodput >= at_least, "goodput", percent(goodput), "at least", percent(at_least))
    }

    /// Less than this share of the calls were no success.
    ///
    /// # Panics
    /// It was as much or more, or no call came.
    #[track_caller]
    pub fn assert_user_errors_below(&self, limit: f64) -> &Self {
        let rate = self.of_calls("user errors").figures().error_rate();
        self.expect(rate < limit, "the share of user errors", percent(rate), "below", percent(limit))
    }

    /// The server got at most so many requests a call.
    ///
    /// # Panics
    /// It got more, or no call came.
    #[track_caller]
    pub fn assert_amplification_at_most(&self, limit: f64) -> &Self {
        let found = self.of_calls("amplification").figures().amplification;
        self.expect(
            found <= limit,
            "amplification",
            format!("{found:.3}"),
            "at most",
            format!("{limit:.3} requests a call"),
        )
    }

    /// 99 of 100 successful calls took at most this long.
    ///
    /// # Panics
    /// They took longer, or no call succeeded.
    #[track_caller]
    pub fn assert_p99_at_most(&self, limit: Duration) -> &Self {
        let figures = self.figures();
        let (p99, some) = (figures.latency.p99, figures.succeeded > 0);
        self.expect(some, "successes", figures.succeeded, "more than", 0);
        self.expect(p99 <= limit, "p99 latency", format!("{p99:?}"), "at most", format!("{limit:?}"))
    }

    /// The share of the workers' time that they worked is at most this.
    ///
    /// # Panics
    /// It is more.
    #[track_caller]
    pub fn assert_utilisation_at_most(&self, limit: f64) -> &Self {
        let found = self.figures().utilisation;
        self.expect(found <= limit, "utilisation", percent(found), "at most", percent(limit))
    }

    /// An expectation of calls cannot hold where none came.
    #[track_caller]
    fn of_calls(&self, what: &str) -> &Self {
        let offered = self.figures().offered;
        self.expect(offered > 0, format_args!("the number of calls to judge {what} by"), offered, "above", 0)
    }

    #[track_caller]
    fn expect(
        &self,
        holds: bool,
        what: impl std::fmt::Display,
        found: impl std::fmt::Display,
        bound: &str,
        expected: impl std::fmt::Display,
    ) -> &Self {
        let time = self.time();
        assert!(
            holds,
            "simulation `{}` (seed {}), {:?} to {:?}: {what} was {found}, expected {bound} {expected}\n{}",
            self.report.name, self.report.scenario.seed, time.start, time.end, self.report
        );
        self
    }
}

fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}
