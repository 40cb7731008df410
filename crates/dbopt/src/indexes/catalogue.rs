use super::IndexDefinition;

/// The indexes a property portal's reads want; names of columns that differ from house to house are settings.
///
/// Tables: `properties`, `price_history`, `listings`, `searches`.
///
/// ```
/// use mainstay_dbopt::indexes::PropertySchema;
///
/// let ours = PropertySchema::default().suburb("locality_id").priced_at("day").searched_at("created_day");
/// assert_eq!(ours.indexes()[0].name(), "properties_locality_id_idx");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PropertySchema {
    /// The column of `properties` that names its suburb; `suburb` by default.
    pub suburb: String,
    /// The column of `price_history` that orders it in time; `created_at` by default.
    pub priced_at: String,
    /// The column of `searches` that orders it in time; `created_at` by default.
    pub searched_at: String,
}

impl Default for PropertySchema {
    fn default() -> Self {
        Self { suburb: "suburb".into(), priced_at: "created_at".into(), searched_at: "created_at".into() }
    }
}

impl PropertySchema {
    /// Sets the column of `properties` that names its suburb.
    #[must_use]
    pub fn suburb(mut self, column: impl Into<String>) -> Self {
        self.suburb = column.into();
        self
    }

    /// Sets the column of `price_history` that orders it in time.
    #[must_use]
    pub fn priced_at(mut self, column: impl Into<String>) -> Self {
        self.priced_at = column.into();
        self
    }

    /// Sets the column of `searches` that orders it in time.
    #[must_use]
    pub fn searched_at(mut self, column: impl Into<String>) -> Self {
        self.searched_at = column.into();
        self
    }

    /// The catalogue.
    #[must_use]
    pub fn indexes(&self) -> Vec<IndexDefinition> {
        let properties = || IndexDefinition::on("properties");
        vec![
            properties().column(&self.suburb),
            properties().column("price"),
            properties().column(&self.suburb).column("price"),
            properties().column("latitude").column("longitude"),
            properties().column(&self.suburb).column("price").only_where("deleted_at IS NULL"),
            properties().column(&self.suburb).include("price").include("address"),
            IndexDefinition::on("price_history").column("property_id").column_desc(&self.priced_at),
            IndexDefinition::on("listings").column("property_id").column("source"),
            IndexDefinition::on("searches").column("user_id").column_desc(&self.searched_at),
        ]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_indexes_share_a_name() {
        // `IF NOT EXISTS` would leave the second one out without a word.
        let indexes = PropertySchema::default().indexes();
        let names: HashSet<String> = indexes.iter().map(IndexDefinition::name).collect();
        assert_eq!(names.len(), indexes.len());
    }
}
