//! Recorded answers, in the shapes of the AWS Glue API reference.

use serde_json::{Value, json};
use sluice_common::port::{CatalogError, QualityRunRequest, QualityRunStatus, QualityRuns as _};

use crate::replay::{Answer, Replay};

fn request() -> QualityRunRequest {
    QualityRunRequest {
        token: "0123456789abcdef".into(),
        ruleset_name: "sluice-d34db33f".into(),
        ruleset: "Rules = [ IsComplete \"order_id\" ]".into(),
        database: "lake".into(),
        table: "orders_raw".into(),
        role_arn: "arn:aws:iam::111122223333:role/glue-quality".into(),
        workers: 5,
    }
}

fn ok(body: &Value) -> Answer {
    Answer::new(200, body.to_string())
}

fn refusal(code: &str) -> Answer {
    let body = json!({ "__type": code, "Message": "words that nobody reads" });
    Answer::new(400, body.to_string()).header("x-amzn-errortype", code)
}

const RUN: &str = "dqrun-9d2c4e8a0b1f";

#[tokio::test]
async fn a_run_is_started_with_its_ruleset_role_and_token() {
    let replay = Replay::new([ok(&json!({ "Name": "sluice-d34db33f" })), ok(&json!({ "RunId": RUN }))]);
    assert_eq!(replay.aws().catalog().start(&request()).await.unwrap(), RUN);
    let sent = replay.sent();
    assert_eq!(sent[0].header("x-amz-target"), Some("AWSGlue.CreateDataQualityRuleset"));
    assert_eq!(sent[0].json()["Ruleset"], request().ruleset);
    assert_eq!(sent[1].header("x-amz-target"), Some("AWSGlue.StartDataQualityRulesetEvaluationRun"));
    assert_eq!(
        sent[1].json(),
        json!({
            "DataSource": { "GlueTable": { "DatabaseName": "lake", "TableName": "orders_raw" } },
            "Role": "arn:aws:iam::111122223333:role/glue-quality",
            "NumberOfWorkers": 5,
            "Timeout": 240,
            "ClientToken": "0123456789abcdef",
            "RulesetNames": ["sluice-d34db33f"],
        })
    );
}

#[tokio::test]
async fn a_ruleset_that_is_there_already_is_the_same_one() {
    let replay = Replay::new([refusal("AlreadyExistsException"), ok(&json!({ "RunId": RUN }))]);
    assert_eq!(replay.aws().catalog().start(&request()).await.unwrap(), RUN);
}

#[tokio::test]
async fn what_refuses_a_run_is_told_without_its_words() {
    let replay = Replay::new([refusal("AccessDeniedException")]);
    let denied = replay.aws().catalog().start(&request()).await.unwrap_err();
    assert!(matches!(denied, CatalogError::Denied { operation: "CreateDataQualityRuleset" }));
    let replay = Replay::new([ok(&json!({})), refusal("EntityNotFoundException")]);
    let missing = replay.aws().catalog().start(&request()).await.unwrap_err();
    assert!(matches!(&missing, CatalogError::NotFound { what, .. } if what == "orders_raw"));
    let replay = Replay::new([ok(&json!({})), ok(&json!({}))]);
    assert!(replay.aws().catalog().start(&request()).await.is_err());
    assert!(!format!("{denied:?}{missing:?}").contains("words"));
}

#[tokio::test]
async fn every_status_is_running_a_result_or_an_end() {
    let run = |status: &str| {
        ok(&json!({
            "RunId": RUN, "Role": "r", "NumberOfWorkers": 5, "Timeout": 240, "Status": status, "ExecutionTime": 61,
            "StartedOn": 1_767_225_600.5, "LastModifiedOn": 1_767_225_661.5, "RulesetNames": ["sluice-d34db33f"],
            "ResultIds": if status == "SUCCEEDED" { json!(["dqresult-1"]) } else { json!([]) },
        }))
    };
    for (status, expected) in [
        ("STARTING", QualityRunStatus::Running),
        ("RUNNING", QualityRunStatus::Running),
        ("STOPPING", QualityRunStatus::Running),
        ("SUCCEEDED", QualityRunStatus::Succeeded { result_ids: vec!["dqresult-1".into()] }),
        ("FAILED", QualityRunStatus::Ended { status: "FAILED" }),
        ("STOPPED", QualityRunStatus::Ended { status: "STOPPED" }),
        ("TIMEOUT", QualityRunStatus::Ended { status: "TIMEOUT" }),
    ] {
        let replay = Replay::new([run(status)]);
        assert_eq!(replay.aws().catalog().status(RUN).await.unwrap(), expected, "{status}");
        assert_eq!(replay.sent()[0].json(), json!({ "RunId": RUN }));
    }
    assert!(Replay::new([run("PONDERING")]).aws().catalog().status(RUN).await.is_err());
}

#[tokio::test]
async fn a_result_names_every_rule_and_an_unknown_word_is_no_judgement() {
    let replay = Replay::new([ok(&json!({
        "ResultId": "dqresult-1",
        "Score": 0.33,
        "DataSource": { "GlueTable": { "DatabaseName": "lake", "TableName": "orders_raw" } },
        "RulesetName": "sluice-d34db33f",
        "StartedOn": 1_767_225_600.5,
        "CompletedOn": 1_767_225_661.5,
        "RulesetEvaluationRunId": RUN,
        "RuleResults": [
            { "Name": "Rule_1", "Description": "IsComplete \"order_id\"", "Result": "PASS",
              "EvaluatedMetrics": { "Column.order_id.Completeness": 1.0 } },
            { "Name": "Rule_2", "Description": "RowCount > 10", "Result": "FAIL",
              "EvaluationMessage": "Value: 3.0 does not meet the constraint requirement!",
              "EvaluatedMetrics": { "Dataset.*.RowCount": 3.0 } },
            { "Name": "Rule_3", "Description": "CustomSql \"select 1\" = 1", "Result": "ERROR" },
            { "Name": "Rule_4", "Description": "RowCount > 1", "Result": "PONDERED" },
        ],
    }))]);
    let result = replay.aws().catalog().result("dqresult-1").await.unwrap();
    let judged: Vec<_> = result.rules.iter().map(|rule| (rule.rule.as_str(), rule.holds)).collect();
    assert_eq!(
        judged,
        [
            ("IsComplete \"order_id\"", Some(true)),
            ("RowCount > 10", Some(false)),
            ("CustomSql \"select 1\" = 1", None),
            ("RowCount > 1", None),
        ]
    );
    assert!((result.rules[0].metrics["Column.order_id.Completeness"] - 1.0).abs() < f64::EPSILON);
    assert!(result.rules[1].message.as_ref().unwrap().contains("3.0"));
    assert!(Replay::new([ok(&json!({}))]).aws().catalog().result("dqresult-1").await.is_err());
}
