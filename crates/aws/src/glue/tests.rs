use serde_json::{Value, json};
use sluice_common::port::{Catalog as _, CatalogError, CatalogTable, RulesetSource as _, TableColumn, TableFormat};

use crate::replay::{Answer, Replay};

fn table(format: TableFormat) -> CatalogTable {
    let column = |name: &str, hive_type: &str| TableColumn { name: name.into(), hive_type: hive_type.into() };
    CatalogTable {
        database: "lake".into(),
        table: "orders".into(),
        location: "s3://lake-curated/orders/".into(),
        format,
        columns: vec![column("order_id", "bigint"), column("email", "string")],
    }
}

const CSV: TableFormat = TableFormat::Csv { delimiter: ';', header: true };

fn refusal(code: &str) -> Answer {
    let body = json!({ "__type": code, "Message": "words that nobody reads" });
    Answer::new(400, body.to_string()).header("x-amzn-errortype", code)
}

fn ok(body: &Value) -> Answer {
    Answer::new(200, body.to_string())
}

/// What `GetTable` answers for a table that was created from this input.
fn stored(input: &Value) -> Value {
    let mut table = input.clone();
    table["DatabaseName"] = json!("lake");
    table["VersionId"] = json!("7");
    table["Retention"] = json!(0);
    json!({ "Table": table })
}

async fn created(format: TableFormat) -> Value {
    let replay = Replay::new([refusal("EntityNotFoundException"), ok(&json!({}))]);
    replay.aws().catalog().register(&table(format)).await.unwrap();
    let sent = replay.sent();
    let targets: Vec<_> = sent.iter().map(|request| request.header("x-amz-target").unwrap()).collect();
    assert_eq!(targets, ["AWSGlue.GetTable", "AWSGlue.CreateTable"]);
    sent[1].json()
}

#[tokio::test]
async fn a_new_table_is_created_for_its_format() {
    for (format, library, classification) in [
        (CSV, "org.apache.hadoop.hive.serde2.OpenCSVSerde", "csv"),
        (TableFormat::JsonLines, "org.openx.data.jsonserde.JsonSerDe", "json"),
        (TableFormat::Parquet, "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe", "parquet"),
    ] {
        let request = created(format).await;
        assert_eq!(request["DatabaseName"], "lake");
        let input = &request["TableInput"];
        assert_eq!(input["Name"], "orders");
        assert_eq!(input["TableType"], "EXTERNAL_TABLE");
        assert_eq!(input["Parameters"]["classification"], classification);
        let descriptor = &input["StorageDescriptor"];
        assert_eq!(descriptor["SerdeInfo"]["SerializationLibrary"], library);
        assert_eq!(descriptor["Location"], "s3://lake-curated/orders/");
        assert_eq!(descriptor["Columns"][0], json!({ "Name": "order_id", "Type": "bigint" }));
    }
}

#[tokio::test]
async fn a_csv_table_knows_its_delimiter_and_header() {
    let request = created(CSV).await;
    let input = &request["TableInput"];
    assert_eq!(input["Parameters"]["skip.header.line.count"], "1");
    assert_eq!(input["StorageDescriptor"]["SerdeInfo"]["Parameters"]["separatorChar"], ";");
}

#[tokio::test]
async fn a_table_that_is_known_is_left_alone() {
    let known = stored(&created(CSV).await["TableInput"]);
    let replay = Replay::new([ok(&known)]);
    replay.aws().catalog().register(&table(CSV)).await.unwrap();
    assert_eq!(replay.sent().len(), 1);
}

#[tokio::test]
async fn a_table_that_changed_is_updated_and_keeps_what_others_added() {
    let mut known = stored(&created(CSV).await["TableInput"]);
    known["Table"]["Description"] = json!("orders of the shop");
    known["Table"]["Parameters"]["lake.owner"] = json!("sales");
    known["Table"]["StorageDescriptor"]["Columns"] = json!([{ "Name": "order_id", "Type": "string" }]);
    let replay = Replay::new([ok(&known), ok(&json!({}))]);
    replay.aws().catalog().register(&table(CSV)).await.unwrap();
    let sent = replay.sent();
    assert_eq!(sent[1].header("x-amz-target"), Some("AWSGlue.UpdateTable"));
    let request = sent[1].json();
    assert_eq!(request["VersionId"], "7");
    assert_eq!(request["TableInput"]["Description"], "orders of the shop");
    assert_eq!(request["TableInput"]["Parameters"]["lake.owner"], "sales");
    assert_eq!(request["TableInput"]["StorageDescriptor"]["Columns"][0]["Type"], "bigint");
}

#[tokio::test]
async fn a_header_that_went_away_is_forgotten() {
    let known = stored(&created(CSV).await["TableInput"]);
    let replay = Replay::new([ok(&known), ok(&json!({}))]);
    let headless = table(TableFormat::Csv { delimiter: ';', header: false });
    replay.aws().catalog().register(&headless).await.unwrap();
    let input = &replay.sent()[1].json()["TableInput"];
    assert!(input["Parameters"].get("skip.header.line.count").is_none());
}

#[tokio::test]
async fn who_loses_the_race_to_create_compares() {
    let known = stored(&created(TableFormat::Parquet).await["TableInput"]);
    let replay = Replay::new([refusal("EntityNotFoundException"), refusal("AlreadyExistsException"), ok(&known)]);
    replay.aws().catalog().register(&table(TableFormat::Parquet)).await.unwrap();
    assert_eq!(replay.sent().len(), 3);
}

#[tokio::test]
async fn a_missing_database_is_named() {
    let replay = Replay::new([refusal("EntityNotFoundException"), refusal("EntityNotFoundException")]);
    let error = replay.aws().catalog().register(&table(CSV)).await.unwrap_err();
    assert!(matches!(error, CatalogError::NotFound { operation: "CreateTable", what } if what == "lake"));
}

#[tokio::test]
async fn a_ruleset_is_read_by_name() {
    // The shape of GetDataQualityRuleset in the AWS Glue API reference.
    let dqdl = "Rules = [ IsComplete \"order_id\" ]";
    let replay = Replay::new([ok(&json!({
        "Name": "orders",
        "Ruleset": dqdl,
        "TargetTable": { "DatabaseName": "lake", "TableName": "orders" },
        "CreatedOn": 1_767_225_600.5,
        "LastModifiedOn": 1_767_225_600.5,
    }))]);
    assert_eq!(replay.aws().catalog().ruleset("orders").await.unwrap(), dqdl);
    let sent = &replay.sent()[0];
    assert_eq!(sent.header("x-amz-target"), Some("AWSGlue.GetDataQualityRuleset"));
    assert_eq!(sent.json(), json!({ "Name": "orders" }));
    assert_eq!((sent.method.as_str(), sent.uri.as_str()), ("POST", "https://glue.us-east-1.amazonaws.com/"));
}

#[tokio::test]
async fn a_missing_ruleset_and_a_denial_are_told_apart_without_their_words() {
    let replay = Replay::new([refusal("EntityNotFoundException"), refusal("AccessDeniedException")]);
    let catalog = replay.aws().catalog();
    let missing = catalog.ruleset("orders").await.unwrap_err();
    assert!(matches!(&missing, CatalogError::NotFound { what, .. } if what == "orders"));
    let denied = catalog.ruleset("orders").await.unwrap_err();
    assert!(matches!(denied, CatalogError::Denied { .. }));
    assert!(!format!("{missing:?}{denied:?}").contains("words"));
}
