use super::{Direction, IndexDefinition, IndexKey, NullsPosition};
use crate::{Dialect, Fix, LockLevel};

/// How an index is built or dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums)]
pub enum Build {
    /// In one go: writes to the table wait until it is done. Right for an empty table and inside a migration's transaction.
    Blocking,
    /// `CONCURRENTLY`, on PostgreSQL: writes go on, and it may not run in a transaction. SQLite knows no such thing and
    /// builds in one go.
    Concurrent,
}

impl Build {
    fn keyword(self, dialect: Dialect) -> &'static str {
        if self == Self::Concurrent && dialect == Dialect::Postgres { "CONCURRENTLY " } else { "" }
    }
}

impl IndexDefinition {
    /// The statement that makes it, unless one of its name exists.
    ///
    /// What a dialect does not know is left out or replaced: on SQLite `include` columns become last keys, and method,
    /// operator class and NULLS placement are dropped.
    #[must_use]
    pub fn create_sql(&self, dialect: Dialect, build: Build) -> String {
        let unique = if self.unique { "UNIQUE " } else { "" };
        let concurrently = build.keyword(dialect);
        let (name, table) = (dialect.quote(&self.name()), dialect.quote(&self.table));
        // PostgreSQL puts an index into its table's schema and takes no schema in its name; SQLite is the other way round.
        let (name, table) = match (&self.schema, dialect) {
            (None, _) => (name, table),
            (Some(schema), Dialect::Postgres) => (name, format!("{}.{table}", dialect.quote(schema))),
            (Some(schema), Dialect::Sqlite) => (format!("{}.{name}", dialect.quote(schema)), table),
        };
        let mut sql = format!("CREATE {unique}INDEX {concurrently}IF NOT EXISTS {name} ON {table}");
        let mut keys: Vec<String> = self.keys.iter().map(|key| key.sql(dialect)).collect();
        let included: Vec<String> = self.include.iter().map(|column| dialect.quote(column)).collect();
        if dialect == Dialect::Sqlite {
            // A unique index must not grow keys: equal keys would pass for different ones.
            if !self.unique {
                keys.extend(included);
            }
            sql += &format!(" ({})", keys.join(", "));
        } else {
            if let Some(method) = &self.method {
                sql += &format!(" USING {method}");
            }
            sql += &format!(" ({})", keys.join(", "));
            if !included.is_empty() {
                sql += &format!(" INCLUDE ({})", included.join(", "));
            }
        }
        if let Some(predicate) = &self.predicate {
            sql += &format!(" WHERE {predicate}");
        }
        sql
    }

    /// The statement that drops it, if it exists.
    #[must_use]
    pub fn drop_sql(&self, dialect: Dialect, build: Build) -> String {
        let concurrently = build.keyword(dialect);
        let name = dialect.quote(&self.name());
        let schema =
            self.schema.iter().map(|schema| format!("{}.", dialect.quote(schema))).collect::<String>();
        format!("DROP INDEX {concurrently}IF EXISTS {schema}{name}")
    }

    /// Making it, as the fix of a finding: concurrently where the database can.
    #[must_use]
    pub fn fix(&self, dialect: Dialect) -> Fix {
        let (lock_level, transactional) = match dialect {
            Dialect::Postgres => (LockLevel::ShareUpdateExclusive, false),
            Dialect::Sqlite => (LockLevel::DatabaseWrite, true),
        };
        Fix {
            sql: self.create_sql(dialect, Build::Concurrent),
            undo_sql: self.drop_sql(dialect, Build::Concurrent),
            lock_level,
            transactional,
        }
    }
}

impl IndexKey {
    fn sql(&self, dialect: Dialect) -> String {
        let mut sql = if self.expression { format!("({})", self.term) } else { dialect.quote(&self.term) };
        if dialect == Dialect::Postgres
            && let Some(class) = &self.operator_class
        {
            sql += &format!(" {class}");
        }
        if self.direction == Direction::Descending {
            sql += " DESC";
        }
        if dialect == Dialect::Postgres {
            // Only where it is not PostgreSQL's own order: an index that spells the default out is the same index.
            match (self.nulls, self.direction) {
                (Some(NullsPosition::First), Direction::Ascending) => sql += " NULLS FIRST",
                (Some(NullsPosition::Last), Direction::Descending) => sql += " NULLS LAST",
                _ => {}
            }
        }
        sql
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_dialect_gets_its_own_grammar() {
        let index = IndexDefinition::on("t")
            .in_schema("s")
            .named("i")
            .key(IndexKey::column("a").direction(Direction::Descending).nulls(NullsPosition::Last))
            .key(IndexKey::expression("lower(b)"))
            .include("c")
            .only_where("d IS NULL");
        let cases = [
            (
                Dialect::Postgres,
                Build::Blocking,
                r#"CREATE INDEX IF NOT EXISTS "i" ON "s"."t" ("a" DESC NULLS LAST, (lower(b))) INCLUDE ("c") WHERE d IS NULL"#,
                r#"DROP INDEX IF EXISTS "s"."i""#,
            ),
            (
                Dialect::Postgres,
                Build::Concurrent,
                r#"CREATE INDEX CONCURRENTLY IF NOT EXISTS "i" ON "s"."t" ("a" DESC NULLS LAST, (lower(b))) INCLUDE ("c") WHERE d IS NULL"#,
                r#"DROP INDEX CONCURRENTLY IF EXISTS "s"."i""#,
            ),
            (
                Dialect::Sqlite,
                Build::Concurrent,
                "CREATE INDEX IF NOT EXISTS `s`.`i` ON `t` (`a` DESC, (lower(b)), `c`) WHERE d IS NULL",
                "DROP INDEX IF EXISTS `s`.`i`",
            ),
        ];
        for (dialect, build, create, drop) in cases {
            assert_eq!(index.create_sql(dialect, build), create);
            assert_eq!(index.drop_sql(dialect, build), drop);
        }
    }

    #[test]
    fn a_unique_index_keeps_its_keys_on_sqlite() {
        let sql = IndexDefinition::on("t")
            .column("a")
            .include("b")
            .unique()
            .create_sql(Dialect::Sqlite, Build::Blocking);
        assert_eq!(sql, "CREATE UNIQUE INDEX IF NOT EXISTS `t_a_with_b_key` ON `t` (`a`)");
    }

    #[test]
    fn the_default_place_of_nulls_is_never_spelt_out() {
        let key =
            |direction, nulls| IndexKey::column("a").direction(direction).nulls(nulls).sql(Dialect::Postgres);
        assert_eq!(key(Direction::Ascending, NullsPosition::Last), r#""a""#);
        assert_eq!(key(Direction::Descending, NullsPosition::First), r#""a" DESC"#);
    }
}
