//! A table of the Glue Data Catalog: the objects below its folders, together.

use std::sync::Arc;

use anyhow::Context as _;
use sluice_common::port::{ObjectReader, TableCatalog, TableName, VersionLister};
use sluice_quality::{CatalogColumns, ColumnMatching, Part, PartedTable, StoredTable};
use sluice_stage::input::receive;
use sluice_stage::table_objects::{TableObject, objects_of, read_options};
use sluice_tabular::{TabularError, spool};

use crate::cloud::{self, Cloud};

/// What stands after `glue://`.
pub(super) fn name(text: &str) -> anyhow::Result<TableName> {
    let parts = text.split_once('/');
    let parts = parts.filter(|(database, table)| !database.is_empty() && !table.is_empty() && !table.contains('/'));
    let (database, table) = parts.context("expected glue://database/table")?;
    // Glue keeps names in lower case.
    Ok(TableName { database: database.to_lowercase(), table: table.to_lowercase() })
}

/// Copies a table of the account of the environment's credentials.
pub(super) fn open(name: &TableName) -> anyhow::Result<PartedTable> {
    let cloud = Cloud::connect()?;
    let (objects, glue) = (cloud.objects(), cloud.aws.catalog());
    cloud.runtime.block_on(Box::pin(open_in(&objects, &glue, name)))
}

async fn open_in<S>(objects: &S, glue: &impl TableCatalog, name: &TableName) -> anyhow::Result<PartedTable>
where
    S: ObjectReader + VersionLister,
{
    let storage = glue.storage(name).await?;
    let listed =
        objects_of(objects, &storage).await.with_context(|| format!("the table {name} cannot be looked up"))?;
    let options = read_options(&storage.format);
    let matching = ColumnMatching::of(&options.format);
    let (mut parts, mut keys) = (Vec::with_capacity(listed.len()), Vec::with_capacity(listed.len()));
    for TableObject { at, values } in listed {
        let body = match objects.get(&at).await {
            Ok(body) => body,
            Err(error) => return Err(cloud::explain(objects, &at.path(), error).await).with_context(|| at.uri()),
        };
        let (input, receiving) = receive(body.stream);
        let options = options.clone();
        let copied = tokio::task::spawn_blocking(move || -> Result<StoredTable, TabularError> {
            StoredTable::open(Arc::new(spool(input, &std::env::temp_dir(), u64::MAX)?), options)
        });
        let table = copied.await?;
        receiving.finish().await.with_context(|| at.uri())?;
        parts.push(Part { table: table.with_context(|| at.uri())?, values });
        keys.push(at.uri());
    }
    let columns = CatalogColumns { columns: storage.columns, partition_columns: storage.partition_columns, matching };
    PartedTable::new(&columns, parts).map_err(|error| {
        let at = keys.get(error.part).cloned().unwrap_or_default();
        anyhow::Error::new(error).context(format!("the table {name} does not fit its object {at}"))
    })
}

#[cfg(test)]
mod tests {
    use sluice_common::port::{StorageFormat, TablePlace, TableStorage};
    use sluice_quality::Table as _;
    use sluice_testkit::names::{bucket, path};
    use sluice_testkit::{MemoryCatalog, MemoryS3};

    use super::*;

    #[test]
    fn tables_are_named_by_database_and_table() {
        assert_eq!(name("sales/Products").unwrap().to_string(), "sales.products");
        for wrong in ["sales", "/products", "sales/", "sales/a/b", ""] {
            assert!(name(wrong).is_err(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn the_objects_of_a_table_are_one() {
        let (s3, glue) = (MemoryS3::default(), MemoryCatalog::default());
        s3.create_versioned_bucket(&bucket("lake")).unwrap();
        s3.put(&path("lake", "products/a.csv"), "sku,price\na,1\n").unwrap();
        let storage = TableStorage {
            format: StorageFormat::Csv { delimiter: b',', quote: Some(b'"'), null_text: None, header: true },
            columns: vec!["sku".to_owned(), "price".to_owned()],
            partition_columns: Vec::new(),
            places: vec![TablePlace::at("s3://lake/products/", &[]).unwrap()],
        };
        let products = name("sales/products").unwrap();
        glue.put_storage(&products, storage);
        let open = || open_in(&s3, &glue, &products);
        let table = open().await.unwrap();
        assert_eq!(table.scan(&["sku".to_owned()]).unwrap().map(|batch| batch.unwrap().num_rows()).sum::<usize>(), 1);

        s3.put(&path("lake", "products/b.csv"), "sku\nb\n").unwrap();
        let said = format!("{:#}", open().await.unwrap_err());
        assert!(
            said.contains("sales.products") && said.contains("products/b.csv") && said.contains("1 columns"),
            "{said}"
        );
        let missing = open_in(&s3, &glue, &name("sales/nothing").unwrap()).await.unwrap_err();
        assert!(missing.to_string().contains("sales.nothing"), "{missing}");
    }
}
