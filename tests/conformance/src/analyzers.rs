//! Analyzers on tables. The constraint suggestions in the same file (`suggestion:*`) are another suite's.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Deserialize;
use serde_json::{Value, json};
use sluice_quality::EvaluationOptions;
use sluice_quality::analysis::{
    Aggregate, Analysis, AnalysisError, Analyzed, Analyzer, Bins, DataTypes, Measurement, NullLength, Request,
    RowColumn, TextPattern,
};

use crate::suite::Report;
use crate::table::{Column, Table};

#[derive(Deserialize)]
struct Case {
    id: String,
    columns: Vec<Column>,
    rows: Vec<Vec<Value>>,
    rows_generator: Option<String>,
    analyzer: String,
    params: BTreeMap<String, Value>,
    expected: Value,
    tolerance: Option<f64>,
    row_level: Option<Vec<Option<bool>>>,
    row_values: Option<Vec<Value>>,
    histogram: Option<BTreeMap<String, f64>>,
}

const NULL_VALUE: &str = "NullValue";
const ROUNDING: f64 = 1e-12;

/// Judges the lines of `analyzers.jsonl` but suggestions.
pub(crate) fn run(cases: &str) -> Result<Report> {
    let analyzers: Vec<&str> = cases.lines().filter(|line| !line.contains("\"suggestion:")).collect();
    Report::of_lines(&analyzers.join("\n"), |case: &Case| &case.id, check)
}

fn check(case: &Case) -> Result<(), String> {
    let analyzer = match analyzer(case) {
        Ok(analyzer) => analyzer,
        Err(reason) if is_failure(&case.expected) && reason.starts_with("refused") => return Ok(()),
        Err(reason) => return Err(reason),
    };
    let found = analyze(case, analyzer)?;
    let measurement = found.measurements.first().ok_or("no measurement")?;
    check_measurement(case, measurement)?;
    let rows = found.row_columns.first().and_then(Option::as_ref);
    if let Some(wanted) = &case.row_level {
        check_marks(case, wanted, rows)?;
    }
    if let Some(wanted) = &case.row_values {
        check_values(wanted, rows)?;
    }
    if let Some(wanted) = &case.histogram {
        let column = text(case, "column")?;
        let whole = analyze(case, Analyzer::Histogram { column, most_bins: 1000, aggregate: Aggregate::Rows })?;
        let Some(Ok(Measurement::Histogram(found))) = whole.measurements.first() else {
            return Err("no histogram".into());
        };
        let found: BTreeMap<String, f64> =
            found.bins.iter().map(|bin| (name(bin.value.as_deref()), bin.amount)).collect();
        if found != *wanted {
            return Err(format!("histogram {found:?}, wanted {wanted:?}"));
        }
    }
    Ok(())
}

fn analyze(case: &Case, analyzer: Analyzer) -> Result<Analyzed, String> {
    let rows = match case.rows_generator.as_deref() {
        None => case.rows.clone(),
        Some(range) => generated(range)?,
    };
    let batch = Table { columns: case.columns.clone(), rows }.batch(0)?;
    let where_clause = case.params.get("where").and_then(Value::as_str).map(str::to_owned);
    let mut options = EvaluationOptions::at(0);
    options.row_results = true;
    let mut analysis = Analysis::new(&[Request { analyzer, where_clause }], &batch.schema(), &options);
    let schema = batch.schema();
    let indices: Vec<usize> =
        analysis.required_columns().iter().filter_map(|name| schema.index_of(name).ok()).collect();
    let batch = batch.project(&indices).map_err(|error| error.to_string())?;
    // Two batches, so that states meet a second one.
    let half = batch.num_rows() / 2;
    for (start, length) in [(0, half), (half, batch.num_rows() - half)] {
        let first_row = u64::try_from(start).unwrap_or_default();
        analysis.update(&batch.slice(start, length), first_row).map_err(|error| error.to_string())?;
    }
    analysis.finish().map_err(|error| error.to_string())
}

