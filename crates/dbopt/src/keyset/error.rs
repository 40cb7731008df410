/// Why no page query can be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeysetError {
    /// An order of nothing.
    #[error("the order names no column; name at least one that is unique")]
    NoColumns,
    /// An order of too much.
    #[error("the order names {columns} columns, at most {max} are served")]
    TooManyColumns {
        /// How many it names.
        columns: usize,
        /// How many are served.
        max: usize,
    },
    /// Rows may tie on the whole order, and a page's end could fall among them.
    #[error(
        "the order ends in `{column}`, which is not declared unique; end it in a unique NOT NULL column (`.unique()`)"
    )]
    NoTiebreak {
        /// The last column.
        column: String,
    },
    /// A unique column that may be NULL lets many rows tie.
    #[error(
        "the tiebreak `{column}` is nullable, and many rows may be NULL at once; end the order in a NOT NULL column"
    )]
    NullableTiebreak {
        /// The tiebreak.
        column: String,
    },
    /// Columns after the unique one decide nothing.
    #[error("`{column}` follows the unique `{tiebreak}` and decides nothing; leave it out")]
    AfterTiebreak {
        /// The unique column.
        tiebreak: String,
        /// What follows it.
        column: String,
    },
    /// A column named twice.
    #[error("the order names `{column}` twice; leave the second out")]
    Repeated {
        /// The column.
        column: String,
    },
    /// A page of no rows.
    #[error("a page of 0 rows cannot be walked; ask for at least 1")]
    EmptyPage,
    /// A position of another order.
    #[error("the position holds {got} values, the order has {expected} columns")]
    WrongLength {
        /// The order's columns.
        expected: usize,
        /// The position's values.
        got: usize,
    },
    /// NULL where the order says NOT NULL.
    #[error(
        "the position holds NULL for `{column}`, which the order declares NOT NULL; declare it `.nullable()` if it can be"
    )]
    NullKey {
        /// The column.
        column: String,
    },
    /// SQLite cannot write the column's value as text that gives the same value back.
    #[error(
        "`{column}` holds a float that SQLite's text would change; order by a rounded or an integer column"
    )]
    Inexact {
        /// The column.
        column: String,
    },
    /// The base query's text cannot be read.
    #[error("the base query's {part} cannot be read: {message}")]
    Unreadable {
        /// Which part.
        part: &'static str,
        /// What the tokenizer said.
        message: String,
    },
    /// Something in the base query would break out of the place it is put in.
    #[error("the base query's {part} holds {what}, which would swallow what is put after it; take it out")]
    Unbounded {
        /// Which part.
        part: &'static str,
        /// What it is.
        what: &'static str,
    },
    /// A bind that has no number.
    #[error(
        "the base query's {part} holds the bind `{bind}`; number it ({wanted}): it may be read more than once"
    )]
    UnnumberedBind {
        /// Which part.
        part: &'static str,
        /// The bind as written.
        bind: String,
        /// The form it should have.
        wanted: &'static str,
    },
}
