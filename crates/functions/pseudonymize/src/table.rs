//! The curated objects as a table of the Glue Data Catalog.

use arrow_schema::Schema;
use sluice_catalog::hive_type;
use sluice_common::BucketName;
use sluice_common::policy::{CatalogSpec, Dataset};
use sluice_common::port::{CatalogTable, TableColumn, TableFormat};
use sluice_tabular::{ColumnPath, Format, WriteOptions};

use crate::table_lists::Held;

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

/// What lies inside lists is one column of the outermost list: of JSON Lines its text, of Parquet the list.
fn columns(schema: &Schema, format: &Format) -> Vec<TableColumn> {
    let mut columns: Vec<(String, Kind)> = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        let path = ColumnPath::from(field.name().as_str());
        let list = path.list().filter(|_| matches!(format, Format::JsonLines | Format::Parquet));
        let rest = list.and_then(|list| field.name().get(list.len()..));
        let name = list.unwrap_or(field.name()).to_lowercase();
        let kind = match rest {
            None => Kind::Plain(hive_type(field.data_type())),
            Some(_) if *format == Format::JsonLines => Kind::Text,
            Some(rest) => Kind::List(Held::below(rest, field.data_type())),
        };
        let known = columns.iter_mut().find(|(known, known_kind)| *known == name && known_kind.is_of_lists());
        match (known, kind) {
            (Some((_, Kind::List(held))), Kind::List(more)) => held.and(more),
            (Some(_), Kind::Text) => {}
            (_, kind) => columns.push((name, kind)),
        }
    }
    let column = |(name, kind): (String, Kind)| TableColumn { name, hive_type: kind.hive_type() };
    columns.into_iter().map(column).collect()
}

/// What a column of the catalog is made of.
enum Kind {
    Plain(String),
    Text,
    List(Held),
}

impl Kind {
    const fn is_of_lists(&self) -> bool {
        matches!(self, Self::Text | Self::List(_))
    }

    fn hive_type(&self) -> String {
        match self {
            Self::Plain(name) => name.clone(),
            Self::Text => "string".to_owned(),
            Self::List(held) => held.hive_type(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_schema::{DataType, Field};

    use super::*;

    #[test]
    fn what_lists_hold_is_one_column() {
        let list = |values| DataType::List(Arc::new(Field::new_list_field(values, true)));
        let schema = Schema::new(vec![
            Field::new("Id", DataType::Int64, true),
            Field::new("items[*].Email", list(DataType::Utf8View), true),
            Field::new("items[*].n", list(DataType::Int64), true),
            Field::new("items[*].to.zip", list(DataType::Utf8View), true),
            Field::new("items[*].to.tags[*]", list(DataType::Utf8View), true),
            Field::new("grid[*][*]", list(DataType::Int64), true),
        ]);
        let told = |format: &Format| {
            let columns = columns(&schema, format).into_iter();
            columns.map(|column| (column.name, column.hive_type)).collect::<Vec<_>>()
        };
        let pair = |name: &str, hive_type: &str| (name.to_owned(), hive_type.to_owned());
        let items = "array<struct<email:string,n:bigint,to:struct<zip:string,tags:array<string>>>>";
        assert_eq!(
            told(&Format::Parquet),
            [pair("id", "bigint"), pair("items", items), pair("grid", "array<array<bigint>>")]
        );
        assert_eq!(told(&Format::JsonLines), [pair("id", "bigint"), pair("items", "string"), pair("grid", "string")]);
    }
}
