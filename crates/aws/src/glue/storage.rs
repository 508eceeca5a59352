//! `GetTable` and `GetPartitions`: where the rows of a table are and how they are written.
//!
//! Sources: "Table structure" of the AWS Glue API; "`SerDe` reference" and "Considerations and limitations" of the Amazon
//! Athena User Guide for the libraries, their parameters and defaults.

use std::collections::HashMap;

use async_trait::async_trait;
use aws_sdk_glue::types::{Column, Partition, SerDeInfo, StorageDescriptor, Table};
use sluice_common::port::{CatalogError, StorageFormat, TableCatalog, TableName, TablePlace, TableStorage};

use super::GlueCatalog;
use crate::error::Failure;

/// Partitions of a table.
const MOST_PARTITIONS: usize = 10_000;

const OPEN_CSV: &str = "org.apache.hadoop.hive.serde2.OpenCSVSerde";
const LAZY_SIMPLE: &str = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe";
const JSON: [&str; 3] = [
    "org.openx.data.jsonserde.JsonSerDe",
    "org.apache.hive.hcatalog.data.JsonSerDe",
    "org.apache.hadoop.hive.serde2.JsonSerDe",
];
const PARQUET: [&str; 2] =
    ["org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe", "parquet.hive.serde.ParquetHiveSerDe"];
const FORMATS: &str = "name a table over CSV, JSON Lines or Parquet objects in S3";

#[async_trait]
impl TableCatalog for GlueCatalog {
    async fn storage(&self, table: &TableName) -> Result<TableStorage, CatalogError> {
        let missing = || CatalogError::NotFound { operation: "GetTable", what: table.to_string() };
        let found = self.table(table).await?.ok_or_else(missing)?;
        let unreadable = |problem| CatalogError::Unreadable { table: table.to_string(), problem };
        let descriptor = readable(&found).map_err(unreadable)?;
        let format = format(&found, descriptor).map_err(unreadable)?;
        let names = |columns: &[Column]| columns.iter().map(|column| column.name().to_owned()).collect();
        let partition_columns: Vec<String> = names(found.partition_keys());
        let places = if partition_columns.is_empty() {
            vec![place(descriptor, &[]).map_err(unreadable)?]
        } else {
            let partitions = self.partitions(table).await?;
            let placed = partitions.iter().map(|partition| partition_place(partition, &found, descriptor));
            placed.collect::<Result<_, _>>().map_err(unreadable)?
        };
        Ok(TableStorage { format, columns: names(descriptor.columns()), partition_columns, places })
    }
}

impl GlueCatalog {
    async fn partitions(&self, table: &TableName) -> Result<Vec<Partition>, CatalogError> {
        let operation = "GetPartitions";
        let (mut partitions, mut next) = (Vec::new(), None);
        loop {
            let request = self.client.get_partitions().database_name(&table.database).table_name(&table.table);
            let request = request.exclude_column_schema(true).set_next_token(next);
            let page = request.send().await.map_err(|e| Failure::from(e).catalog(operation, &table.to_string()))?;
            partitions.extend(page.partitions.unwrap_or_default());
            if partitions.len() > MOST_PARTITIONS {
                let problem = format!("it has more than {MOST_PARTITIONS} partitions; name a smaller table");
                return Err(CatalogError::Unreadable { table: table.to_string(), problem });
            }
            next = page.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                return Ok(partitions);
            }
        }
    }
}

/// The descriptor of a table whose rows are what lies below its location.
fn readable(table: &Table) -> Result<&StorageDescriptor, String> {
    let parameter = |name: &str| {
        let parameters = table.parameters().into_iter().flatten();
        let found = parameters.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.to_ascii_lowercase())
    };
    if let Some(target) = table.target_table() {
        let name = |part: Option<&str>| part.unwrap_or("?").to_owned();
        let (database, target) = (name(target.database_name()), name(target.name()));
        return Err(format!(
            "it is a link to {database}.{target} of another account or database; name a table of this account's catalog"
        ));
    }
    let is_view = table.table_type().is_some_and(|kind| kind.ends_with("_VIEW"))
        || table.view_original_text().is_some_and(|text| !text.is_empty())
        || table.is_materialized_view() == Some(true);
    if is_view {
        return Err(format!("it is a view; {FORMATS}"));
    }
    for name in ["table_type", "spark.sql.sources.provider"] {
        if let Some(kind @ ("iceberg" | "delta" | "hudi")) = parameter(name).as_deref() {
            return Err(format!(
                "it is a table of the format {kind}, whose folder holds more than its rows; {FORMATS}"
            ));
        }
    }
    if parameter("projection.enabled").is_some_and(|enabled| enabled == "true") {
        return Err("its partitions are projected and nowhere listed; add them to the catalog (ALTER TABLE … ADD \
                    PARTITION, or a crawler) and turn projection off"
            .to_owned());
    }
    table.storage_descriptor().ok_or_else(|| format!("the catalog does not say where it is; {FORMATS}"))
}

fn place(descriptor: &StorageDescriptor, values: &[String]) -> Result<TablePlace, String> {
    let location = descriptor.location().unwrap_or_default();
    TablePlace::at(location, values).ok_or_else(|| format!("its location {location:?} is no s3:// folder; {FORMATS}"))
}

