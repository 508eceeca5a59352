use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use sluice_common::port::{Catalog, CatalogError, CatalogTable, RulesetSource};

use crate::locked;

/// A data catalog in memory. Clones share the content.
#[derive(Debug, Clone, Default)]
pub struct MemoryCatalog(Arc<Mutex<Content>>);

#[derive(Debug, Default)]
struct Content {
    databases: BTreeSet<String>,
    tables: BTreeMap<(String, String), CatalogTable>,
    rulesets: BTreeMap<String, String>,
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

    /// A table as last registered.
    pub fn table(&self, database: &str, table: &str) -> Option<CatalogTable> {
        locked(&self.0).tables.get(&(database.to_owned(), table.to_owned())).cloned()
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
