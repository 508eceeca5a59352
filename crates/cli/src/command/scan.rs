//! `sluice scan`: what personal data a table holds, and what a policy could do about it.

use std::io::Write;
use std::path::Path;

use anyhow::Context as _;
use serde_json::{Value, json};
use sluice_detect::{
    ColumnClass, ColumnReport, Detector, EntityFound, EntityShare, Options, TableOptions, TableReport, VoteRule,
    propose, propose_paths, scan_table, yaml,
};
use sluice_tabular::{CsvOptions, Format, ReadOptions, Reader};

use crate::args::Scan;
use crate::exit::Answer;
use crate::format;
use crate::input::Input;
use crate::paint::Paint;

/// Examples of each entity that `--reveal` shows.
const EXAMPLES: usize = 3;
/// Separates columns in no text: each line of plain text is a row of one column.
const UNIT_SEPARATOR: u8 = 0x1f;

pub(super) fn run(args: &Scan) -> anyhow::Result<Answer> {
    // What lists of objects hold has paths of its own: `items[*].email`.
    let options = ReadOptions { open_lists: true, ..read_options(args)? };
    let rule = VoteRule { least_share: args.share, least_named_share: args.share, ..VoteRule::default() };
    let detector = Detector::new(&Options { report_samples: !args.ignore_test_values, ..Options::default() })?;
    let kept = TableOptions { examples: if args.reveal { EXAMPLES } else { 0 }, ..TableOptions::default() };
    let (source, digesting) = Input::open(&args.file)?.into_source_ahead(&options)?;
    let scan = || scan_table(Reader::open(source, &options)?, &detector, kept, rule);
    let report = scan().with_context(|| args.file.clone())?;
    let sha256 = digesting.finish().with_context(|| args.file.clone())?;
    let mut out = std::io::stdout().lock();
    if args.suggest_policy {
        write!(out, "{}", policy(&args.file, &options.format, &report))?;
        return Ok(Answer::Pass);
    }
    if args.json {
        let mut answer = as_json(&report, rule);
        if let Some(members) = answer.as_object_mut() {
            members.insert("file".to_owned(), json!(args.file));
            members.insert("sha256".to_owned(), json!(sha256.to_hex()));
        }
        serde_json::to_writer_pretty(&mut out, &answer)?;
        writeln!(out)?;
    } else {
        print(&mut out, &report, rule)?;
        writeln!(out, "\n{} rows of {} (sha256 {})", report.rows, args.file, sha256.to_hex())?;
    }
    Ok(Answer::from_bool(report.columns.iter().all(|column| column.class == ColumnClass::Clear)))
}

