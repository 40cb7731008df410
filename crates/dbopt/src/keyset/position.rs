/// Where a page starts, and which way it runs.
///
/// Values are the database's own text of a row's order columns, `None` for NULL: nothing is rounded on the way to a client
/// and back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums)]
pub enum Position {
    /// The first page.
    #[default]
    Start,
    /// The last page.
    End,
    /// The rows that follow this one.
    After(Vec<Option<String>>),
    /// The rows that come before this one.
    Before(Vec<Option<String>>),
}

impl Position {
    /// The row it refers to.
    #[must_use]
    pub fn values(&self) -> Option<&[Option<String>]> {
        match self {
            Self::Start | Self::End => None,
            Self::After(values) | Self::Before(values) => Some(values),
        }
    }

    pub(crate) fn is_backward(&self) -> bool {
        matches!(self, Self::End | Self::Before(_))
    }
}
