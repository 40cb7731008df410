use std::path::Path;

use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use figment::value::{Dict, Value};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{PoolConfig, ReplicaSetConfig};
use crate::error::ConfigError;

/// Where the configurations of pools are read from: files and the environment, what is added later over what came before.
///
/// A TOML file has a table for each pool. The key `profile` names the profile it starts from, [`PoolConfig::production`] if there is
/// none; unknown keys are refused.
///
/// ```toml
/// [orders]
/// profile = "high_load"
/// max = 32
/// acquire_timeout = "2s"
/// lanes.reports = { cap = 4 }
/// ```
///
/// ```
/// use mainstay_pool::{ConfigSource, PoolConfig};
///
/// // Reads variables such as `POOL__ORDERS__MAX=16`.
/// let source = ConfigSource::new().environment("POOL__");
/// assert_eq!(source.pool("orders")?, PoolConfig::production());
/// # Ok::<(), mainstay_pool::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct ConfigSource {
    layers: Figment,
}

impl ConfigSource {
    /// Nothing yet: every pool gets [`PoolConfig::production`].
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a TOML file.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Unreadable`] if there is no such file; one that holds nonsense is told of by [`ConfigSource::pool`].
    pub fn file(mut self, path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let path = path.as_ref();
        if !path.is_file() {
            let message = format!("there is no file {}", path.display());
            return Err(ConfigError::Unreadable { message });
        }
        self.layers = self.layers.merge(Toml::file_exact(path));
        Ok(self)
    }

    /// Adds the variables that begin with `prefix`, `<prefix><POOL>__<FIELD>`; a lane's are `<prefix><POOL>__LANES__<LANE>__CAP`.
    ///
    /// Names count in lower case: a pool or lane with capitals cannot be reached.
    #[must_use]
    pub fn environment(mut self, prefix: &str) -> Self {
        self.layers = self.layers.merge(Env::prefixed(prefix).split("__"));
        self
    }

    /// The configuration of the pool `name`, validated.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Unreadable`] names the file or variable and the key, [`ConfigError::UnknownProfile`] the profiles there are,
    /// [`ConfigError::Invalid`] every field out of range.
    pub fn pool(&self, name: &str) -> Result<PoolConfig, ConfigError> {
        let Some(mut table) = self.table(name)? else { return Ok(PoolConfig::default()) };
        let base = match table.remove("profile") {
            None => PoolConfig::default(),
            Some(Value::String(_, profile)) => PoolConfig::profile(&profile)?,
            Some(_) => {
                let message = format!("`{name}.profile` is not the name of a profile");
                return Err(ConfigError::Unreadable { message });
            }
        };
        let config: PoolConfig = self.over(base, name, table)?;
        config.validate()?;
        Ok(config)
    }

    /// The configuration of the set of replicas `name`, validated; its table is one among those of the pools.
    ///
    /// # Errors
    ///
    /// As [`ConfigSource::pool`].
    pub fn replica_set(&self, name: &str) -> Result<ReplicaSetConfig, ConfigError> {
        let Some(table) = self.table(name)? else { return Ok(ReplicaSetConfig::default()) };
        let config: ReplicaSetConfig = self.over(ReplicaSetConfig::default(), name, table)?;
        config.validate()?;
        Ok(config)
    }

    fn table(&self, name: &str) -> Result<Option<Dict>, ConfigError> {
        let mut tables: Dict = self.layers.extract().map_err(|error| self.unreadable(name, &error))?;
        match tables.remove(name) {
            None => Ok(None),
            Some(Value::Dict(_, table)) => Ok(Some(table)),
            Some(_) => {
                Err(ConfigError::Unreadable { message: format!("`{name}` is not a table of settings") })
            }
        }
    }

    /// What the table says, and `base` says where it is silent.
    fn over<T: Serialize + DeserializeOwned>(
        &self,
        base: T,
        name: &str,
        table: Dict,
    ) -> Result<T, ConfigError> {
        Figment::from(Serialized::defaults(base))
            .merge(Serialized::defaults(table))
            .extract()
            .map_err(|error| self.unreadable(name, &error))
    }

    /// Adds to an error which file or variable the key came from: the table was taken out of its layers.
    fn unreadable(&self, name: &str, error: &figment::Error) -> ConfigError {
        if error.path.is_empty() {
            return ConfigError::Unreadable { message: error.to_string() };
        }
        let key = format!("{name}.{}", error.path.join("."));
        let origin = self.layers.find_metadata(&key).map_or(String::new(), |found| {
            let source = found.source.as_ref().map_or(String::new(), |source| format!(" {source}"));
            format!(", set by {}{source}", found.name)
        });
        ConfigError::Unreadable { message: format!("`{key}`: {}{origin}", error.kind) }
    }
}
