use serde_json::{Value, json};
use sluice_common::port::{CatalogError, StorageFormat, TableCatalog as _, TableName, TableStorage};

use crate::replay::{Answer, Replay};

const TEXT: &str = "org.apache.hadoop.mapred.TextInputFormat";
const LAZY: &str = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe";
const OPEN_CSV: &str = "org.apache.hadoop.hive.serde2.OpenCSVSerde";
const OPENX: &str = "org.openx.data.jsonserde.JsonSerDe";
const PARQUET: &str = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe";
const PARQUET_INPUT: &str = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat";

fn name() -> TableName {
    TableName { database: "sales".into(), table: "products".into() }
}

fn descriptor(input: &str, library: &str, parameters: &Value) -> Value {
    json!({
        "Columns": [{ "Name": "sku", "Type": "string" }, { "Name": "price", "Type": "double" }],
        "Location": "s3://lake-shared/products",
        "InputFormat": input,
        "SerdeInfo": { "SerializationLibrary": library, "Parameters": parameters },
    })
}

/// The shape of `GetTable` in the AWS Glue API reference.
fn table(descriptor: &Value, more: Value) -> Answer {
    let mut table = json!({
        "Name": "products",
        "DatabaseName": "sales",
        "TableType": "EXTERNAL_TABLE",
        "Retention": 0,
        "PartitionKeys": [],
        "Parameters": { "classification": "csv" },
        "StorageDescriptor": descriptor,
    });
    let Value::Object(more) = more else { panic!("fields") };
    table.as_object_mut().unwrap().extend(more);
    Answer::new(200, json!({ "Table": table }).to_string())
}

async fn storage(answers: impl IntoIterator<Item = Answer>) -> Result<TableStorage, CatalogError> {
    Replay::new(answers).aws().catalog().storage(&name()).await
}

fn csv(delimiter: u8, quote: Option<u8>, null_text: Option<&str>, header: bool) -> StorageFormat {
    StorageFormat::Csv { delimiter, quote, null_text: null_text.map(str::to_owned), header }
}

#[tokio::test]
async fn formats_are_told_by_library_and_parameters() {
    let header = json!({ "Parameters": { "skip.header.line.count": "1" } });
    for (input, library, parameters, more, expected) in [
        (TEXT, LAZY, json!({}), json!({}), csv(1, None, Some("\\N"), false)),
        (TEXT, LAZY, json!({ "field.delim": ";" }), header.clone(), csv(b';', None, Some("\\N"), true)),
        (
            TEXT,
            LAZY,
            json!({ "serialization.format": "\\u0009", "serialization.null.format": "" }),
            json!({}),
            csv(9, None, Some(""), false),
        ),
        (TEXT, OPEN_CSV, json!({}), header, csv(b',', Some(b'"'), None, true)),
        (
            TEXT,
            OPEN_CSV,
            json!({ "separatorChar": "\t", "quoteChar": "'", "skip.header.line.count": "0" }),
            json!({}),
            csv(9, Some(b'\''), None, false),
        ),
        (TEXT, OPEN_CSV, json!({ "separatorChar": "7" }), json!({}), csv(b'7', Some(b'"'), None, false)),
        (TEXT, LAZY, json!({ "field.delim": "7" }), json!({}), csv(7, None, Some("\\N"), false)),
        (TEXT, OPENX, json!({ "paths": "sku,price" }), json!({}), StorageFormat::JsonLines),
        (PARQUET_INPUT, PARQUET, json!({ "serialization.format": "1" }), json!({}), StorageFormat::Parquet),
    ] {
        let found = storage([table(&descriptor(input, library, &parameters), more)]).await.unwrap();
        assert_eq!(found.format, expected, "{library} {parameters}");
        assert_eq!(
            (found.columns.as_slice(), found.partition_columns.len()),
            (["sku", "price"].map(String::from).as_slice(), 0)
        );
        let [place] = found.places.as_slice() else { panic!("one place") };
        assert_eq!((place.bucket.as_str(), place.prefix.as_str()), ("lake-shared", "products/"));
    }
}

