//! `sluice check`: a table judged by a ruleset, as the quality function judges it.

mod local_files;
mod page;
pub(super) mod past;
mod references;
mod rows;
#[cfg(feature = "sql")]
mod sql;

use std::io::Write;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use sluice_common::port::{Clock as _, SystemClock};
use sluice_quality::report::{GlueContext, glue_json};
use sluice_quality::{EvaluationOptions, Outcome, RecordedHistory, Report, RuleOutcome};
use sluice_tabular::Reader;

use crate::args::Check;
use crate::exit::Answer;
use crate::format;
use crate::input::Input;
use crate::paint::Paint;

pub(super) fn run(args: &Check) -> anyhow::Result<Answer> {
    let rules = std::fs::read_to_string(&args.rules).with_context(|| format!("{}", args.rules.display()))?;
    let ruleset = sluice_dqdl::parse(&rules).map_err(|problems| anyhow!("{}:\n{problems}", args.rules.display()))?;
    let options = format::read_options(&args.file, &args.format)?;
    let (source, digesting) = Input::open(&args.file)?.into_source(&options)?;
    let past = past::records(args.history.as_deref())?;
    let history = RecordedHistory::of(&past);
    let now_micros = SystemClock.now().as_microsecond();
    let references = references::open(&args.reference)?;
    #[cfg(feature = "sql")]
    let sql = sql::Sql::open(&args.file, &ruleset, &options, now_micros, &references)?;
    let judge = || {
        let reader = Reader::open(source, &options)?;
        let mut options = EvaluationOptions::at(now_micros);
        options.row_results = args.rows.is_some();
        options.reference_tables = references;
        options.files = Some(Arc::new(local_files::LocalFiles { table: args.file.clone() }));
        #[cfg(feature = "sql")]
        {
            options.sql_engine = sql.as_ref().map(|sql| Arc::clone(&sql.engine));
        }
        let measured = sluice_quality::measure(reader, &ruleset, &options, &history)?;
        if let Some(path) = &args.state {
            std::fs::write(path, measured.state_bytes()?).with_context(|| path.display().to_string())?;
        }
        anyhow::Ok(measured.finish()?)
    };
    let report = judge().with_context(|| args.file.clone())?;
    let sha256 = digesting.finish().with_context(|| args.file.clone())?;
    #[cfg(feature = "sql")]
    if let Some(sql) = &sql {
        sql.check(&args.file, sha256)?;
    }
    if let Some(path) = &args.rows {
        rows::write(path, args, sha256, &report)?;
    }
    if let Some(directory) = &args.history {
        past::add(directory, &args.file, sha256, now_micros, &report)?;
    }
    if let Some(path) = &args.html {
        page::write(path, args, sha256, &report, &past)?;
    }
    let mut out = std::io::stdout().lock();
    if args.json {
        let context = GlueContext { subject: format!("{} {}", args.file, sha256.to_hex()), ..GlueContext::default() };
        serde_json::to_writer_pretty(&mut out, &glue_json(&report, &context))?;
        writeln!(out)?;
    } else {
        print(&mut out, &args.file, &report)?;
        writeln!(out, "sha256 {}", sha256.to_hex())?;
    }
    Ok(answer(&report))
}

/// A rule that fails is certain, whatever became of the others.
pub(super) fn answer(report: &Report) -> Answer {
    if report.count_of(Outcome::Failed) > 0 {
        Answer::Fail
    } else if report.passed() {
        Answer::Pass
    } else {
        Answer::Unknown
    }
}

pub(super) fn print(out: &mut impl Write, file: &str, report: &Report) -> std::io::Result<()> {
    let paint = Paint::for_stdout();
    for rule in &report.rules {
        print_rule(out, paint, rule)?;
    }
    for analyzer in &report.analyzers {
        writeln!(out, "       {}", analyzer.analyzer)?;
        print_details(out, analyzer.message.as_deref(), analyzer.metrics.iter())?;
    }
    let (passed, rules) = (report.count_of(Outcome::Passed), report.rules.len());
    writeln!(out, "\n{passed} of {rules} rules pass over {} rows of {file}", report.rows)?;
    let failed = report.count_of(Outcome::Failed);
    let errors = report.count_of(Outcome::Error);
    if failed + errors > 0 {
        writeln!(out, "{failed} fail, {errors} could not be judged")?;
    }
    Ok(())
}

fn print_rule(out: &mut impl Write, paint: Paint, rule: &RuleOutcome) -> std::io::Result<()> {
    let word = match rule.outcome {
        Outcome::Passed => paint.green("PASS "),
        Outcome::Failed => paint.red("FAIL "),
        Outcome::Error => paint.yellow("ERROR"),
    };
    writeln!(out, "{word}  {}", rule.rule)?;
    print_details(out, rule.message.as_deref(), rule.metrics.iter())?;
    if rule.outcome == Outcome::Passed || rule.first_failing_rows.is_empty() {
        return Ok(());
    }
    let first: Vec<String> = rule.first_failing_rows.iter().map(u64::to_string).collect();
    let count = rule.failing_rows.map(|count| format!("{count} ")).unwrap_or_default();
    writeln!(out, "         {count}failing rows, counted from 0, the first: {}", first.join(", "))
}

fn print_details<'m>(
    out: &mut impl Write,
    message: Option<&str>,
    metrics: impl Iterator<Item = (&'m String, &'m f64)>,
) -> std::io::Result<()> {
    if let Some(message) = message {
        writeln!(out, "         {message}")?;
    }
    for (name, value) in metrics {
        writeln!(out, "         {name} = {value}")?;
    }
    Ok(())
}
