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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Dialect,
        keyset::{BaseQuery, ColumnType, KeyColumn, Keyset, Order},
    };

    fn page(position: Position, rows: &[i64]) -> Page<i64> {
        let order = Order::new([KeyColumn::asc("id", ColumnType::Integer).unique()]).unwrap();
        let keyset = Keyset::new(Dialect::Postgres, order);
        let query = keyset.page(&BaseQuery::new("id", "t"), &position, 2).unwrap();
        query.page(rows.to_vec(), |id, _| Ok::<_, std::fmt::Error>(Some(id.to_string()))).unwrap()
    }

    fn at(id: &str) -> Vec<Option<String>> {
        vec![Some(id.into())]
    }

    #[test]
    fn an_empty_page_leads_back_to_what_is_left() {
        let after = page(Position::After(at("9")), &[]);
        assert_eq!((after.previous, after.next), (Some(Position::End), None));
        let before = page(Position::Before(at("1")), &[]);
        assert_eq!((before.previous, before.next), (None, Some(Position::Start)));
        let empty = page(Position::Start, &[]);
        assert_eq!((empty.previous, empty.next), (None, None));
    }

    #[test]
    fn a_backward_page_is_turned_round_and_loses_its_farthest_row() {
        let back = page(Position::Before(at("9")), &[8, 7, 6]);
        assert_eq!(back.rows, [7, 8]);
        assert_eq!(back.previous, Some(Position::Before(at("7"))));
        assert_eq!(back.next, Some(Position::After(at("8"))));
    }
}
