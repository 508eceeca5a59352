//! What pages and files say, and what they never say.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::format_push_string,
    reason = "a test stops at what is not as it expects"
)]

use bytes::Bytes;
use proptest::prelude::*;
use sluice_profile::{Profile, profile};
use sluice_quality::{EvaluationOptions, NoHistory, Report, check};
use sluice_report::history::Run;
use sluice_report::html::{Page, page};
use sluice_report::sagemaker;
use sluice_tabular::{CsvOptions, Format, ReadOptions, Reader};

fn csv(text: &str) -> Reader {
    Reader::open(Bytes::copy_from_slice(text.as_bytes()), &ReadOptions::new(Format::Csv(CsvOptions::default())))
        .unwrap()
}

fn profile_of(text: &str) -> Profile {
    profile(csv(text)).unwrap()
}

fn report_of(text: &str, rules: &str) -> Report {
    check(csv(text), &sluice_dqdl::parse(rules).unwrap(), &EvaluationOptions::at(0), &NoHistory).unwrap()
}

const TABLE: &str = "id,price,country,born,ok\n1,1.5,DE,2000-01-01,true\n2,2.5,DE,2001-01-01,false\n3,,US,,true\n4,0.5,US,2002-01-01,true\n";

#[test]
fn statistics_are_model_monitors() {
    let found = sagemaker::statistics(&profile_of(TABLE));
    assert_eq!(found["version"], 0);
    assert_eq!(found["dataset"]["item_count"], 4);
    let price = &found["features"][1];
    assert_eq!((price["name"].as_str(), price["inferred_type"].as_str()), (Some("price"), Some("Fractional")));
    let numbers = &price["numerical_statistics"];
    assert_eq!((&numbers["common"]["num_present"], &numbers["common"]["num_missing"]), (&3.into(), &1.into()));
    assert_eq!(
        (&numbers["mean"], &numbers["sum"], &numbers["min"], &numbers["max"]),
        (&1.5.into(), &4.5.into(), &0.5.into(), &2.5.into())
    );
    let kll = &numbers["distribution"]["kll"];
    assert_eq!(kll["buckets"].as_array().unwrap().len(), 10);
    let counted: u64 = kll["buckets"].as_array().unwrap().iter().map(|bucket| bucket["count"].as_u64().unwrap()).sum();
    assert_eq!(counted, 3);
    assert_eq!(kll["sketch"]["parameters"]["k"], 2048);
    assert_eq!(kll["sketch"]["data"][0].as_array().unwrap().len(), 3);
    let country = &found["features"][2]["string_statistics"];
    assert_eq!(country["distinct_count"], 2);
    assert_eq!(country["distribution"]["categorical"]["buckets"][0]["value"], "DE");
    assert_eq!(found["features"][3]["inferred_type"], "String");
}

#[test]
fn constraints_are_model_monitors() {
    let found = sagemaker::constraints(&profile_of(TABLE));
    assert_eq!(found["features"][1]["completeness"], 0.75);
    assert_eq!(found["features"][1]["num_constraints"]["is_non_negative"], true);
    assert_eq!(found["features"][2]["string_constraints"]["domains"][1], "US");
    assert_eq!(found["monitoring_config"]["distribution_constraints"]["comparison_method"], "Robust");
    let negative = sagemaker::constraints(&profile_of("n\n-1\n"));
    assert_eq!(negative["features"][0]["num_constraints"]["is_non_negative"], false);
}

#[test]
fn concealed_columns_tell_only_what_is_missing() {
    let concealed = profile_of(TABLE).concealed(|_| false);
    let text = sagemaker::statistics(&concealed).to_string() + &sagemaker::constraints(&concealed).to_string();
    for secret in ["DE", "2.5", "buckets", "mean", "domains"] {
        assert!(!text.contains(secret), "{secret}");
    }
    assert!(text.contains("num_missing"));
}