/// Plain text is told by its name; anything else as for the other commands.
fn read_options(args: &Scan) -> anyhow::Result<ReadOptions> {
    let name = args.file.to_ascii_lowercase();
    let name = [".gz", ".gzip", ".zst", ".zstd"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
    let is_text = [".txt", ".log", ".text", ".md"].iter().any(|end| name.ends_with(end));
    if args.format.format.is_some() || !is_text {
        return format::read_options(&args.file, &args.format);
    }
    let lines = CsvOptions { delimiter: UNIT_SEPARATOR, quote: None, header: false, ..CsvOptions::default() };
    Ok(ReadOptions::new(Format::Csv(lines)))
}

fn class_of(column: &ColumnReport) -> &str {
    match &column.class {
        ColumnClass::Clear => "-",
        ColumnClass::Of(share) => &share.entity,
        ColumnClass::TextWith(_) => "text",
    }
}

fn print(out: &mut impl Write, report: &TableReport, rule: VoteRule) -> std::io::Result<()> {
    let paint = Paint::for_stdout();
    let width = |texts: &mut dyn Iterator<Item = &str>, least: usize| {
        texts.map(|text| text.chars().count()).max().unwrap_or(0).max(least)
    };
    let names = width(&mut report.columns.iter().map(|column| column.name.as_str()), 6);
    let classes = width(&mut report.columns.iter().map(class_of), 5);
    writeln!(out, "{:<names$}  {:<classes$}  {:>12}  FOUND", "COLUMN", "CLASS", "CELLS")?;
    for column in &report.columns {
        let class = format!("{:<classes$}", class_of(column));
        let class = if column.class == ColumnClass::Clear { class } else { paint.red(&class) };
        write!(out, "{:<names$}  {class}  {:>12}", column.name, column.cells)?;
        let mut lead = "  ".to_owned();
        for found in &column.found {
            writeln!(out, "{lead}{}", line(found))?;
            lead = " ".repeat(names + classes + 18);
            if !found.trace.examples.is_empty() {
                writeln!(out, "{lead}  {}", found.trace.examples.join(" | "))?;
            }
        }
        if column.found.is_empty() {
            writeln!(out)?;
        }
    }
    writeln!(
        out,
        "\nA column counts as holding an entity from {} of its filled cells on; of bare digits, from {} on unless its name \
         agrees.\nIt is of that class if {} of them are nothing else, else text with it inside. Rows count from 0.",
        percent(rule.least_share),
        percent(rule.least_bare_share),
        percent(rule.whole_share)
    )
}

fn line(found: &EntityFound) -> String {
    let EntityShare { entity, cells, share, mean_score, named, .. } = &found.share;
    let named = if *named { ", named" } else { "" };
    let below = if found.counts { "" } else { ", below the vote" };
    let rows: Vec<String> = found.trace.rows.iter().map(u64::to_string).collect();
    format!(
        "{entity} {} of cells ({cells}), score {mean_score:.2}{named}{below}; rows {}",
        percent(*share),
        rows.join(", ")
    )
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

fn as_json(report: &TableReport, rule: VoteRule) -> Value {
    let entity = |found: &EntityFound| {
        let share = &found.share;
        let mut entry = json!({
            "entity": share.entity,
            "cells": share.cells,
            "whole_cells": share.whole_cells,
            "share": share.share,
            "score": share.mean_score,
            "best_score": share.best_score,
            "named": share.named,
            "counts": found.counts,
            "first_rows": found.trace.rows,
        });
        if let (Some(entry), false) = (entry.as_object_mut(), found.trace.examples.is_empty()) {
            entry.insert("examples".to_owned(), json!(found.trace.examples));
        }
        entry
    };
    let column = |column: &ColumnReport| {
        json!({
            "name": column.name,
            "class": match &column.class {
                ColumnClass::Clear => Value::Null,
                ColumnClass::Of(share) => json!(share.entity),
                ColumnClass::TextWith(_) => json!("text"),
            },
            "cells": column.cells,
            "empty": column.nulls,
            "found": column.found.iter().map(entity).collect::<Vec<_>>(),
        })
    };
    json!({
        "rows": report.rows,
        "vote": {
            "least_share": rule.least_share,
            "least_bare_share": rule.least_bare_share,
            "least_named_share": rule.least_named_share,
            "whole_share": rule.whole_share,
        },
        "columns": report.columns.iter().map(column).collect::<Vec<_>>(),
    })
}

/// A policy that `sluice policy check` accepts: the privacy section is what was asked for, the rest is a frame to fill.
fn policy(file: &str, format: &Format, report: &TableReport) -> String {
    let name = dataset_name(file);
    let proposals = if *format == Format::JsonLines { propose_paths(report) } else { propose(report) };
    let format = match format {
        Format::Csv(csv) => {
            let delimiter = json!(char::from(csv.delimiter).to_string());
            let quote = if csv.quote.is_some() { "" } else { ", quote: none" };
            format!("{{ type: csv, delimiter: {delimiter}{quote}, header: {} }}", csv.header)
        }
        Format::JsonLines => "{ type: jsonl }".to_owned(),
        Format::Parquet => "{ type: parquet }".to_owned(),
    };
    let section = yaml(&proposals, &name, 4);
    format!(
        "# Proposed from {} rows. Check every line: what a pattern cannot tell (names, places, free text) is not seen.\n\
         version: 1\ndatasets:\n  - name: {name}\n    match: \"{name}/**\"\n    format: {format}\n    \
         quality: {{ ruleset: \"Rules = [ RowCount > 0 ]\" }}\n{section}",
        report.rows
    )
}

/// A dataset's name from a file's: `a-z`, `0-9`, `_`, `-`, at most 64.
fn dataset_name(file: &str) -> String {
    const MAX_CHARACTERS: usize = 64;
    let path = file.split('?').next().unwrap_or(file);
    let stem = Path::new(path).file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let stem = stem.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let allowed = |character: char| if character.is_ascii_alphanumeric() { character } else { '-' };
    let name: String = stem.chars().map(allowed).take(MAX_CHARACTERS).collect();
    let name = name.trim_matches('-');
    if name.is_empty() { "table".to_owned() } else { name.to_owned() }
}
