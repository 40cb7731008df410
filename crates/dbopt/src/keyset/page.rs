use super::{PageQuery, Position};

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page<R> {
    /// The rows, in the list's order whichever way the page was reached.
    pub rows: Vec<R>,
    /// Where the page before this one starts; `None` if this is the first.
    pub previous: Option<Position>,
    /// Where the page after this one starts; `None` if this is the last.
    pub next: Option<Position>,
}

impl<R> Page<R> {
    /// The same page of other rows, each made of one of these.
    #[must_use]
    pub fn map<U>(self, row: impl FnMut(R) -> U) -> Page<U> {
        Page { rows: self.rows.into_iter().map(row).collect(), previous: self.previous, next: self.next }
    }
}

impl PageQuery {
    /// The page, out of all the rows the query gave, in the order it gave them.
    ///
    /// `text` reads a row's column of that name as text; it is asked for the page's first and last row only. The way back
    /// is always offered to who came from there, without asking the database: if all those rows are gone since, the page
    /// there is empty and leads on to the list's end.
    ///
    /// # Errors
    ///
    /// The first error of `text`.
    pub fn page<R, E>(
        &self,
        mut rows: Vec<R>,
        text: impl Fn(&R, &str) -> Result<Option<String>, E>,
    ) -> Result<Page<R>, E> {
        let more = rows.len() > self.size;
        rows.truncate(self.size);
        let backward = self.position.is_backward();
        if backward {
            rows.reverse();
        }
        let key =
            |row: &R| self.key_columns.iter().map(|column| text(row, column)).collect::<Result<Vec<_>, E>>();
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
            let (previous, next) = match self.position {
                Position::Start | Position::End => (None, None),
                Position::After(_) => (Some(Position::End), None),
                Position::Before(_) => (None, Some(Position::Start)),
            };
            return Ok(Page { rows, previous, next });
        };
        let (before, after) = match self.position {
            Position::Start => (false, more),
            Position::End => (more, false),
            Position::After(_) => (true, more),
            Position::Before(_) => (more, true),
        };
        let previous = if before { Some(Position::Before(key(first)?)) } else { None };
        let next = if after { Some(Position::After(key(last)?)) } else { None };
        Ok(Page { rows, previous, next })
    }
}
