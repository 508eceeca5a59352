use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::Timestamp;
use sluice_common::port::{
    Catalog, CatalogError, CatalogTable, ColumnStatistics, KnownTable, RulesetSource, TableCatalog, TableName,
    TableStatistics, TableStorage,
};

use crate::locked;

/// A data catalog in memory. Clones share the content.
#[derive(Debug, Clone, Default)]
pub struct MemoryCatalog(Arc<Mutex<Content>>);

#[derive(Debug, Default)]
struct Content {
    databases: BTreeSet<String>,
    tables: BTreeMap<(String, String), CatalogTable>,
    rulesets: BTreeMap<String, String>,
    storages: BTreeMap<TableName, TableStorage>,
    parameters: BTreeMap<TableName, BTreeMap<String, String>>,
    statistics: BTreeMap<TableName, BTreeMap<String, (ColumnStatistics, Timestamp)>>,
    changes: usize,
}

impl MemoryCatalog {
    /// A catalog with these databases.
    pub fn new<'a>(databases: impl IntoIterator<Item = &'a str>) -> Self {
        let databases = databases.into_iter().map(str::to_owned).collect();
        Self(Arc::new(Mutex::new(Content { databases, ..Content::default() })))
    }

    /// Keeps a ruleset under a name.
    pub fn put_ruleset(&self, name: &str, dqdl: &str) {
        locked(&self.0).rulesets.insert(name.to_owned(), dqdl.to_owned());
    }

    /// Keeps a table that others wrote.
    pub fn put_storage(&self, table: &TableName, storage: TableStorage) {
        locked(&self.0).storages.insert(table.clone(), storage);
    }

    /// A table as last registered.
    pub fn table(&self, database: &str, table: &str) -> Option<CatalogTable> {
        locked(&self.0).tables.get(&(database.to_owned(), table.to_owned())).cloned()
    }

    /// The parameters of a table that were set.
    pub fn parameters(&self, table: &TableName) -> BTreeMap<String, String> {
        locked(&self.0).parameters.get(table).cloned().unwrap_or_default()
    }

    /// The statistics of a table's columns, and when they were made.
    pub fn statistics(&self, table: &TableName) -> BTreeMap<String, (ColumnStatistics, Timestamp)> {
        locked(&self.0).statistics.get(table).cloned().unwrap_or_default()
    }

    /// How often a registration changed something.
    pub fn changes(&self) -> usize {
        locked(&self.0).changes
    }
}

#[async_trait]
impl Catalog for MemoryCatalog {
    async fn register(&self, table: &CatalogTable) -> Result<(), CatalogError> {
        let mut content = locked(&self.0);
        if !content.databases.contains(&table.database) {
            return Err(CatalogError::NotFound { operation: "CreateTable", what: table.database.clone() });
        }
        let name = (table.database.clone(), table.table.clone());
        if content.tables.insert(name, table.clone()).as_ref() != Some(table) {
            content.changes += 1;
        }
        Ok(())
    }
}

impl Content {
    fn find(&self, table: &TableName, operation: &'static str) -> Result<&CatalogTable, CatalogError> {
        let missing = || CatalogError::NotFound { operation, what: table.table.clone() };
        self.tables.get(&(table.database.clone(), table.table.clone())).ok_or_else(missing)
    }
}

#[async_trait]
impl TableStatistics for MemoryCatalog {
    async fn known(&self, table: &TableName) -> Result<Option<KnownTable>, CatalogError> {
        let content = locked(&self.0);
        let Ok(found) = content.find(table, "GetTable") else { return Ok(None) };
        Ok(Some(KnownTable {
            location: found.location.clone(),
            columns: found.columns.clone(),
            parameters: content.parameters.get(table).cloned().unwrap_or_default(),
        }))
    }

    async fn put_statistics(
        &self,
        table: &TableName,
        columns: &[ColumnStatistics],
        analyzed_at: Timestamp,
    ) -> Result<(), CatalogError> {
        let mut content = locked(&self.0);
        let known = content.find(table, "UpdateColumnStatisticsForTable")?.columns.clone();
        for one in columns {
            if !known.contains(&one.column) {
                let operation = "UpdateColumnStatisticsForTable";
                return Err(CatalogError::NotFound { operation, what: one.column.name.clone() });
            }
            let statistics = content.statistics.entry(table.clone()).or_default();
            statistics.insert(one.column.name.clone(), (one.clone(), analyzed_at));
        }
        Ok(())
    }

    async fn forget_statistics(&self, table: &TableName, column: &str) -> Result<(), CatalogError> {
        let mut content = locked(&self.0);
        content.find(table, "DeleteColumnStatisticsForTable")?;
        content.statistics.entry(table.clone()).or_default().remove(column);
        Ok(())
    }

    async fn put_parameters(
        &self,
        table: &TableName,
        parameters: &BTreeMap<String, Option<String>>,
    ) -> Result<(), CatalogError> {
        let mut content = locked(&self.0);
        content.find(table, "UpdateTable")?;
        let held = content.parameters.entry(table.clone()).or_default();
        for (name, value) in parameters {
            match value {
                Some(value) => held.insert(name.clone(), value.clone()),
                None => held.remove(name),
            };
        }
        Ok(())
    }
}

#[async_trait]
impl TableCatalog for MemoryCatalog {
    async fn storage(&self, table: &TableName) -> Result<TableStorage, CatalogError> {
        let missing = || CatalogError::NotFound { operation: "GetTable", what: table.to_string() };
        locked(&self.0).storages.get(table).cloned().ok_or_else(missing)
    }
}

#[async_trait]
impl RulesetSource for MemoryCatalog {
    async fn ruleset(&self, name: &str) -> Result<String, CatalogError> {
        let missing = || CatalogError::NotFound { operation: "GetDataQualityRuleset", what: name.to_owned() };
        locked(&self.0).rulesets.get(name).cloned().ok_or_else(missing)
    }
}

#[cfg(test)]
mod tests {
    use sluice_common::port::TableFormat;

    use super::*;

    fn table(database: &str) -> CatalogTable {
        CatalogTable {
            database: database.into(),
            table: "orders".into(),
            location: "s3://lake-curated/orders/".into(),
            format: TableFormat::Parquet,
            columns: Vec::new(),
        }
    }

    #[tokio::test]
    async fn registering_twice_changes_nothing() {
        let catalog = MemoryCatalog::new(["lake"]);
        catalog.register(&table("lake")).await.unwrap();
        catalog.register(&table("lake")).await.unwrap();
        assert_eq!(catalog.changes(), 1);
        assert_eq!(catalog.table("lake", "orders"), Some(table("lake")));
    }

    #[tokio::test]
    async fn a_missing_database_or_ruleset_is_named() {
        let catalog = MemoryCatalog::new([]);
        let error = catalog.register(&table("pond")).await.unwrap_err();
        assert!(matches!(error, CatalogError::NotFound { what, .. } if what == "pond"));
        assert!(matches!(catalog.ruleset("r").await, Err(CatalogError::NotFound { what, .. }) if what == "r"));
    }
}
