use super::connection::Connection;
use super::error::StoreError;
use super::row::Row;
use super::value::Value;

/// Does the plan of this statement read every base table through an index or key? True for a statement that
/// reads none (an INSERT of values). The statement is explained, not run.
pub(super) async fn reads_by_index(
    connection: &mut Connection<'_>,
    sql: &str,
    binds: &[Value],
) -> Result<bool, StoreError> {
    let (explain, column, verdict): (_, _, fn(&[&str]) -> bool) = match connection {
        Connection::Sqlite(_) => ("EXPLAIN QUERY PLAN", 3, sqlite_plan_is_indexed),
        Connection::Postgres(_) => ("EXPLAIN", 0, postgres_plan_is_indexed),
    };
    let rows = connection.query(&format!("{explain} {sql}"), binds).await?;
    let lines = rows.iter().map(|row: &Row| row.text(column)).collect::<Result<Vec<_>, _>>()?;
    Ok(verdict(&lines))
}

/// SQLite says `SEARCH` where it looks up and `SCAN` where it walks, but it also scans what is no table
/// (subqueries, constant rows), and searches an index it has just built for this one statement.
fn sqlite_plan_is_indexed(lines: &[&str]) -> bool {
    let made_here: Vec<&str> = lines
        .iter()
        .filter_map(|line| line.strip_prefix("MATERIALIZE ").or_else(|| line.strip_prefix("CO-ROUTINE ")))
        .collect();
    lines.iter().all(|line| {
        if line.contains("AUTOMATIC") {
            return false;
        }
        let Some(scanned) = line.strip_prefix("SCAN ") else { return true };
        let name = scanned.split(' ').next().unwrap_or_default();
        scanned.starts_with("CONSTANT ROW")
            || name.starts_with('(')
            || made_here.contains(&name)
            || is_full_text_lookup(scanned)
    })
}

/// `SCAN t VIRTUAL TABLE INDEX 0:M1` is FTS5 answering a MATCH; after a bare `0:` it walks the whole table.
fn is_full_text_lookup(scanned: &str) -> bool {
    scanned
        .split_once(" VIRTUAL TABLE INDEX ")
        .and_then(|(_, index)| index.split_once(':'))
        .is_some_and(|(_, constraint)| !constraint.trim().is_empty())
}

fn postgres_plan_is_indexed(lines: &[&str]) -> bool {
    !lines.iter().any(|line| line.contains("Seq Scan"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sqlx::{Connection as _, SqliteConnection};

    #[tokio::test]
    async fn sqlite_plans_are_told_apart() {
        let mut owned = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        let mut connection = Connection::Sqlite(&mut owned);
        for ddl in [
            "CREATE TABLE homes (id INTEGER PRIMARY KEY, suburb INTEGER, price INTEGER)",
            "CREATE TABLE sales (id INTEGER PRIMARY KEY, home INTEGER, price INTEGER)",
            "CREATE INDEX homes_suburb ON homes (suburb, price)",
            "CREATE VIRTUAL TABLE words USING fts5 (text)",
        ] {
            connection.execute(ddl, &[]).await.unwrap();
        }
        let cases = [
            ("SELECT * FROM homes WHERE id = $1", true),
            ("SELECT * FROM homes WHERE suburb = $1 ORDER BY price", true),
            ("SELECT count(*) FROM homes WHERE suburb = $1", true),
            ("SELECT id FROM homes WHERE id IN (SELECT 1 UNION ALL SELECT $1)", true),
            ("SELECT * FROM homes WHERE suburb = $1 OR id = 2", true),
            ("INSERT INTO homes VALUES (NULL, $1, 2)", true),
            ("UPDATE homes SET price = 1 WHERE id = $1", true),
            ("SELECT * FROM words WHERE words MATCH 'one'", true),
            ("SELECT * FROM homes WHERE price = $1", false),
            ("SELECT count(*) FROM homes", false),
            ("SELECT * FROM homes h WHERE price = $1", false),
            ("SELECT * FROM homes JOIN sales ON sales.home = homes.id WHERE homes.suburb = $1", false),
            ("SELECT * FROM sales JOIN homes ON homes.id = sales.home", false),
            ("UPDATE homes SET price = 1 WHERE price = $1", false),
            ("SELECT * FROM words", false),
        ];
        for (sql, indexed) in cases {
            assert_eq!(
                reads_by_index(&mut connection, sql, &[Value::Int(1)]).await.unwrap(),
                indexed,
                "{sql}"
            );
        }
    }

    #[test]
    fn an_index_built_for_one_statement_is_no_index() {
        assert!(!sqlite_plan_is_indexed(&["SEARCH b USING AUTOMATIC COVERING INDEX (x=?)"]));
        assert!(sqlite_plan_is_indexed(&[
            "MATERIALIZE recent",
            "SEARCH t USING INDEX i (a=?)",
            "SCAN recent"
        ]));
    }

    #[test]
    fn postgres_plans_are_told_apart() {
        assert!(postgres_plan_is_indexed(&[
            "Index Scan using homes_pkey on homes  (cost=0.4..8 rows=1 width=9)"
        ]));
        assert!(!postgres_plan_is_indexed(&["Gather", "  ->  Parallel Seq Scan on homes"]));
    }
}