fn generated(range: &str) -> Result<Vec<Vec<Value>>, String> {
    let bounds =
        range.strip_prefix("range(").and_then(|rest| rest.strip_suffix(')')).and_then(|inner| inner.split_once(','));
    let parse = |text: &str| text.trim().parse::<i64>().ok();
    let (start, end) =
        bounds.and_then(|(start, end)| Some((parse(start)?, parse(end)?))).ok_or_else(|| format!("rows by {range}"))?;
    Ok((start..end).map(|value| vec![json!(value)]).collect())
}

fn text(case: &Case, name: &str) -> Result<String, String> {
    case.params.get(name).and_then(Value::as_str).map(str::to_owned).ok_or_else(|| format!("parameter {name}"))
}

fn texts(case: &Case, name: &str) -> Result<Vec<String>, String> {
    let list = case.params.get(name).and_then(Value::as_array).ok_or_else(|| format!("parameter {name}"))?;
    Ok(list.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

fn number(case: &Case, name: &str) -> Option<f64> {
    case.params.get(name).and_then(Value::as_f64)
}

fn pair(case: &Case, of: fn(String, String) -> Analyzer) -> Result<Analyzer, String> {
    match texts(case, "columns")?.as_slice() {
        [left, right] => Ok(of(left.clone(), right.clone())),
        _ => Err("refused: two columns are needed".to_owned()),
    }
}

fn analyzer(case: &Case) -> Result<Analyzer, String> {
    let column = || text(case, "column");
    let columns = || texts(case, "columns").or_else(|_| text(case, "column").map(|column| vec![column]));
    let most = |name: &str, default: usize| {
        case.params.get(name).and_then(Value::as_u64).and_then(|most| usize::try_from(most).ok()).unwrap_or(default)
    };
    let null = match case.params.get("nullBehavior").and_then(Value::as_str) {
        None | Some("Ignore") => NullLength::Ignored,
        Some("EmptyString") => NullLength::Zero,
        Some("Fail") => NullLength::Extreme,
        Some(other) => return Err(format!("nullBehavior {other}")),
    };
    Ok(match case.analyzer.as_str() {
        "Size" => Analyzer::Size,
        "ColumnCount" => Analyzer::ColumnCount,
        "Completeness" => Analyzer::Completeness(column()?),
        "Uniqueness" => Analyzer::Uniqueness(columns()?),
        "Distinctness" => Analyzer::Distinctness(columns()?),
        "UniqueValueRatio" => Analyzer::UniqueValueRatio(columns()?),
        "CountDistinct" => Analyzer::CountDistinct(columns()?),
        "DistinctValuesCount" => Analyzer::DistinctValuesCount(column()?),
        "ApproxCountDistinct" => Analyzer::ApproxCountDistinct(column()?),
        "DuplicateRowCount" => Analyzer::DuplicateRowCount(columns()?),
        "IsPrimaryKey" => Analyzer::IsPrimaryKey(columns()?),
        "Entropy" => Analyzer::Entropy(column()?),
        "MutualInformation" => pair(case, Analyzer::MutualInformation)?,
        "Correlation" => pair(case, Analyzer::Correlation)?,
        "RatioOfSums" => pair(case, Analyzer::RatioOfSums)?,
        "Compliance" => Analyzer::Compliance(text(case, "predicate")?),
        "IsContainedIn" => {
            let quoted: Vec<String> =
                texts(case, "allowed")?.iter().map(|value| format!("'{}'", value.replace('\'', "''"))).collect();
            Analyzer::Compliance(format!("`{0}` is null or `{0}` in ({1})", column()?, quoted.join(", ")))
        }
        "IsContainedInRange" => {
            let flag = |name: &str| case.params.get(name).and_then(Value::as_bool).unwrap_or(true);
            let (above, below) =
                (if flag("includeLower") { ">=" } else { ">" }, if flag("includeUpper") { "<=" } else { "<" });
            let bound = |name: &str| number(case, name).ok_or_else(|| format!("parameter {name}"));
            let (lower, upper) = (bound("lower")?, bound("upper")?);
            Analyzer::Compliance(format!(
                "`{0}` is null or (`{0}` {above} {lower} and `{0}` {below} {upper})",
                column()?
            ))
        }
        "PatternMatch" => Analyzer::PatternMatch(column()?, pattern(&text(case, "pattern")?)),
        "Mean" => Analyzer::Mean(column()?),
        "Sum" => Analyzer::Sum(column()?),
        "Minimum" => Analyzer::Minimum(column()?),
        "Maximum" => Analyzer::Maximum(column()?),
        "Range" => Analyzer::Range(column()?),
        "StandardDeviation" => Analyzer::StandardDeviation(column()?),
        "Variance" => Analyzer::Variance(column()?),
        "Skewness" => Analyzer::Skewness(column()?),
        "Kurtosis" => Analyzer::Kurtosis(column()?),
        "ZerosCount" => Analyzer::ZerosCount(column()?),
        "MinLength" => Analyzer::MinLength(column()?, null),
        "MaxLength" => Analyzer::MaxLength(column()?, null),
        "ExactQuantile" => Analyzer::ExactQuantile(column()?, number(case, "quantile").ok_or("parameter quantile")?),
        "ApproxQuantile" => Analyzer::ApproxQuantile {
            column: column()?,
            quantile: number(case, "quantile").ok_or("parameter quantile")?,
            relative_error: number(case, "relativeError").unwrap_or(0.01),
        },
        "InterquartileRange" => Analyzer::InterquartileRange(column()?),
        // The counts of a sketch of other make are not ours; its edges and the number of rows are.
        "KLLSketch" => {
            Analyzer::SketchedBuckets { column: column()?, sketch_size: 2048, buckets: most("numberOfBuckets", 100) }
        }
        "Histogram" => Analyzer::Histogram {
            column: column()?,
            most_bins: most("maxDetailBins", 1000),
            aggregate: aggregate(case.params.get("aggregate").and_then(Value::as_str))?,
        },
        "HistogramBinned" => Analyzer::BinnedHistogram(column()?, bins(case)),
        "DataType" | "DataTypeRatio" => Analyzer::DataTypes(column()?),
        "CustomSql" => return custom_sql(case),
        other => return Err(format!("analyzer {other}")),
    })
}

fn pattern(text: &str) -> TextPattern {
    match text {
        "EMAIL" => TextPattern::Email,
        "URL" => TextPattern::Url,
        "CREDITCARD" => TextPattern::CreditCard,
        "SOCIAL_SECURITY_NUMBER_US" | "SSN" => TextPattern::SocialSecurityNumberUs,
        expression => TextPattern::Expression(expression.to_owned()),
    }
}

fn aggregate(text: Option<&str>) -> Result<Aggregate, String> {
    match text {
        None | Some("count" | "Count") => Ok(Aggregate::Rows),
        Some(text) => text
            .strip_prefix("sum(")
            .and_then(|rest| rest.strip_suffix(')'))
            .map(|column| Aggregate::Sum(column.to_owned()))
            .ok_or_else(|| format!("aggregate {text}")),
    }
}

fn bins(case: &Case) -> Bins {
    if let Some(edges) = case.params.get("customEdges").and_then(Value::as_array) {
        return Bins::Edges(edges.iter().filter_map(Value::as_f64).collect());
    }
    let bins = case.params.get("binCount").and_then(Value::as_u64).and_then(|bins| usize::try_from(bins).ok());
    Bins::EqualWidth(bins.unwrap_or(10))
}

/// `select count(*) from primary where …`; anything else needs an SQL engine, and a query for rows fails for the peer, too.
fn custom_sql(case: &Case) -> Result<Analyzer, String> {
    let sql = text(case, "sql")?;
    let lower = sql.to_lowercase();
    let counts = lower.trim_start().starts_with("select count(*) from primary");
    let predicate = lower.find(" where ").filter(|_| counts).and_then(|at| sql.get(at + 7..));
    match predicate {
        Some(predicate) => Ok(Analyzer::Compliance(predicate.to_owned())),
        None if counts => Ok(Analyzer::Size),
        None => Err("refused: not a count of rows".to_owned()),
    }
}

fn is_failure(expected: &Value) -> bool {
    matches!(expected.as_str(), Some("FAILURE" | "EMPTY_STATE_FAILURE"))
}

fn check_measurement(case: &Case, found: &Result<Measurement, AnalysisError>) -> Result<(), String> {
    let wanted = &case.expected;
    if wanted.is_null() {
        return Ok(());
    }
    let found = match (found, is_failure(wanted)) {
        (Err(error), true) => {
            let same = wanted != "EMPTY_STATE_FAILURE" || *error == AnalysisError::Empty;
            return if same { Ok(()) } else { Err(format!("{error}, wanted {wanted}")) };
        }
        (Ok(found), true) => return Err(format!("found {found:?}, wanted {wanted}")),
        (Err(error), false) => return Err(format!("{error}, wanted {wanted}")),
        (Ok(found), false) => found,
    };
    let agrees = match (found, case.analyzer.as_str()) {
        (Measurement::Number(ratio), "IsContainedInRange") => Some((*ratio - 1.0).abs() < ROUNDING) == wanted.as_bool(),
        (Measurement::Number(ratio), "CustomSql") if case.params.contains_key("sql") => {
            let rows = u32::try_from(case.rows.len()).map_or(f64::NAN, f64::from);
            same(
                wanted,
                if text(case, "sql")?.to_lowercase().contains("where") { ratio * rows } else { *ratio },
                ROUNDING,
            )
        }
        (Measurement::Number(number), _) => same(wanted, *number, case.tolerance.unwrap_or(ROUNDING)),
        (Measurement::Truth(truth), _) => wanted.as_bool() == Some(*truth),
        (Measurement::DataTypes(types), "DataTypeRatio") => {
            same(wanted, ratio_of(types, &text(case, "type")?), ROUNDING)
        }
        (Measurement::DataTypes(types), _) => data_types(types, wanted),
        (Measurement::Histogram(histogram), _) => return check_histogram(histogram, wanted),
        (Measurement::Bins(bins), "KLLSketch") => {
            let edge = |bucket: &Value, name: &str| bucket.get(name).and_then(Value::as_f64).unwrap_or(f64::NAN);
            let wanted = wanted.get("buckets").and_then(Value::as_array).cloned().unwrap_or_default();
            let rows: u64 = wanted.iter().filter_map(|bucket| bucket.get("count")?.as_u64()).sum();
            bins.bins.len() == wanted.len()
                && bins.bins.iter().map(|bin| bin.rows).sum::<u64>() == rows
                && bins.bins.iter().zip(&wanted).all(|(found, wanted)| {
                    (found.start - edge(wanted, "low")).abs() < ROUNDING
                        && (found.end - edge(wanted, "high")).abs() < ROUNDING
                })
        }
        (Measurement::Bins(bins), _) => return check_bins(bins, wanted, case.tolerance.unwrap_or(ROUNDING)),
        _ => false,
    };
    if agrees { Ok(()) } else { Err(format!("found {found:?}, wanted {wanted}")) }
}

fn same(wanted: &Value, found: f64, tolerance: f64) -> bool {
    match wanted {
        Value::String(text) if text == "NaN" => found.is_nan(),
        Value::String(text) if text == "Infinity" => found == f64::INFINITY,
        Value::Object(bounds) => {
            let bound = |name: &str| bounds.get(name).and_then(Value::as_f64);
            bound("min").is_none_or(|least| found > least) && bound("max").is_none_or(|most| found < most)
        }
        number => number.as_f64().is_some_and(|wanted| (wanted - found).abs() <= tolerance),
    }
}

fn ratio_of(types: &DataTypes, class: &str) -> f64 {
    match class {
        "Null" | "Unknown" => {
            let count = |rows: u64| u32::try_from(rows).map_or(f64::NAN, f64::from);
            count(types.unknown) / count(types.rows())
        }
        "Fractional" => types.share_of_known(types.fractional),
        "Integral" => types.share_of_known(types.integral),
        "Numeric" => types.share_of_known(types.fractional + types.integral),
        "Boolean" => types.share_of_known(types.boolean),
        _ => types.share_of_known(types.string),
    }
}

fn data_types(types: &DataTypes, wanted: &Value) -> bool {
    let classes = [
        ("Unknown", types.unknown),
        ("Fractional", types.fractional),
        ("Integral", types.integral),
        ("Boolean", types.boolean),
        ("String", types.string),
    ];
    classes.iter().all(|(class, rows)| {
        let wanted = wanted.get(class).and_then(|class| class.get("absolute")).and_then(Value::as_u64);
        wanted.is_none_or(|wanted| wanted == *rows)
    })
}

fn name(value: Option<&str>) -> String {
    value.unwrap_or(NULL_VALUE).to_owned()
}

fn check_histogram(found: &sluice_quality::analysis::Histogram, wanted: &Value) -> Result<(), String> {
    let wrong = || Err(format!("found {found:?}, wanted {wanted}"));
    if wanted.get("numberOfBins").and_then(Value::as_u64).is_some_and(|bins| bins != found.values) {
        return wrong();
    }
    let names: Vec<String> = found.bins.iter().map(|bin| name(bin.value.as_deref())).collect();
    let listed = |key: &str| -> Option<Vec<String>> {
        Some(wanted.get(key)?.as_array()?.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    };
    let (mut sorted, mut keys) = (names.clone(), listed("keys").unwrap_or_else(|| names.clone()));
    sorted.sort_unstable();
    keys.sort_unstable();
    if sorted != keys || listed("order").is_some_and(|order| order != names) {
        return wrong();
    }
    for (value, wanted) in wanted.get("values").and_then(Value::as_object).into_iter().flatten() {
        let Some(bin) = found.bins.iter().find(|bin| name(bin.value.as_deref()) == *value) else { return wrong() };
        let agrees = |key: &str, number: f64| wanted.get(key).is_none_or(|wanted| same(wanted, number, ROUNDING));
        if !agrees("absolute", bin.amount) || !agrees("ratio", bin.share) {
            return wrong();
        }
    }
    Ok(())
}

fn check_bins(found: &sluice_quality::analysis::BinnedHistogram, wanted: &Value, tolerance: f64) -> Result<(), String> {
    let list = |key: &str| wanted.get(key).and_then(Value::as_array);
    let rows = |bin: &sluice_quality::analysis::NumberBin| u32::try_from(bin.rows).map_or(f64::NAN, f64::from);
    let bins_agree = list("bins").is_none_or(|bins| {
        bins.len() == found.bins.len()
            && bins.iter().zip(&found.bins).all(|(wanted, found)| {
                let agrees =
                    |key: &str, number, tolerance| wanted.get(key).is_none_or(|wanted| same(wanted, number, tolerance));
                agrees("start", found.start, tolerance)
                    && agrees("end", found.end, tolerance)
                    && agrees("frequency", rows(found), 0.0)
            })
    });
    let all = |key: &str, number: &dyn Fn(&sluice_quality::analysis::NumberBin) -> f64| {
        list(key).is_none_or(|wanted| {
            wanted.len() == found.bins.len()
                && wanted.iter().zip(&found.bins).all(|(wanted, bin)| same(wanted, number(bin), tolerance))
        })
    };
    let nulls = wanted.get("nullCount").and_then(Value::as_u64).is_none_or(|nulls| nulls == found.null_rows);
    if bins_agree && nulls && all("frequencies", &rows) && all("ratios", &|bin| bin.share) {
        Ok(())
    } else {
        Err(format!("found {found:?}, wanted {wanted}"))
    }
}

fn check_marks(case: &Case, wanted: &[Option<bool>], found: Option<&RowColumn>) -> Result<(), String> {
    let Some(RowColumn::Marks(marks)) = found else { return Err("no marks for rows".to_owned()) };
    let left_out_pass = case.params.get("filteredRow").and_then(Value::as_str) == Some("TRUE");
    let found: Vec<Option<bool>> =
        marks.iter().map(|mark| if left_out_pass { mark.or(Some(true)) } else { *mark }).collect();
    if found == wanted { Ok(()) } else { Err(format!("rows {found:?}, wanted {wanted:?}")) }
}

fn check_values(wanted: &[Value], found: Option<&RowColumn>) -> Result<(), String> {
    let Some(RowColumn::Numbers(numbers)) = found else { return Err("no numbers for rows".to_owned()) };
    let wanted: Vec<Option<f64>> = wanted
        .iter()
        .map(|value| match value.as_str() {
            Some("Double.MinValue") => Some(f64::MIN),
            Some("Double.MaxValue") => Some(f64::MAX),
            _ => value.as_f64(),
        })
        .collect();
    if *numbers == wanted { Ok(()) } else { Err(format!("rows {numbers:?}, wanted {wanted:?}")) }
}
