//! The curated objects as a table of the Glue Data Catalog.

use arrow_schema::Schema;
use sluice_catalog::hive_type;
use sluice_common::BucketName;
use sluice_common::policy::{CatalogSpec, Dataset};
use sluice_common::port::{CatalogTable, TableColumn, TableFormat};
use sluice_tabular::{Format, WriteOptions};

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
        columns: schema
            .fields()
            .iter()
            .map(|field| TableColumn { name: field.name().to_lowercase(), hive_type: hive_type(field.data_type()) })
            .collect(),
    }
}
