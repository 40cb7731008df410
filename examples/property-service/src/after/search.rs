use super::side::{After, loaded};
use crate::{
    domain::{Body, Failure, Page, Request},
    store::{PROPERTY_COLUMNS, Value, property},
};
use mainstay_cache::{CacheKeyBuilder, LoadContext, tags};
use mainstay_dbopt::Dialect;

/// The shortest text the trigram index can look up.
const TRIGRAM: usize = 3;

impl After {
    pub(super) async fn search(&self, _user: u32, text: &str) -> Result<Body, Failure> {
        let text = text.to_lowercase();
        // Everybody sees the same homes: one entry serves all users.
        let key = CacheKeyBuilder::search_results(&text, "all", 1);
        let page = self.regions.searches.get_or_load_borrowed(&key, |cx| self.load_search(&text, cx));
        loaded(page.await).map(Body::Page)
    }

    async fn load_search(&self, text: &str, cx: LoadContext) -> Result<Page, Failure> {
        // Materialised, PostgreSQL looks the text up in its trigram index; left to itself it walks the key, in the hope of
        // meeting enough matches soon.
        let (matching, bind) = match self.dialect {
            Dialect::Sqlite if text.chars().count() >= TRIGRAM => (
                "SELECT rowid AS id FROM address_words WHERE address_words MATCH $1",
                format!("\"{}\"", text.replace('"', "\"\"")),
            ),
            _ => (
                "SELECT id FROM properties WHERE lower(address) LIKE $1 ESCAPE '\\'",
                format!("%{}%", escaped(text)),
            ),
        };
        let sql = format!(
            "WITH found AS MATERIALIZED ({matching}) SELECT {PROPERTY_COLUMNS} FROM properties \
             WHERE id IN (SELECT id FROM found) AND deleted_at IS NULL ORDER BY id LIMIT {}",
            Request::PAGE_SIZE
        );
        let rows = self.query(&sql, &[Value::from(bind.as_str())]).await?;
        let items = rows.iter().map(property).collect::<Result<Vec<_>, _>>()?;
        for item in &items {
            cx.tag(tags::property(item.id));
        }
        Ok(Page { items, total: None, next: None })
    }
}

/// What someone typed is text, not a pattern.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}
