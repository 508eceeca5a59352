//! `GetTable`, then `CreateTable` or `UpdateTable` where there is a difference.

use async_trait::async_trait;
use aws_sdk_glue::types::Table;
use sluice_common::port::{Catalog, CatalogError, CatalogTable};

use super::GlueCatalog;
use super::table::{input, is_current};
use crate::error::Failure;

impl GlueCatalog {
    /// The table as the catalog has it; `None` when the table or its database is missing.
    async fn existing(&self, table: &CatalogTable) -> Result<Option<Table>, CatalogError> {
        let operation = "GetTable";
        let request = self.client.get_table().database_name(&table.database).name(&table.table);
        match request.send().await.map_err(Failure::from) {
            Ok(answer) => Ok(answer.table),
            Err(failure) if failure.code == "EntityNotFoundException" => Ok(None),
            Err(failure) => Err(failure.catalog(operation, &table.table)),
        }
    }

    /// Creates the table; `false` when somebody else did so at the same time.
    async fn create(&self, table: &CatalogTable) -> Result<bool, CatalogError> {
        let operation = "CreateTable";
        let input = input(table, None, operation)?;
        let request = self.client.create_table().database_name(&table.database).table_input(input);
        match request.send().await.map_err(Failure::from) {
            Ok(_answer) => Ok(true),
            Err(failure) if failure.code == "AlreadyExistsException" => Ok(false),
            // Of a table that is yet to be made, only the database can be missing.
            Err(failure) => Err(failure.catalog(operation, &table.database)),
        }
    }

    async fn update(&self, table: &CatalogTable, existing: &Table) -> Result<(), CatalogError> {
        let operation = "UpdateTable";
        let input = input(table, Some(existing), operation)?;
        let request = self.client.update_table().database_name(&table.database).table_input(input);
        let answer = request.set_version_id(existing.version_id().map(str::to_owned)).send().await;
        answer.map(|_answer| ()).map_err(|error| Failure::from(error).catalog(operation, &table.table))
    }
}

#[async_trait]
impl Catalog for GlueCatalog {
    async fn register(&self, table: &CatalogTable) -> Result<(), CatalogError> {
        let mut existing = self.existing(table).await?;
        if existing.is_none() {
            if self.create(table).await? {
                return Ok(());
            }
            existing = self.existing(table).await?;
        }
        match existing {
            Some(existing) if is_current(table, &existing) => Ok(()),
            Some(existing) => self.update(table, &existing).await,
            // Created and removed again in between: the next attempt will see clearer.
            None => Err(CatalogError::Other {
                operation: "CreateTable",
                code: "ConcurrentModification".to_owned(),
                source: None,
            }),
        }
    }
}
