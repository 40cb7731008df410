use serde::{Deserialize, Serialize};

/// A check that was not made: never to be read as "no problems".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Skipped {
    /// The rule that did not run; `query.*` stands for all rules on a query's text.
    pub rule: String,
    /// Why.
    pub reason: SkipReason,
}

/// Why a check was not made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "kind")]
#[non_exhaustive]
pub enum SkipReason {
    /// The parser does not understand the text.
    #[error("the text does not parse: {message}")]
    Unparsable {
        /// What the parser said.
        message: String,
    },
    /// The text holds no statement.
    #[error("the text holds no statement")]
    Empty,
    /// The text is longer than the analyser was told to read.
    #[error(
        "the text is {bytes} bytes long, more than max_text_bytes = {max}; raise it or check the text by hand"
    )]
    TooLong {
        /// The text's length in bytes.
        bytes: usize,
        /// The limit in bytes.
        max: usize,
    },
}
