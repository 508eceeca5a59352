use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};
use sluice_common::port::{
    CatalogError, ColumnStatistics, Extent, StatisticsData, TableColumn, TableName, TableStatistics as _,
};

use crate::replay::{Answer, Replay};

fn name() -> TableName {
    TableName { database: "lake".into(), table: "orders".into() }
}

fn refusal(code: &str) -> Answer {
    let body = json!({ "__type": code, "Message": "words that nobody reads" });
    Answer::new(400, body.to_string()).header("x-amzn-errortype", code)
}

fn ok(body: &Value) -> Answer {
    Answer::new(200, body.to_string())
}

/// The shape of `GetTable` in the AWS Glue API reference.
fn table(version: &str) -> Value {
    json!({ "Table": {
        "Name": "orders",
        "DatabaseName": "lake",
        "Description": "orders of the shop",
        "Owner": "sales",
        "CreateTime": 1_767_225_600.5,
        "Retention": 3,
        "TableType": "EXTERNAL_TABLE",
        "VersionId": version,
        "PartitionKeys": [{ "Name": "dt", "Type": "date" }],
        "Parameters": { "classification": "parquet", "recordCount": "1", "lake.owner": "sales", "stale": "x" },
        "StorageDescriptor": {
            "Location": "s3://lake-curated/orders/",
            "Columns": [{ "Name": "order_id", "Type": "bigint" }, { "Name": "email", "Type": "string" }],
            "Compressed": true,
            "SerdeInfo": { "SerializationLibrary": "lib", "Parameters": { "a": "b" } },
        },
    }})
}

fn column(name: &str, hive_type: &str, data: StatisticsData) -> ColumnStatistics {
    ColumnStatistics { column: TableColumn { name: name.into(), hive_type: hive_type.into() }, data }
}

fn wanted() -> BTreeMap<String, Option<String>> {
    [("recordCount".to_owned(), Some("5".to_owned())), ("stale".to_owned(), None)].into()
}

#[tokio::test]
async fn a_known_table_is_told_and_a_missing_one_is_none() {
    let replay = Replay::new([ok(&table("1")), refusal("EntityNotFoundException"), refusal("AccessDeniedException")]);
    let catalog = replay.aws().catalog();
    let known = catalog.known(&name()).await.unwrap().unwrap();
    assert_eq!(known.location, "s3://lake-curated/orders/");
    assert_eq!(known.columns[0], TableColumn { name: "order_id".into(), hive_type: "bigint".into() });
    assert_eq!(known.parameters["lake.owner"], "sales");
    assert_eq!(catalog.known(&name()).await.unwrap(), None);
    assert!(matches!(catalog.known(&name()).await, Err(CatalogError::Denied { operation: "GetTable" })));
}

#[tokio::test]
async fn statistics_carry_bounds_of_zero_and_leave_out_those_that_are_not_told() {
    let replay = Replay::new([ok(&json!({}))]);
    let extent = |range| Extent { range, nulls: 1, distinct: 2 };
    let columns = [
        column("n", "bigint", StatisticsData::Long(extent(Some((0, 7))))),
        column(
            "d",
            "double",
            StatisticsData::Double(Extent { range: Some((0.0, f64::INFINITY)), nulls: 0, distinct: 9 }),
        ),
        column("hidden", "bigint", StatisticsData::Long(extent(None))),
        column("day", "date", StatisticsData::Date(extent(Some((-1, 1))))),
        column(
            "price",
            "decimal(9,2)",
            StatisticsData::Decimal { scale: 2, extent: Extent { range: Some((-1, 12_345)), nulls: 0, distinct: 2 } },
        ),
        column("yes", "boolean", StatisticsData::Boolean { trues: 3, falses: 0, nulls: 1 }),
        column("text", "string", StatisticsData::Text { max_length: 5, average_length: 2.5, nulls: 0, distinct: 4 }),
        column("bytes", "binary", StatisticsData::Binary { max_length: 5, average_length: 2.5, nulls: 0 }),
    ];
    let at = Timestamp::from_second(1_767_225_600).unwrap();
    replay.aws().catalog().put_statistics(&name(), &columns, at).await.unwrap();
    let sent = &replay.sent()[0];
    assert_eq!(sent.header("x-amz-target"), Some("AWSGlue.UpdateColumnStatisticsForTable"));
    assert_eq!(sent.header("content-length"), Some(sent.body.len().to_string().as_str()));
    let body = sent.json();
    assert_eq!((&body["DatabaseName"], &body["TableName"]), (&json!("lake"), &json!("orders")));
    let list = &body["ColumnStatisticsList"];
    assert_eq!(
        list[0],
        json!({
            "ColumnName": "n", "ColumnType": "bigint", "AnalyzedTime": 1_767_225_600,
            "StatisticsData": { "Type": "LONG", "LongColumnStatisticsData": {
                "MinimumValue": 0, "MaximumValue": 7, "NumberOfNulls": 1, "NumberOfDistinctValues": 2,
            } },
        })
    );
    let data = |index: usize, member: &str| list[index]["StatisticsData"][member].clone();
    let double = data(1, "DoubleColumnStatisticsData");
    assert_eq!(double, json!({ "MinimumValue": 0.0, "NumberOfNulls": 0, "NumberOfDistinctValues": 9 }));
    let hidden = data(2, "LongColumnStatisticsData");
    assert_eq!(hidden, json!({ "NumberOfNulls": 1, "NumberOfDistinctValues": 2 }));
    let day = data(3, "DateColumnStatisticsData");
    assert_eq!((&day["MinimumValue"], &day["MaximumValue"]), (&json!(-86_400), &json!(86_400)));
    let price = data(4, "DecimalColumnStatisticsData");
    // base64 of ff, and of 30 39: 12345
    assert_eq!(price["MinimumValue"], json!({ "Scale": 2, "UnscaledValue": "/w==" }));
    assert_eq!(price["MaximumValue"], json!({ "Scale": 2, "UnscaledValue": "MDk=" }));
    assert_eq!(data(5, "BooleanColumnStatisticsData")["NumberOfTrues"], 3);
    assert_eq!(data(6, "StringColumnStatisticsData")["AverageLength"], 2.5);
    assert_eq!(data(7, "BinaryColumnStatisticsData")["MaximumLength"], 5);
}

