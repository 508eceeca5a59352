//! The curated objects as a table of the Glue Data Catalog.

use arrow_schema::Schema;
use sluice_catalog::hive_type;
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
