use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;

use super::{LONGEST, NamedTtl, Ttl, TtlTable};
use crate::error::ConfigError;

/// A table of times to live that may change while the process runs. Clones are the same table.
///
/// A change holds for what is stored from then on; what is stored already keeps the time it got.
#[derive(Clone)]
pub struct LiveTtl {
    inner: Arc<Inner>,
}

struct Inner {
    table: watch::Sender<TtlTable>,
    /// The names that somebody follows, or did. Held while the table is replaced, so that two changes never mix and who begins to
    /// follow gets what holds.
    followed: Mutex<BTreeMap<Arc<str>, Arc<AtomicU64>>>,
}

/// A time to live that is another now.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TtlChange {
    /// Whose.
    pub name: String,
    /// What it was; `None` if the name is new.
    pub from: Option<Duration>,
    /// What it is; `None` if the name is gone.
    pub to: Option<Duration>,
}

impl LiveTtl {
    /// Begins with this table.
    ///
    /// # Errors
    /// A time is out of range.
    pub fn new(table: TtlTable) -> Result<Self, ConfigError> {
        table.validate()?;
        let inner = Inner { table: watch::Sender::new(table), followed: Mutex::default() };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Follows a name of the table; `None` if there is no such name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Ttl> {
        let mut followed = self.inner.followed.lock();
        let ttl = self.inner.table.borrow().get(name)?;
        let (name, now) = match followed.get_key_value(name) {
            Some((name, now)) => (name.clone(), now.clone()),
            None => {
                let (name, now) = (Arc::<str>::from(name), Arc::new(AtomicU64::new(nanos(ttl))));
                followed.insert(name.clone(), now.clone());
                (name, now)
            }
        };
        Some(Ttl::Named(NamedTtl { name, now }))
    }

    /// What holds now.
    #[must_use]
    pub fn table(&self) -> TtlTable {
        self.inner.table.borrow().clone()
    }

    /// Watches the table; each change is one notice.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<TtlTable> {
        self.inner.table.subscribe()
    }

    /// Sets one name, or adds it.
    ///
    /// # Errors
    /// The time is out of range; everything is as it was.
    pub fn set(&self, name: &str, ttl: Duration) -> Result<Vec<TtlChange>, ConfigError> {
        self.change(|table| table.clone().with(name, ttl))
    }

    /// Takes a whole table.
    ///
    /// # Errors
    /// A time is out of range, or a name is missing that somebody follows; everything is as it was.
    pub fn replace(&self, table: TtlTable) -> Result<Vec<TtlChange>, ConfigError> {
        self.change(|_| table)
    }

    fn change(&self, to: impl FnOnce(&TtlTable) -> TtlTable) -> Result<Vec<TtlChange>, ConfigError> {
        let mut followed = self.inner.followed.lock();
        let old = self.table();
        let new = to(&old);
        new.validate()?;
        followed.retain(|name, now| Arc::strong_count(now) > 1 || new.get(name).is_some());
        if let Some(name) = followed.keys().find(|name| new.get(name).is_none()) {
            return Err(ConfigError::new(
                "ttl",
                format!("nothing for `{name}`"),
                "a time, for it is followed",
            ));
        }
        let changes = differences(&old, &new);
        if changes.is_empty() {
            return Ok(changes);
        }
        for (name, now) in followed.iter() {
            if let Some(ttl) = new.get(name) {
                now.store(nanos(ttl), Ordering::Relaxed);
            }
        }
        self.inner.table.send_replace(new);
        Ok(changes)
    }
}

/// Within the range that is checked, it fits.
fn nanos(ttl: Duration) -> u64 {
    u64::try_from(ttl.min(LONGEST).as_nanos()).unwrap_or(u64::MAX)
}

fn differences(old: &TtlTable, new: &TtlTable) -> Vec<TtlChange> {
    let gone = old.iter().filter(|(name, _)| new.get(name).is_none()).map(|(name, _)| name);
    let mut names: Vec<&str> = new.iter().map(|(name, _)| name).chain(gone).collect();
    names.sort_unstable();
    names
        .into_iter()
        .filter(|name| old.get(name) != new.get(name))
        .map(|name| TtlChange { name: name.to_owned(), from: old.get(name), to: new.get(name) })
        .collect()
}

impl fmt::Debug for LiveTtl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveTtl").field("table", &*self.inner.table.borrow()).finish_non_exhaustive()
    }
}

impl fmt::Display for TtlChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = |ttl: Option<Duration>| ttl.map_or("nothing".to_owned(), |ttl| format!("{ttl:?}"));
        write!(f, "{}: {} -> {}", self.name, said(self.from), said(self.to))
    }
}
