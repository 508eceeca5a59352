//! The curated objects as a table of the Glue Data Catalog.

use arrow_schema::{DataType, Schema, TimeUnit};
use sluice_common::BucketName;
use sluice_common::policy::{CatalogSpec, Dataset};
use sluice_common::port::{CatalogTable, TableColumn, TableFormat};
use sluice_tabular::{ColumnPath, Format, WriteOptions};

/// The table of a dataset as it was just written.
pub(crate) fn describe(
    catalog: &CatalogSpec,
    dataset: &Dataset,
    bucket: &BucketName,
    write: &WriteOptions,
    schema: &Schema,
) -> CatalogTable {
    CatalogTable {
        database: catalog.database.clone(),
        table: catalog.table.clone(),
        location: format!("s3://{bucket}/{}/", dataset.name),
        format: match &write.format {
            Format::Csv(csv) => TableFormat::Csv { delimiter: csv.delimiter.into(), header: csv.header },
            Format::JsonLines => TableFormat::JsonLines,
            Format::Parquet => TableFormat::Parquet,
        },
        columns: columns(schema, &write.format),
    }
}

/// What lies inside lists of JSON Lines is one column of the outermost list, as its text.
fn columns(schema: &Schema, format: &Format) -> Vec<TableColumn> {
    let mut columns: Vec<TableColumn> = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        let path = ColumnPath::from(field.name().as_str());
        let list = path.list().filter(|_| *format == Format::JsonLines);
        let (name, hive_type) = match list {
            Some(list) => (list.to_lowercase(), "string".to_owned()),
            None => (field.name().to_lowercase(), hive_type(field.data_type())),
        };
        if list.is_none() || columns.iter().all(|column| column.name != name) {
            columns.push(TableColumn { name, hive_type });
        }
    }
    columns
}

/// The Hive type of a column, as Athena reads Parquet ("Data types in Amazon Athena"). What has no equal is text.
fn hive_type(data_type: &DataType) -> String {
    match data_type {
        DataType::Boolean => "boolean".to_owned(),
        DataType::Int8 => "tinyint".to_owned(),
        DataType::Int16 | DataType::UInt8 => "smallint".to_owned(),
        DataType::Int32 | DataType::UInt16 => "int".to_owned(),
        DataType::Int64 | DataType::UInt32 => "bigint".to_owned(),
        DataType::UInt64 => "decimal(20,0)".to_owned(),
        DataType::Float16 | DataType::Float32 => "float".to_owned(),
        DataType::Float64 => "double".to_owned(),
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => format!("decimal({precision},{scale})"),
        DataType::Date32 | DataType::Date64 => "date".to_owned(),
        DataType::Timestamp(
            TimeUnit::Second | TimeUnit::Millisecond | TimeUnit::Microsecond | TimeUnit::Nanosecond,
            _,
        ) => "timestamp".to_owned(),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            "binary".to_owned()
        }
        _ => "string".to_owned(),
    }
}
