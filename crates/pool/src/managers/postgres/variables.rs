use std::sync::Arc;

use sqlx::PgConnection;

use crate::hooks::HookFuture;

/// A preparation for [`Pool::get_prepared`](crate::Pool::get_prepared) that sets session variables for one checkout, as row-level
/// security wants them, in one round trip.
///
/// Names and values are bound, so that a value may hold anything. [`PostgresManager::forget_variables`](super::PostgresManager::forget_variables)
/// has them reset when the connection comes back.
///
/// ```no_run
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use mainstay_pool::managers::postgres::{PostgresManager, session_variables};
/// use mainstay_pool::{Pool, PoolConfig};
///
/// let manager = PostgresManager::new("postgres://app@localhost/app".parse()?).forget_variables(["app.tenant"]);
/// let pool = Pool::new("app", manager, PoolConfig::production())?;
/// let mut connection = pool.get_prepared(session_variables([("app.tenant", "7")])).await?;
/// // A policy may say: USING (tenant = current_setting('app.tenant', true))
/// sqlx::query("SELECT * FROM invoices").fetch_all(&mut *connection).await?;
/// # Ok(())
/// # }
/// ```
pub fn session_variables<N: Into<String>, V: Into<String>>(
    variables: impl IntoIterator<Item = (N, V)>,
) -> impl for<'a> Fn(&'a mut PgConnection) -> HookFuture<'a, sqlx::Error> + Send + Sync + 'static {
    let (names, values): (Vec<String>, Vec<String>) =
        variables.into_iter().map(|(name, value)| (name.into(), value.into())).unzip();
    let (names, values) = (Arc::new(names), Arc::new(values));
    move |connection: &mut PgConnection| -> HookFuture<'_, sqlx::Error> {
        // The preparation runs on another connection if this one fails.
        let (names, values) = (Arc::clone(&names), Arc::clone(&values));
        Box::pin(async move {
            sqlx::query("SELECT set_config(name, value, false) FROM unnest($1::text[], $2::text[]) AS given (name, value)")
                .bind(names.as_slice())
                .bind(values.as_slice())
                .execute(connection)
                .await
                .map(drop)
        })
    }
}

/// One text that resets these variables; each part of a name is quoted.
pub(super) fn resetting(names: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    names
        .into_iter()
        .map(|name| {
            let parts = name.as_ref().split('.').map(|part| format!("\"{}\"", part.replace('"', "\"\"")));
            format!("RESET {};", parts.collect::<Vec<_>>().join("."))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_out_of_their_quotes() {
        assert_eq!(resetting(["app.tenant", "role"]), r#"RESET "app"."tenant";RESET "role";"#);
        assert_eq!(resetting([r#"x"; DROP TABLE y"#]), r#"RESET "x""; DROP TABLE y";"#);
        assert_eq!(resetting([] as [&str; 0]), "");
    }
}
