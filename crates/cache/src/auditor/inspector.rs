use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::Instant;

use crate::descend::Seen;
use crate::entry::Entry;
use crate::inner::Inner;
use crate::life::Stage;
use crate::region::RegionMeta;

/// What can be done with a region's entries by who does not know the type of its values.
#[derive(Clone, Copy)]
pub(crate) struct Inspector {
    /// What a read would take from the keeper: an entry that is alive and within its time.
    pub(super) open: fn(&Inner, &RegionMeta, &str, &[u8]) -> Option<Entry>,
    /// Whether two entries say the same, as far as can be told: doubt is no difference.
    pub(super) say_the_same: fn(&Entry, &Entry) -> bool,
}

impl Inspector {
    pub(crate) fn of<V: Serialize + DeserializeOwned + Send + Sync + 'static>() -> Self {
        Self { open: open::<V>, say_the_same: say_the_same::<V> }
    }
}

fn open<V>(cache: &Inner, region: &RegionMeta, key: &str, bytes: &[u8]) -> Option<Entry>
where
    V: DeserializeOwned + Send + Sync + 'static,
{
    let seen = Seen { now: cache.clock.look(), sure_until: u64::MAX };
    let (entry, epoch) = cache.open::<V>(region, key, bytes, &seen).ok()?;
    let alive = (epoch == 0 || epoch == cache.standing.epoch())
        && entry.expires_ms > seen.now.wall_ms
        && cache.stripes.admits(key, entry.version)
        && cache.believes(&entry, key)
        && is_in_time(&entry);
    alive.then_some(entry)
}

/// Past its time a value is served as stale, and says so: no promise is broken then.
pub(super) fn is_in_time(entry: &Entry) -> bool {
    matches!(entry.stage(Instant::now()), Stage::Fresh | Stage::Due)
}

fn say_the_same<V: Serialize + Send + Sync + 'static>(one: &Entry, other: &Entry) -> bool {
    if one.is_absence() || other.is_absence() {
        return one.is_absence() == other.is_absence();
    }
    let told =
        |value: Option<Arc<V>>| value.and_then(|value| serde_json::to_value(&*value).ok()).map(ordered);
    match (told(one.value()), told(other.value())) {
        (Some(one), Some(other)) => one == other,
        _ => true,
    }
}

/// A set serialises in an order that may be another after it was read back.
fn ordered(value: Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.into_iter().map(ordered).collect();
            items.sort_by_cached_key(Value::to_string);
            Value::Array(items)
        }
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.into_iter().map(|(name, value)| (name, ordered(value))).collect();
            fields.sort_by(|(one, _), (other, _)| one.cmp(other));
            Value::Object(fields.into_iter().collect())
        }
        plain => plain,
    }
}

impl fmt::Debug for Inspector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Inspector")
    }
}
