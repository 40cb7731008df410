use super::side::Before;
use crate::domain::{Body, Failure, Page, Request};
use crate::store::property;
use std::sync::Arc;

impl Before {
    pub(super) async fn search(&self, text: &str) -> Result<Body, Failure> {
        let sql = format!(
            "SELECT * FROM properties WHERE lower(address) LIKE $1 ESCAPE '\\' AND deleted_at IS NULL \
             ORDER BY id LIMIT {}",
            Request::PAGE_SIZE
        );
        let rows = self.query(&sql, &[format!("%{}%", escaped(&text.to_lowercase())).into()]).await?;
        Ok(Body::Page(Arc::new(Page {
            items: rows.iter().map(property).collect::<Result<_, _>>()?,
            total: None,
            next: None,
        })))
    }
}

/// What someone typed is text, not a pattern.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}
