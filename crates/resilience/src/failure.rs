/// What kind of failure a call ended in; what a rejection says of the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureKind {
    /// The operation answered with an error, or with a value that its classifier calls a failure.
    Operation,
    /// No answer came in time.
    Timeout,
    /// It answered, but more slowly than allowed.
    Slow,
    /// Its caller dropped it, and that counts as a failure by configuration.
    Abandoned,
    /// It panicked.
    Panicked,
}

impl FailureKind {
    /// In words, with an article.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Operation => "an error",
            Self::Timeout => "a timeout",
            Self::Slow => "a slow answer",
            Self::Abandoned => "an abandoned call",
            Self::Panicked => "a panic",
        }
    }
}

impl std::fmt::Display for FailureKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
