//! Rules that look beyond the table: at past runs, at files, at states of other objects.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail where it stands")]

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringViewArray};
use proptest::prelude::*;
use sluice_quality::{
    Evaluation, EvaluationOptions, EvaluationState, FileEntry, FileSource, HashAlgorithm, HistoryRecord, NoHistory,
    Outcome, QualityError, RecordedHistory, Report,
};

const NOW: i64 = 1_700_000_000_000_000;
const HOUR: i64 = 3_600_000_000;

fn table(prices: &[f64]) -> RecordBatch {
    let prices: ArrayRef = Arc::new(Float64Array::from(prices.to_vec()));
    RecordBatch::try_from_iter([("price", prices)]).unwrap()
}

fn judge(rules: &str, batch: &RecordBatch, options: &EvaluationOptions, history: &RecordedHistory) -> Report {
    let ruleset = sluice_dqdl::parse(rules).unwrap();
    let mut evaluation = Evaluation::new(&ruleset, &batch.schema(), options, history);
    let schema = batch.schema();
    let columns: Vec<usize> = evaluation.required_columns().iter().map(|name| schema.index_of(name).unwrap()).collect();
    evaluation.update(&batch.project(&columns).unwrap(), 0).unwrap();
    evaluation.finish().unwrap()
}