#[tokio::test]
async fn a_request_carries_at_most_25_columns_and_one_refused_column_fails_it() {
    let columns: Vec<ColumnStatistics> = (0..60)
        .map(|at| column(&format!("c{at}"), "boolean", StatisticsData::Boolean { trues: 1, falses: 0, nulls: 0 }))
        .collect();
    let replay = Replay::new([ok(&json!({})), ok(&json!({})), ok(&json!({}))]);
    replay.aws().catalog().put_statistics(&name(), &columns, Timestamp::UNIX_EPOCH).await.unwrap();
    let sizes: Vec<usize> =
        replay.sent().iter().map(|sent| sent.json()["ColumnStatisticsList"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [25, 25, 10]);

    let errors = json!({ "Errors": [{
        "ColumnStatistics": { "ColumnName": "c0", "ColumnType": "boolean", "AnalyzedTime": 0.0 },
        "Error": { "ErrorCode": "EntityNotFoundException", "ErrorMessage": "words that nobody reads" },
    }]});
    let replay = Replay::new([ok(&errors)]);
    let error = replay.aws().catalog().put_statistics(&name(), &columns[..1], Timestamp::UNIX_EPOCH).await.unwrap_err();
    assert!(matches!(&error, CatalogError::Other { code, .. } if code == "EntityNotFoundException"));
    assert!(!format!("{error:?}").contains("words"));
}

#[tokio::test]
async fn forgetting_what_is_not_there_is_no_error() {
    let replay = Replay::new([ok(&json!({})), refusal("EntityNotFoundException"), refusal("AccessDeniedException")]);
    let catalog = replay.aws().catalog();
    catalog.forget_statistics(&name(), "email").await.unwrap();
    catalog.forget_statistics(&name(), "email").await.unwrap();
    assert!(catalog.forget_statistics(&name(), "email").await.is_err());
    let body = replay.sent()[0].json();
    assert_eq!(body, json!({ "DatabaseName": "lake", "TableName": "orders", "ColumnName": "email" }));
}

#[tokio::test]
async fn parameters_are_set_and_everything_else_stays() {
    let replay = Replay::new([ok(&table("7")), ok(&json!({}))]);
    replay.aws().catalog().put_parameters(&name(), &wanted()).await.unwrap();
    let request = replay.sent()[1].json();
    assert_eq!((&request["VersionId"], &request["SkipArchive"]), (&json!("7"), &json!(true)));
    let (input, before) = (&request["TableInput"], &table("7")["Table"]);
    assert_eq!(input["Parameters"], json!({ "classification": "parquet", "recordCount": "5", "lake.owner": "sales" }));
    for member in ["Name", "Description", "Owner", "Retention", "TableType", "PartitionKeys"] {
        assert_eq!(input[member], before[member], "{member}");
    }
    for member in ["Location", "Columns", "Compressed", "SerdeInfo"] {
        assert_eq!(input["StorageDescriptor"][member], before["StorageDescriptor"][member], "{member}");
    }
}

#[tokio::test]
async fn parameters_that_are_so_already_are_not_written() {
    let replay = Replay::new([ok(&table("7"))]);
    let same = [("recordCount".to_owned(), Some("1".to_owned())), ("gone".to_owned(), None)].into();
    replay.aws().catalog().put_parameters(&name(), &same).await.unwrap();
    assert_eq!(replay.sent().len(), 1);
}

#[tokio::test]
async fn who_changes_the_table_at_the_same_time_is_read_again() {
    let mut theirs = table("8");
    theirs["Table"]["Parameters"]["lake.owner"] = json!("logistics");
    let lost = refusal("ConcurrentModificationException");
    let replay = Replay::new([ok(&table("7")), lost.clone(), ok(&theirs), ok(&json!({}))]);
    replay.aws().catalog().put_parameters(&name(), &wanted()).await.unwrap();
    let request = replay.sent()[3].json();
    assert_eq!(request["VersionId"], "8");
    assert_eq!(request["TableInput"]["Parameters"]["lake.owner"], "logistics");

    let always = (0..8).map(|at| if at % 2 == 0 { ok(&table("7")) } else { lost.clone() });
    let error = Replay::new(always).aws().catalog().put_parameters(&name(), &wanted()).await.unwrap_err();
    assert!(matches!(error, CatalogError::Other { operation: "UpdateTable", .. }));
}