#[tokio::test]
async fn what_cannot_be_read_says_why_and_what_to_do() {
    let plain = descriptor(TEXT, OPEN_CSV, &json!({}));
    let orc = "org.apache.hadoop.hive.ql.io.orc.OrcSerde";
    for (descriptor, more, part) in [
        (descriptor("org.apache.hadoop.hive.ql.io.orc.OrcInputFormat", orc, &json!({})), json!({}), "OrcSerde"),
        (descriptor("org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat", OPEN_CSV, &json!({})), json!({}), "Symlink"),
        (descriptor(TEXT, LAZY, &json!({ "field.delim": "||" })), json!({}), "separator"),
        (descriptor(TEXT, LAZY, &json!({ "field.delim": ",", "escape.delim": "\\" })), json!({}), "escaped"),
        (descriptor(TEXT, LAZY, &json!({ "field.delim": "\n" })), json!({}), "separator"),
        (descriptor(TEXT, OPEN_CSV, &json!({ "quoteChar": "''" })), json!({}), "quote"),
        (descriptor(TEXT, OPENX, &json!({ "mapping.sku": "SKU-No" })), json!({}), "mapping.sku"),
        (
            descriptor(PARQUET_INPUT, PARQUET, &json!({ "parquet.column.index.access": "true" })),
            json!({}),
            "by position",
        ),
        (plain.clone(), json!({ "TableType": "VIRTUAL_VIEW" }), "a view"),
        (plain.clone(), json!({ "Parameters": { "table_type": "ICEBERG" } }), "iceberg"),
        (plain.clone(), json!({ "Parameters": { "spark.sql.sources.provider": "delta" } }), "delta"),
        (plain.clone(), json!({ "Parameters": { "projection.enabled": "true" } }), "projected"),
        (plain.clone(), json!({ "Parameters": { "skip.header.line.count": "2" } }), "2 lines"),
        (plain.clone(), json!({ "Parameters": { "skip.footer.line.count": "1" } }), "end with lines"),
        (plain.clone(), json!({ "Parameters": { "serialization.encoding": "ISO-8859-1" } }), "UTF-8"),
        (
            plain.clone(),
            json!({ "TargetTable": { "CatalogId": "444455556666", "DatabaseName": "theirs", "Name": "products" } }),
            "link to theirs.products",
        ),
        (
            json!({ "Location": "products.public", "SerdeInfo": plain["SerdeInfo"], "InputFormat": TEXT }),
            json!({}),
            "location",
        ),
    ] {
        let error = storage([table(&descriptor, more)]).await.unwrap_err();
        let said = error.to_string();
        assert!(matches!(error, CatalogError::Unreadable { .. }), "{said}");
        assert!(said.contains("sales.products") && said.contains(part), "{part}: {said}");
    }
}

#[tokio::test]
async fn partitions_are_places_with_values_over_pages() {
    let own = descriptor(PARQUET_INPUT, PARQUET, &json!({}));
    let keys = json!({ "PartitionKeys": [{ "Name": "country", "Type": "string" }] });
    let partition = |value: &str| {
        let mut own = own.clone();
        own["Location"] = json!(format!("s3://lake-shared/products/country={value}/"));
        own["Columns"] = json!([]);
        json!({ "Values": [value], "StorageDescriptor": own })
    };
    let page = |partitions: Vec<Value>, next: Option<&str>| {
        Answer::new(200, json!({ "Partitions": partitions, "NextToken": next }).to_string())
    };
    let answers =
        [table(&own, keys.clone()), page(vec![partition("DE")], Some("more")), page(vec![partition("US")], None)];
    let replay = Replay::new(answers);
    let found = replay.aws().catalog().storage(&name()).await.unwrap();
    assert_eq!(found.partition_columns, ["country"]);
    let told: Vec<(&str, Option<&str>)> =
        found.places.iter().map(|place| (place.prefix.as_str(), place.values[0].as_deref())).collect();
    assert_eq!(told, [("products/country=DE/", Some("DE")), ("products/country=US/", Some("US"))]);
    let sent = replay.sent();
    assert_eq!(sent[1].header("x-amz-target"), Some("AWSGlue.GetPartitions"));
    assert_eq!((&sent[1].json()["ExcludeColumnSchema"], &sent[2].json()["NextToken"]), (&json!(true), &json!("more")));

    let mut other = partition("FR");
    other["StorageDescriptor"]["SerdeInfo"]["SerializationLibrary"] = json!(OPENX);
    let error = storage([table(&own, keys), page(vec![other], None)]).await.unwrap_err();
    assert!(error.to_string().contains("another format"), "{error}");
}

#[tokio::test]
async fn a_missing_table_and_one_that_may_not_be_seen_are_told_apart() {
    let refusal = |code: &'static str| {
        let body = json!({ "__type": code, "Message": "words that nobody reads" });
        Answer::new(400, body.to_string()).header("x-amzn-errortype", code)
    };
    let error = storage([refusal("EntityNotFoundException")]).await.unwrap_err();
    assert!(matches!(&error, CatalogError::NotFound { what, .. } if what == "sales.products"), "{error}");
    let error = storage([refusal("AccessDeniedException")]).await.unwrap_err();
    assert!(matches!(error, CatalogError::Denied { operation: "GetTable" }), "{error}");
}