#[test]
fn a_metric_is_judged_by_the_runs_before_it() {
    let rules = r#"Rules = [ DetectAnomalies "Mean" "price", DetectAnomalies "RowCount", RowCount > last() - 2 ]"#;
    let options = EvaluationOptions::at(NOW);
    let mut records: Vec<HistoryRecord> = Vec::new();
    for day in 0..6 {
        let report = judge(rules, &table(&[10.0, 10.0 + f64::from(day % 3)]), &options, &RecordedHistory::of(&records));
        assert!(report.passed(), "{day}: {report:?}");
        records.insert(0, HistoryRecord::of(&report, "orders", NOW + i64::from(day)));
    }
    let history = RecordedHistory::of(&records);
    let report = judge(rules, &table(&[10.0, 90.0]), &options, &history);
    assert_eq!(report.rules[0].outcome, Outcome::Failed);
    assert!(report.rules[0].message.as_ref().unwrap().contains("expected within"), "{report:?}");
    assert_eq!([report.rules[1].outcome, report.rules[2].outcome], [Outcome::Passed; 2]);
    let missing = judge(r#"Rules = [ DetectAnomalies "Mean" "cost" ]"#, &table(&[1.0]), &options, &history);
    assert_eq!(missing.rules[0].outcome, Outcome::Failed);
    let none = judge(r#"Rules = [ DetectAnomalies "IsComplete" "price" ]"#, &table(&[1.0]), &options, &history);
    assert_eq!(none.rules[0].outcome, Outcome::Error);
}

#[test]
fn a_distribution_keeps_its_bins_when_asked_to() {
    let rules = r#"Rules = [ RowCount > 0 ] Analyzers = [ Distribution "price" with bins = 2, rebin = false ]"#;
    let options = EvaluationOptions::at(NOW);
    let first = judge(rules, &table(&[0.0, 4.0, 10.0]), &options, &RecordedHistory::default());
    let metrics = &first.analyzers[0].metrics;
    assert_eq!((metrics["Column.price.Distribution.Bin0"], metrics["Column.price.Distribution.Edge1"]), (2.0, 5.0));
    let history = RecordedHistory::of(&[HistoryRecord::of(&first, "orders", NOW)]);
    let second = judge(rules, &table(&[1.0, 99.0, 100.0]), &options, &history);
    let metrics = &second.analyzers[0].metrics;
    assert_eq!((metrics["Column.price.Distribution.Edge2"], metrics["Column.price.Distribution.Outside"]), (10.0, 2.0));
}

/// Files by folder; a file's bytes are its hash.
#[derive(Debug)]
struct Shelf(BTreeMap<&'static str, Vec<(&'static str, u64, i64, &'static str)>>);

impl FileSource for Shelf {
    fn list(&self, path: Option<&str>) -> Result<Vec<FileEntry>, String> {
        let path = path.unwrap_or("own");
        if path == "locked" {
            return Err("access denied".to_owned());
        }
        let entry = |(name, size_bytes, hours, _): &(&str, u64, i64, &str)| FileEntry {
            path: format!("{path}/{name}"),
            size_bytes: *size_bytes,
            modified_epoch_micros: NOW - hours * HOUR,
        };
        Ok(self.0.get(path).map(|files| files.iter().map(entry).collect()).unwrap_or_default())
    }

    fn hash(&self, file: &FileEntry, algorithm: HashAlgorithm) -> Result<String, String> {
        let (folder, name) = file.path.rsplit_once('/').unwrap();
        let found = self.0[folder].iter().find(|entry| entry.0 == name).unwrap();
        Ok(format!("{}-{algorithm:?}", found.3).to_lowercase())
    }
}

fn outcome(rule: &str) -> (Outcome, BTreeMap<String, f64>) {
    let mut options = EvaluationOptions::at(NOW);
    options.files = Some(Arc::new(Shelf(BTreeMap::from([
        ("own", vec![("a.csv", 10, 1, "aa")]),
        ("in", vec![("a.csv", 2048, 1, "aa"), ("b.csv", 4096, 30, "bb"), ("c.tmp", 0, 2, "aa")]),
        ("copy", vec![("x.csv", 4096, 3, "bb"), ("a.csv", 2048, 3, "aa"), ("c.tmp", 0, 3, "aa")]),
    ]))));
    let report = judge(&format!("Rules = [ {rule} ]"), &table(&[1.0]), &options, &RecordedHistory::default());
    (report.rules[0].outcome, report.rules[0].metrics.clone())
}

#[test]
fn files_are_judged_by_age_size_and_content() {
    use Outcome::{Error, Failed, Passed};
    let cases = [
        ("FileFreshness > (now() - 24 hours)", Passed),
        (r#"FileFreshness "in" > (now() - 24 hours)"#, Failed),
        (r#"FileFreshness "in" > (now() - 24 hours) with threshold > 0.6"#, Passed),
        (r#"FileFreshness "in" > (now() - 24 hours) with recentFiles = 2"#, Passed),
        (r#"FileFreshness "in" between now() and (now() - 31 hours)"#, Passed),
        (r#"FileSize "in" > 1 KB with uriRegex = "csv$""#, Passed),
        (r#"FileSize "in" > 1 KB"#, Failed),
        // The newest file is a.csv, whichever way the two tags stand; the newest but one is not a CSV.
        (r#"FileSize "in" < 3 KB with recentFiles = 2 with uriRegex = "csv$""#, Passed),
        (
            r#"FileSize "in" < 3 KB with recentFiles = 2 with uriRegex = "csv$" with filterOrder = ["uriRegex", "recentFiles"]"#,
            Failed,
        ),
        (r#"FileUniqueness "in" = 1.0"#, Failed),
        (r#"FileUniqueness "in" = 1.0 with uriRegex = "csv$""#, Passed),
        (r#"FileMatch in ["AA-sha256"]"#, Passed),
        (r#"FileMatch in ["aa-md5"] with hashAlgorithm = "MD5""#, Passed),
        (r#"FileMatch "in" in ["aa-sha256"]"#, Failed),
        (r#"FileMatch "in" "copy""#, Passed),
        (r#"FileMatch "in" "copy" with matchFileName = "true""#, Failed),
        (r#"FileMatch "in" "own""#, Failed),
        (r#"FileSize "nowhere" > 1 B"#, Failed),
        (r#"FileSize "locked" > 1 B"#, Error),
        (r#"FileSize "in" > 1 B with uriRegex = "(?!x)""#, Error),
        (r#"FileUniqueness "in" = 1.0 with hashAlgorithm = "CRC""#, Error),
    ];
    for (rule, wanted) in cases {
        assert_eq!(outcome(rule).0, wanted, "{rule}");
    }
    let metrics = outcome(r#"FileSize "in" > 1 B"#).1;
    assert_eq!((metrics["Dataset.*.FileCount"], metrics["Dataset.*.MaximumFileSize"]), (3.0, 4096.0));
    let report =
        judge("Rules = [ FileSize > 1 B ]", &table(&[1.0]), &EvaluationOptions::at(NOW), &RecordedHistory::default());
    assert_eq!(report.rules[0].outcome, Outcome::Error);
}

const MERGED: &str = r#"Rules = [ IsUnique "id", Uniqueness "name" >= 0, Mean "id" >= 0, Completeness "name" >= 0, Entropy "name" >= 0,
    StandardDeviation "id" >= 0, ColumnLength "name" >= 0, InterquartileRange "id" >= 0, RowCount > 0 where "id > 3",
    ColumnValues "name" in ["a", "b"] with threshold >= 0, ColumnCorrelation "id" "id" > 0.9, Skewness "id" > -9 ]
    Analyzers = [ AllStatistics "name", Distribution "id" with bins = 3 ]"#;

fn rows(rows: &[(i64, Option<String>)]) -> RecordBatch {
    let id: ArrayRef = Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.0)));
    let name: ArrayRef = Arc::new(rows.iter().map(|row| row.1.as_deref()).collect::<StringViewArray>());
    RecordBatch::try_from_iter_with_nullable([("id", id, true), ("name", name, true)]).unwrap()
}

fn evaluation(batch: &RecordBatch, now: i64) -> Evaluation {
    let ruleset = sluice_dqdl::parse(MERGED).unwrap();
    let mut evaluation = Evaluation::new(&ruleset, &batch.schema(), &EvaluationOptions::at(now), &NoHistory);
    evaluation.update(batch, 0).unwrap();
    evaluation
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn stored_and_merged_states_judge_as_the_whole_table_does(
        table in prop::collection::vec((-5i64..30, prop::option::of("[a-c]{0,2}")), 0..60), cut in 0usize..60
    ) {
        let cut = cut.min(table.len());
        let whole = evaluation(&rows(&table), NOW).finish().unwrap();
        let parts = [&table[..cut], &table[cut..]].map(|part| evaluation(&rows(part), NOW + HOUR).state_bytes().unwrap());
        let first = EvaluationState::from_bytes(&parts[0]).unwrap();
        let ruleset = sluice_dqdl::parse(MERGED).unwrap();
        let mut merged = Evaluation::new(&ruleset, &first.schema(), &EvaluationOptions::at(NOW), &NoHistory);
        merged.merge(first).unwrap();
        merged.merge(EvaluationState::from_bytes(&parts[1]).unwrap()).unwrap();
        let merged = merged.finish().unwrap();
        prop_assert_eq!(merged.rows, whole.rows);
        let metrics = |report: &Report| -> Vec<(String, f64)> {
            let rules = report.rules.iter().flat_map(|rule| rule.metrics.clone());
            rules.chain(report.analyzers.iter().flat_map(|analyzer| analyzer.metrics.clone())).collect()
        };
        for (one, other) in metrics(&merged).into_iter().zip(metrics(&whole)) {
            let close = (one.1 - other.1).abs() <= 1e-9 * other.1.abs().max(1.0) || (one.1.is_nan() && other.1.is_nan());
            prop_assert!(one.0 == other.0 && close, "{:?} {:?}", one, other);
        }
        for (one, other) in merged.rules.iter().zip(&whole.rules) {
            prop_assert_eq!(one.outcome, other.outcome, "{:?} {:?}", one, other);
        }
    }
}

#[test]
fn states_of_other_tables_are_not_merged() {
    let batch = rows(&[(1, None)]);
    let mut merged = evaluation(&batch, NOW);
    let renamed = RecordBatch::try_from_iter_with_nullable([
        ("id", batch.column(0).clone(), true),
        ("name", batch.column(1).clone(), true),
        ("extra", batch.column(0).clone(), true),
    ])
    .unwrap();
    let ruleset = sluice_dqdl::parse(MERGED).unwrap();
    let other = Evaluation::new(&ruleset, &renamed.schema(), &EvaluationOptions::at(NOW), &NoHistory).into_state();
    assert!(matches!(merged.merge(other), Err(QualityError::Schema { column }) if column == "extra"));
}
