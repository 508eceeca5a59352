//! A table of ours in the terms of Glue, and whether the catalog knows it already.
//!
//! Source: "`SerDe` reference" of the Amazon Athena User Guide for the libraries and their parameters.

use std::collections::HashMap;

use aws_sdk_glue::types::{Column, SerDeInfo, StorageDescriptor, Table, TableInput};
use sluice_common::port::{CatalogError, CatalogTable, TableColumn, TableFormat};

/// What one format needs to be read.
struct Storage {
    classification: &'static str,
    input_format: &'static str,
    output_format: &'static str,
    library: &'static str,
    parameters: Vec<(&'static str, String)>,
    header: bool,
}

const TEXT_INPUT: &str = "org.apache.hadoop.mapred.TextInputFormat";
const TEXT_OUTPUT: &str = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat";

fn storage(format: TableFormat) -> Storage {
    match format {
        TableFormat::Csv { delimiter, header } => Storage {
            classification: "csv",
            input_format: TEXT_INPUT,
            output_format: TEXT_OUTPUT,
            library: "org.apache.hadoop.hive.serde2.OpenCSVSerde",
            parameters: vec![
                ("separatorChar", delimiter.to_string()),
                ("quoteChar", "\"".to_owned()),
                ("escapeChar", "\\".to_owned()),
            ],
            header,
        },
        TableFormat::JsonLines => Storage {
            classification: "json",
            input_format: TEXT_INPUT,
            output_format: TEXT_OUTPUT,
            library: "org.openx.data.jsonserde.JsonSerDe",
            parameters: Vec::new(),
            header: false,
        },
        TableFormat::Parquet => Storage {
            classification: "parquet",
            input_format: "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
            output_format: "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
            library: "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
            parameters: vec![("serialization.format", "1".to_owned())],
            header: false,
        },
    }
}

fn owned(pairs: Vec<(&'static str, String)>) -> HashMap<String, String> {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn table_parameters(storage: &Storage) -> HashMap<String, String> {
    let mut parameters = vec![("classification", storage.classification.to_owned()), ("EXTERNAL", "TRUE".to_owned())];
    if storage.header {
        parameters.push(("skip.header.line.count", "1".to_owned()));
    }
    owned(parameters)
}

fn column(column: &TableColumn) -> Result<Column, aws_sdk_glue::error::BuildError> {
    Column::builder().name(column.name.as_str()).r#type(column.hive_type.as_str()).build()
}

/// The definition to write. What others added to a table that exists stays: description, owner, retention, partition
/// keys and foreign parameters.
pub(super) fn input(
    table: &CatalogTable,
    existing: Option<&Table>,
    operation: &'static str,
) -> Result<TableInput, CatalogError> {
    let invalid = |error: aws_sdk_glue::error::BuildError| CatalogError::Other {
        operation,
        code: "InvalidArguments".to_owned(),
        source: Some(Box::new(error)),
    };
    let storage = storage(table.format);
    let columns = table.columns.iter().map(column).collect::<Result<Vec<_>, _>>().map_err(invalid)?;
    let mut parameters = existing.and_then(Table::parameters).cloned().unwrap_or_default();
    parameters.remove("skip.header.line.count");
    parameters.extend(table_parameters(&storage));
    let serde = SerDeInfo::builder()
        .serialization_library(storage.library)
        .set_parameters(Some(owned(storage.parameters)))
        .build();
    let descriptor = StorageDescriptor::builder()
        .set_columns(Some(columns))
        .location(table.location.as_str())
        .input_format(storage.input_format)
        .output_format(storage.output_format)
        .serde_info(serde)
        .build();
    TableInput::builder()
        .name(table.table.as_str())
        .table_type("EXTERNAL_TABLE")
        .storage_descriptor(descriptor)
        .set_parameters(Some(parameters))
        .set_description(existing.and_then(Table::description).map(str::to_owned))
        .set_owner(existing.and_then(Table::owner).map(str::to_owned))
        .set_retention(existing.map(Table::retention))
        .set_partition_keys(existing.map(|table| table.partition_keys().to_vec()))
        .build()
        .map_err(invalid)
}

/// Whether the catalog's table is the one to be known, as far as it is ours to say.
pub(super) fn is_current(table: &CatalogTable, existing: &Table) -> bool {
    let storage = storage(table.format);
    let Some(descriptor) = existing.storage_descriptor() else { return false };
    let serde = descriptor.serde_info();
    let columns = descriptor.columns().iter().map(|column| (column.name(), column.r#type().unwrap_or_default()));
    let holds = |held: Option<&HashMap<String, String>>, wanted: &HashMap<String, String>| {
        wanted.iter().all(|(name, value)| held.and_then(|held| held.get(name)) == Some(value))
    };
    let header_known = existing.parameters().is_some_and(|held| held.contains_key("skip.header.line.count"));
    columns.eq(table.columns.iter().map(|column| (column.name.as_str(), column.hive_type.as_str())))
        && descriptor.location() == Some(table.location.as_str())
        && descriptor.input_format() == Some(storage.input_format)
        && descriptor.output_format() == Some(storage.output_format)
        && serde.and_then(SerDeInfo::serialization_library) == Some(storage.library)
        && header_known == storage.header
        && holds(existing.parameters(), &table_parameters(&storage))
        && holds(serde.and_then(SerDeInfo::parameters), &owned(storage.parameters))
}
