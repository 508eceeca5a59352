//! `GetTable`, `UpdateColumnStatisticsForTable`, `DeleteColumnStatisticsForTable`, and `UpdateTable` for parameters.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use aws_sdk_glue::types::{Column, StorageDescriptor, Table, TableInput};
use jiff::Timestamp;
use sluice_common::port::{CatalogError, ColumnStatistics, KnownTable, TableColumn, TableName, TableStatistics};

use super::GlueCatalog;
use super::column_statistics::request_body;
use crate::error::Failure;

/// Columns that one request may carry.
const MOST_COLUMNS: usize = 25;
/// How often a table that others change at the same time is read again.
const ATTEMPTS: usize = 4;

const UPDATE: &str = "UpdateTable";
const UPDATE_STATISTICS: &str = "UpdateColumnStatisticsForTable";
const DELETE_STATISTICS: &str = "DeleteColumnStatisticsForTable";

#[async_trait]
impl TableStatistics for GlueCatalog {
    async fn known(&self, table: &TableName) -> Result<Option<KnownTable>, CatalogError> {
        Ok(self.table(table).await?.as_ref().map(known))
    }

    async fn put_statistics(
        &self,
        table: &TableName,
        columns: &[ColumnStatistics],
        analyzed_at: Timestamp,
    ) -> Result<(), CatalogError> {
        for part in columns.chunks(MOST_COLUMNS) {
            let body = request_body(table, part, analyzed_at);
            let call = self.client.update_column_statistics_for_table();
            let call = call.database_name(&table.database).table_name(&table.table);
            // The SDK leaves out every bound that is 0, and then the least value of most columns is unknown.
            let call = call.set_column_statistics_list(Some(Vec::new())).customize().mutate_request(move |request| {
                request.headers_mut().insert("content-length", body.len().to_string());
                *request.body_mut() = body.clone().into();
            });
            let answer =
                call.send().await.map_err(|error| Failure::from(error).catalog(UPDATE_STATISTICS, &table.table))?;
            if let Some(refused) = answer.errors().first() {
                let code = refused.error().and_then(|error| error.error_code()).unwrap_or("ColumnRefused").to_owned();
                return Err(CatalogError::Other { operation: UPDATE_STATISTICS, code, source: None });
            }
        }
        Ok(())
    }

    async fn forget_statistics(&self, table: &TableName, column: &str) -> Result<(), CatalogError> {
        let call = self.client.delete_column_statistics_for_table();
        let call = call.database_name(&table.database).table_name(&table.table).column_name(column);
        match call.send().await.map_err(Failure::from) {
            Ok(_gone) => Ok(()),
            Err(failure) if failure.code == "EntityNotFoundException" => Ok(()),
            Err(failure) => Err(failure.catalog(DELETE_STATISTICS, &table.table)),
        }
    }

    async fn put_parameters(
        &self,
        table: &TableName,
        parameters: &BTreeMap<String, Option<String>>,
    ) -> Result<(), CatalogError> {
        for _attempt in 0..ATTEMPTS {
            let missing = || CatalogError::NotFound { operation: UPDATE, what: table.table.clone() };
            let existing = self.table(table).await?.ok_or_else(missing)?;
            let Some(changed) = changed(existing.parameters(), parameters) else { return Ok(()) };
            let input = with_parameters(&existing, changed).map_err(|error| CatalogError::Other {
                operation: UPDATE,
                code: "InvalidArguments".to_owned(),
                source: Some(Box::new(error)),
            })?;
            let call = self.client.update_table().database_name(&table.database).table_input(input);
            // Figures that change with each object are no versions of a table worth keeping: there is a limit on them.
            let call = call.set_version_id(existing.version_id().map(str::to_owned)).skip_archive(true);
            match call.send().await.map_err(Failure::from) {
                Ok(_updated) => return Ok(()),
                Err(failure) if failure.code == "ConcurrentModificationException" => {}
                Err(failure) => return Err(failure.catalog(UPDATE, &table.table)),
            }
        }
        Err(CatalogError::Other { operation: UPDATE, code: "ConcurrentModification".to_owned(), source: None })
    }
}

impl GlueCatalog {
    pub(super) async fn table(&self, table: &TableName) -> Result<Option<Table>, CatalogError> {
        let request = self.client.get_table().database_name(&table.database).name(&table.table);
        match request.send().await.map_err(Failure::from) {
            Ok(answer) => Ok(answer.table),
            Err(failure) if failure.code == "EntityNotFoundException" => Ok(None),
            Err(failure) => Err(failure.catalog("GetTable", &table.table)),
        }
    }
}

fn known(table: &Table) -> KnownTable {
    let column = |column: &Column| TableColumn {
        name: column.name().to_owned(),
        hive_type: column.r#type().unwrap_or_default().to_owned(),
    };
    let descriptor = table.storage_descriptor();
    KnownTable {
        location: descriptor.and_then(StorageDescriptor::location).unwrap_or_default().to_owned(),
        columns: descriptor.map(|descriptor| descriptor.columns().iter().map(column).collect()).unwrap_or_default(),
        parameters: table.parameters().into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())).collect(),
    }
}

/// The parameters as they are to be; `None` when they are so already.
fn changed(
    held: Option<&HashMap<String, String>>,
    wanted: &BTreeMap<String, Option<String>>,
) -> Option<HashMap<String, String>> {
    let held = held.cloned().unwrap_or_default();
    if wanted.iter().all(|(name, value)| held.get(name) == value.as_ref()) {
        return None;
    }
    let mut parameters = held;
    for (name, value) in wanted {
        match value {
            Some(value) => parameters.insert(name.clone(), value.clone()),
            None => parameters.remove(name),
        };
    }
    Some(parameters)
}

/// The table as it is, with other parameters.
fn with_parameters(
    existing: &Table,
    parameters: HashMap<String, String>,
) -> Result<TableInput, aws_sdk_glue::error::BuildError> {
    let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    TableInput::builder()
        .name(existing.name())
        .set_description(text(existing.description()))
        .set_owner(text(existing.owner()))
        .set_last_access_time(existing.last_access_time().copied())
        .set_last_analyzed_time(existing.last_analyzed_time().copied())
        .retention(existing.retention())
        .set_storage_descriptor(existing.storage_descriptor().cloned())
        .set_partition_keys(Some(existing.partition_keys().to_vec()))
        .set_view_original_text(text(existing.view_original_text()))
        .set_view_expanded_text(text(existing.view_expanded_text()))
        .set_table_type(text(existing.table_type()))
        .set_parameters(Some(parameters))
        .set_target_table(existing.target_table().cloned())
        .build()
}