fn partition_place(partition: &Partition, table: &Table, of_table: &StorageDescriptor) -> Result<TablePlace, String> {
    let named = format!("the partition {:?}", partition.values());
    let descriptor = partition.storage_descriptor().ok_or_else(|| format!("{named} has no location; add it again"))?;
    let is_same = |one: Option<&SerDeInfo>, other: Option<&SerDeInfo>| {
        let library = |serde: Option<&SerDeInfo>| serde.and_then(SerDeInfo::serialization_library).map(str::to_owned);
        library(one) == library(other)
    };
    if !is_same(descriptor.serde_info(), of_table.serde_info()) {
        return Err(format!("{named} is written in another format than the table; make them one"));
    }
    if format(table, descriptor)? != format(table, of_table)? {
        return Err(format!("{named} is written with other separators than the table; make them one"));
    }
    if partition.values().len() != table.partition_keys().len() {
        return Err(format!("{named} has not a value for each partition column; add it again"));
    }
    place(descriptor, partition.values())
}

fn format(table: &Table, descriptor: &StorageDescriptor) -> Result<StorageFormat, String> {
    let serde = descriptor.serde_info();
    let library = serde.and_then(SerDeInfo::serialization_library).unwrap_or_default();
    let input = descriptor.input_format().unwrap_or_default();
    let serde_parameters = serde.and_then(SerDeInfo::parameters);
    let of = Parameters { table: table.parameters(), serde: serde_parameters };
    let is_text = input.ends_with(".TextInputFormat");
    match library {
        _ if PARQUET.contains(&library) && input.ends_with("ParquetInputFormat") => of.parquet(),
        _ if JSON.contains(&library) && is_text => of.json(),
        OPEN_CSV if is_text => of.open_csv(),
        LAZY_SIMPLE if is_text => of.lazy_simple(),
        _ => Err(format!("it is stored as {library:?} in {input:?}; {FORMATS}")),
    }
}

struct Parameters<'t> {
    table: Option<&'t HashMap<String, String>>,
    serde: Option<&'t HashMap<String, String>>,
}

impl Parameters<'_> {
    fn serde(&self, name: &str) -> Option<&str> {
        self.serde.and_then(|held| held.get(name)).map(String::as_str)
    }

    /// Crawlers set some in both places, and some in either.
    fn any(&self, name: &str) -> Option<&str> {
        self.serde(name).or_else(|| self.table.and_then(|held| held.get(name)).map(String::as_str))
    }

    fn parquet(&self) -> Result<StorageFormat, String> {
        if self.any("parquet.column.index.access") == Some("true") {
            return Err("its columns are found by position (parquet.column.index.access), not by name; turn that off"
                .to_owned());
        }
        Ok(StorageFormat::Parquet)
    }

    fn json(&self) -> Result<StorageFormat, String> {
        let mut names = self.serde.into_iter().flatten().map(|(name, _)| name);
        if let Some(mapping) = names.find(|name| name.starts_with("mapping.")) {
            return Err(format!(
                "it renames keys ({mapping}), which is not read; name its columns as the keys are named"
            ));
        }
        Ok(StorageFormat::JsonLines)
    }

    /// Cells in quotes, separated by commas unless something else is said. A backslash is data, as in RFC 4180.
    fn open_csv(&self) -> Result<StorageFormat, String> {
        Ok(StorageFormat::Csv {
            delimiter: character(self.serde("separatorChar").unwrap_or(","))?,
            quote: Some(character(self.serde("quoteChar").unwrap_or("\""))?),
            null_text: None,
            header: self.header()?,
        })
    }

    /// Cells as they are, separated by control-A unless something else is said.
    fn lazy_simple(&self) -> Result<StorageFormat, String> {
        if let Some(escape) = self.serde("escape.delim") {
            return Err(format!(
                "its separators are escaped by {escape:?}, which is not read; quote cells (OpenCSVSerde)"
            ));
        }
        let delimiter = self.serde("field.delim").or_else(|| self.serde("serialization.format"));
        Ok(StorageFormat::Csv {
            delimiter: separator(delimiter.unwrap_or("\u{1}"))?,
            quote: None,
            null_text: Some(self.any("serialization.null.format").unwrap_or("\\N").to_owned()),
            header: self.header()?,
        })
    }

    fn header(&self) -> Result<bool, String> {
        let encoding = self.any("serialization.encoding").unwrap_or("UTF-8");
        if !encoding.eq_ignore_ascii_case("utf-8") && !encoding.eq_ignore_ascii_case("utf8") {
            return Err(format!("it is written in {encoding:?}; convert it to UTF-8"));
        }
        if self.any("skip.footer.line.count").is_some_and(|lines| lines != "0") {
            return Err("its objects end with lines that are to be skipped; write them without".to_owned());
        }
        match self.any("skip.header.line.count") {
            None | Some("0") => Ok(false),
            Some("1") => Ok(true),
            Some(lines) => Err(format!("{lines} lines of each object are to be skipped; one line of names can be")),
        }
    }
}

/// One character, or its code, as Hive reads the separator of `LazySimpleSerDe`: control-A is `1` or `\u0001`.
fn separator(text: &str) -> Result<u8, String> {
    let code = text.strip_prefix("\\u").and_then(|hex| u8::from_str_radix(hex, 16).ok());
    match code.or_else(|| text.parse().ok()) {
        Some(code) => usable(code, text),
        None => character(text),
    }
}

/// One character; a tab also as it is written in DDL.
fn character(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        [byte] => usable(*byte, text),
        b"\\t" => Ok(b'\t'),
        _ => usable(0, text),
    }
}

fn usable(byte: u8, text: &str) -> Result<u8, String> {
    let is_usable = byte.is_ascii() && !matches!(byte, b'\n' | b'\r' | 0);
    let refused = || format!("its separator or quote {text:?} is no single ASCII character other than a line break");
    is_usable.then_some(byte).ok_or_else(refused)
}