fn subject_page(subject: &str, report: &Report, profile: &Profile, history: Vec<Run>) -> String {
    page(&Page {
        subject,
        facts: vec![("SHA-256", "ab".repeat(32))],
        report: Some(report),
        profile: Some(profile),
        history,
        ..Page::default()
    })
}

#[test]
fn a_page_shows_every_rule_and_loads_nothing() {
    let report = report_of(
        TABLE,
        r#"Rules = [ RowCount = 4, IsComplete "price", ColumnValues "nowhere" > 1, Mean "price" > 1 ]"#,
    );
    let page = subject_page("orders.csv", &report, &profile_of(TABLE), Vec::new());
    assert!(page.contains("50 %") && page.contains("Rules that fail"));
    for rule in &report.rules {
        assert!(page.contains(&rule.rule.replace('"', "&quot;").replace('>', "&gt;")), "{}", rule.rule);
    }
    for forbidden in ["http:", "https:", "<script", "<link", "<img", " style=", "url(", "@import", " on"] {
        let markup = page.replace("content=\"", "");
        assert!(forbidden == " on" || !markup.contains(forbidden), "{forbidden}");
    }
    assert!(page.contains("default-src 'none'"));
    assert_eq!(page, subject_page("orders.csv", &report, &profile_of(TABLE), Vec::new()), "the same bytes again");
}

#[test]
fn history_is_read_from_results_in_glues_shape() {
    let report = report_of(TABLE, r#"Rules = [ IsComplete "price" ]"#);
    let result = sluice_quality::report::glue_json(&report, &sluice_quality::report::GlueContext::default());
    let run = Run::from_glue("monday", &result).unwrap();
    assert_eq!(run, Run::of_report("monday", &report));
    assert!(Run::from_glue("x", &serde_json::json!({"a": 1})).is_none());
    let page = subject_page("t", &report, &profile_of(TABLE), vec![run.clone(), run]);
    assert!(page.contains("Score of the last 3 runs") && page.contains("failed in 3 of 3 runs"));
}

#[test]
fn a_page_of_a_concealed_profile_shows_no_cell() {
    let mut text = String::from("name,salary\n");
    for row in 0..40 {
        text.push_str(&format!("Secretname,{}\n", 777_000 + row));
    }
    let report = report_of(&text, r#"Rules = [ IsComplete "name" ]"#);
    let open = subject_page("t", &report, &profile_of(&text), Vec::new());
    assert!(open.contains("Secretname") && open.contains("777,0"));
    let concealed = subject_page("t", &report, &profile_of(&text).concealed(|_| false), Vec::new());
    assert!(!concealed.contains("Secretname") && !concealed.contains("777"));
}

#[test]
fn a_wide_table_and_a_long_ruleset_stay_within_bounds() {
    let names: Vec<String> = (0..4_000).map(|index| format!("column_{index}")).collect();
    let row = vec!["7"; 4_000].join(",");
    let text = format!("{}\n{row}\n{row}\n", names.join(","));
    let rules: Vec<String> = (0..3_000).map(|index| format!("IsComplete \"column_{index}\"")).collect();
    let report = report_of(&text, &format!("Rules = [ {} ]", rules.join(", ")));
    let page = subject_page("wide", &report, &profile_of(&text), Vec::new());
    assert!(page.len() < 8 << 20, "{}", page.len());
    assert!(page.contains("more columns are in the JSON profile"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn hostile_names_and_cells_stay_text(name in "[^\0\",\r\n]{1,40}", cell in "[^\0\",\r\n]{1,40}", subject in any::<String>()) {
        let text = format!("\"<script>{name}\"\n\"{cell}</style>\"\n\"{cell}</style>\"\n");
        let found = profile_of(&text);
        let report = report_of(&text, "Rules = [ RowCount > 5 ]");
        let page = subject_page(&subject, &report, &found, Vec::new());
        prop_assert!(!page.contains("<script>"));
        prop_assert_eq!(page.matches("</style>").count(), 1);
        prop_assert_eq!(page.matches("<h3").count(), 1);
    }
}
