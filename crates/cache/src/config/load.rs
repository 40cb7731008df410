use std::time::Duration;

use mainstay_resilience::config::Reading;

use super::document::{Document, ENVIRONMENT, text};
use super::{CacheConfig, LoadError, LoadProblem, Profile, Sources, section};
use crate::ttl::{ALLOWED, TtlTable};

impl CacheConfig {
    /// Reads, resolves and checks what `sources` say. It reads files, and blocks for that long.
    ///
    /// A value is the sources' where they set it, else the profile's. A layer is there if the sources name it: by a table `[redis]`,
    /// which may be empty, by `sqlite` or by `postgres`.
    ///
    /// ```
    /// use mainstay_cache::config::{CacheConfig, Format, Sources};
    /// use std::time::Duration;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let text = r#"
    ///     profile = "production"
    ///
    ///     [memory]
    ///     capacity = 50_000
    ///
    ///     [ttl]
    ///     search_results = "2m"
    /// "#;
    /// let config = CacheConfig::load(&Sources::new().text("example", Format::Toml, text).environment())?;
    /// assert_eq!(config.memory.capacity, 50_000);
    /// assert_eq!(config.ttl.get("search_results"), Some(Duration::from_secs(120)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Everything that is wrong in any of them. Of a URL no user and no password is shown.
    pub fn load(sources: &Sources) -> Result<Self, LoadError> {
        Self::resolve(&sources.read(&ENVIRONMENT)).map(|(_, config)| config)
    }

    pub(super) fn resolve(reading: &Reading) -> Result<(Profile, Self), LoadError> {
        let mut problems = Vec::new();
        let document = Document::new(reading, &mut problems);
        let profile = document.profile;
        let Self { memory, sql, ttl, warm, popularity, .. } = profile.config();
        let redis = document.get("redis");
        let config = Self {
            memory: section::read(&document, "memory", memory, &mut problems),
            redis: redis.map(|_| section::read(&document, "redis", profile.redis(), &mut problems)),
            sqlite: document.word("sqlite", &mut problems).map(Into::into),
            postgres: document.word("postgres", &mut problems),
            sql: section::read(&document, "sql", sql, &mut problems),
            ttl: read_ttl(&document, ttl, &mut problems),
            warm: section::read(&document, "warm", warm, &mut problems),
            popularity: section::read(&document, "popularity", popularity, &mut problems),
        };
        problems.extend(config.layers().into_iter().map(|problem| LoadProblem::OutOfRange {
            path: problem.field.to_owned(),
            value: problem.value,
            allowed: problem.allowed.to_owned(),
            origin: document.origin_at(&[problem.field]),
        }));
        if problems.is_empty() { Ok((profile, config)) } else { Err(problems.into()) }
    }
}

/// The table with the document's lines over it; any name may stand there.
fn read_ttl(document: &Document, mut table: TtlTable, problems: &mut Vec<LoadProblem>) -> TtlTable {
    let Some(set) = document.get("ttl") else { return table };
    let Some(lines) = set.as_dict() else {
        problems.push(document.malformed("ttl".to_owned(), set, "expected a table".to_owned()));
        return table;
    };
    for (name, value) in lines {
        match value.deserialize::<humantime_serde::Serde<Duration>>() {
            Ok(ttl) => table = table.with(name, ttl.into_inner()),
            Err(error) => {
                problems.push(document.malformed(format!("ttl.{name}"), value, error.kind.to_string()));
            }
        }
    }
    problems.extend(table.problems().map(|(name, ttl)| LoadProblem::OutOfRange {
        path: format!("ttl.{name}"),
        value: lines.get(name).map_or_else(|| format!("{ttl:?}"), text),
        allowed: ALLOWED.to_owned(),
        origin: document.origin_at(&[&format!("ttl.{name}")]),
    }));
    table
}
