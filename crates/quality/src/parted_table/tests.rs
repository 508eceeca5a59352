use std::io::Cursor;

use arrow_array::{Array, Int32Array, Int64Array};
use arrow_cast::display::array_value_to_string;
use sluice_tabular::{CsvOptions, Format, ReadOptions, WriteOptions, Writer, spool};

use super::*;

fn csv(header: bool) -> ReadOptions {
    ReadOptions::new(Format::Csv(CsvOptions { header, ..CsvOptions::default() }))
}

fn part(bytes: impl Into<Vec<u8>>, options: ReadOptions, values: &[Option<&str>]) -> Part {
    let file = spool(Cursor::new(bytes.into()), &std::env::temp_dir(), u64::MAX).unwrap();
    let values = values.iter().map(|value| value.map(str::to_owned)).collect();
    Part { table: StoredTable::open(Arc::new(file), options).unwrap(), values }
}

fn parquet(name: &str, column: ArrayRef) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter([(name, column)]).unwrap();
    let mut writer = Writer::new(Vec::new(), &WriteOptions::new(Format::Parquet), batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap()
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn by_name(columns: &[&str]) -> CatalogColumns {
    CatalogColumns { columns: names(columns), partition_columns: Vec::new(), matching: ColumnMatching::Name }
}

fn by_position(columns: &[&str], header: bool) -> CatalogColumns {
    CatalogColumns { matching: ColumnMatching::Position { header }, ..by_name(columns) }
}

/// The cells of some columns, `-` for NULL, one text a row.
fn rows(table: &PartedTable, columns: &[&str]) -> Vec<String> {
    let mut rows = Vec::new();
    for batch in table.scan(&names(columns)).unwrap() {
        let batch = batch.unwrap();
        assert_eq!(batch.num_columns(), columns.len());
        let cell = |column: &ArrayRef, row| {
            if column.is_null(row) { "-".to_owned() } else { array_value_to_string(column, row).unwrap() }
        };
        let row = |row| batch.columns().iter().map(|column| cell(column, row)).collect::<Vec<_>>().join(" ");
        rows.extend((0..batch.num_rows()).map(row));
    }
    rows
}

#[test]
fn files_make_one_table_and_partitions_give_columns() {
    let mut catalog = by_position(&["sku", "price"], true);
    catalog.partition_columns = names(&["country"]);
    let parts = vec![
        part("SKU,Price in EUR\na,1\nb,2\n", csv(true), &[Some("DE")]),
        part("sku,price\nc,3\n", csv(true), &[None]),
    ];
    let table = PartedTable::new(&catalog, parts).unwrap();
    let known: Vec<&String> = table.schema.fields().iter().map(|field| field.name()).collect();
    assert_eq!(known, ["sku", "price", "country"]);
    assert_eq!(rows(&table, &["country", "sku"]), ["DE a", "DE b", "- c"]);
    assert_eq!(rows(&table, &["price"]), ["1", "2", "3"]);
    assert_eq!(rows(&table, &[]).len(), 3, "rows are counted without a column");
    assert_eq!(rows(&table, &["country"]), ["DE", "DE", "-"]);
}

#[test]
fn files_without_a_line_of_names_get_those_of_the_catalog() {
    let parts = vec![part("a,1\n", csv(false), &[]), part("b,2\n", csv(false), &[])];
    let table = PartedTable::new(&by_position(&["sku", "price"], false), parts).unwrap();
    assert_eq!(rows(&table, &["price", "sku"]), ["1 a", "2 b"]);
}

#[test]
fn columns_that_disagree_are_refused_and_the_object_is_named() {
    for (body, said) in [("sku\na\n", "has 1 columns where the catalog has 2"), ("price,sku\n1,a\n", "column 1")] {
        let parts = vec![part("sku,price\na,1\n", csv(true), &[]), part(body, csv(true), &[])];
        let error = PartedTable::new(&by_position(&["sku", "price"], true), parts).unwrap_err();
        assert_eq!(error.part, 1);
        assert!(error.to_string().contains("object 2") && error.to_string().contains(said), "{error}");
    }
    let wide: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let narrow: ArrayRef = Arc::new(Int32Array::from(vec![1]));
    let stored = || ReadOptions::new(Format::Parquet);
    let parts = vec![part(parquet("id", wide), stored(), &[]), part(parquet("ID", narrow), stored(), &[])];
    let error = PartedTable::new(&by_name(&["id"]), parts).unwrap_err();
    assert!(error.to_string().contains("as Int32, those before it as Int64"), "{error}");
}

#[test]
fn columns_are_found_by_name_in_any_case_and_lacking_ones_are_null() {
    let json = || ReadOptions::new(Format::JsonLines);
    let parts = vec![
        part("{\"SKU\":\"a\",\"size\":{\"cm\":3},\"secret\":1}\n", json(), &[]),
        part("{\"sku\":\"b\",\"price\":2}\n", json(), &[]),
    ];
    let table = PartedTable::new(&by_name(&["sku", "price", "size", "never"]), parts).unwrap();
    let known: Vec<&String> = table.schema.fields().iter().map(|field| field.name()).collect();
    assert_eq!(known, ["sku", "price", "size.cm", "never"]);
    assert_eq!(rows(&table, &["sku", "price", "size.cm", "never"]), ["a - 3 -", "b 2 - -"]);
    let error = PartedTable::new(&by_name(&["sku"]), vec![part("{\"sku\":1,\"SKU\":2}\n", json(), &[])]).unwrap_err();
    assert!(error.to_string().contains("twice"), "{error}");
}

#[test]
fn no_files_are_a_table_without_rows() {
    let table = PartedTable::new(&by_name(&["sku"]), Vec::new()).unwrap();
    assert_eq!(table.schema.fields().len(), 1);
    assert!(rows(&table, &["sku"]).is_empty());
}
