use std::io::Write;
use std::ops::Range;

use arrow_array::{BooleanArray, RecordBatch};
use arrow_schema::SchemaRef;
use sluice_common::policy::Undeclared;
use sluice_tabular::{Block, ColumnPath, Format, ReadOptions, Reader, Rewriter, Source, WriteOptions};

use super::error::PseudonymizeError;
use super::format_preserving::FormatPreserving;
use super::lists;
use super::plan::{Plan, PlannedColumn};
use super::pseudonymizer::Pseudonymizer;
use super::risk_gate::{Risk, RiskGate, RiskPlan};
use super::stats::Stats;

/// A table that was written to its end.
#[derive(Debug)]
pub struct Finished<W> {
    /// What it was written to.
    pub sink: W,
    /// What was done.
    pub stats: Stats,
    /// The columns of the output, nested ones by their dotted paths. JSON Lines: those that the policy names.
    pub schema: SchemaRef,
    /// How easily people are found again in it, when the policy names quasi-identifiers.
    pub risk: Option<Risk>,
    /// Its columns of `fpe`, and under which key they are made.
    pub format_preserving: Vec<FormatPreserving>,
}

/// Reads a table, transforms it and writes it, block by block.
///
/// Cells that a spreadsheet would run as a formula are neutralised in CSV, whatever `write` says. Parquet stays nested,
/// JSON Lines keeps the spelling of what is not changed. The metadata of a Parquet file tells the keys of columns of `fpe`
/// (`sluice-fpe`: [`FormatPreserving::lines`]); other formats have no room for them.
///
/// # Errors
/// As [`Pseudonymizer::new`], [`Pseudonymizer::transform`], the reader and the writer. The sink then holds an unfinished
/// table, which must not be published.
pub fn run<W: Write + Send>(
    source: impl Into<Source>,
    read: &ReadOptions,
    sink: W,
    write: &WriteOptions,
    plan: Plan,
) -> Result<Finished<W>, PseudonymizeError> {
    run_without(source, read, sink, write, plan, |_first_row, _rows| Vec::new())
}

/// As [`run`], leaving out rows: of each block, in order, `left_out` is told the number of its first row and how many it
/// has, and says which of them, counted from the block's first.
///
/// # Errors
/// As [`run`].
pub fn run_without<W: Write + Send>(
    source: impl Into<Source>,
    read: &ReadOptions,
    sink: W,
    write: &WriteOptions,
    plan: Plan,
    left_out: impl FnMut(u64, usize) -> Vec<Range<usize>>,
) -> Result<Finished<W>, PseudonymizeError> {
    run_watched(source, read, sink, write, plan, left_out, None)
}

/// As [`run_without`]; `watch` is shown what is published: the columns of [`Finished::schema`], without the rows that are
/// left out.
///
/// # Errors
/// As [`run`].
pub fn run_watched<W: Write + Send>(
    source: impl Into<Source>,
    read: &ReadOptions,
    sink: W,
    write: &WriteOptions,
    plan: Plan,
    mut left_out: impl FnMut(u64, usize) -> Vec<Range<usize>>,
    mut watch: Option<&mut dyn FnMut(&RecordBatch)>,
) -> Result<Finished<W>, PseudonymizeError> {
    let mut write = write.clone();
    write.neutralise_formulas = true;
    if !plan.format_preserving.is_empty() {
        write.metadata.push((FormatPreserving::METADATA.to_owned(), FormatPreserving::lines(&plan.format_preserving)));
    }
    // What nobody declared is looked for inside lists too, where it is looked at or refused.
    let open_lists =
        plan.undeclared == Undeclared::Refuse || (plan.undeclared == Undeclared::Keep && plan.watch.is_some());
    let read = ReadOptions { rewritable: true, open_lists, ..read.clone() };
    lists::check(&plan, &read.format, &write.format)?;
    let mut reader = Reader::open(source, &read)?;
    let (undeclared, risk) = (plan.undeclared, plan.risk.clone());
    let format_preserving = plan.format_preserving.clone();
    let subject = plan.subjects.as_ref().map(|subjects| subjects.column().to_owned());
    let is_selected = undeclared != Undeclared::Keep && read.format == Format::JsonLines && write.format == read.format;
    ask_for_declared(&mut reader, &read.format, &plan)?;
    let mut pseudonymizer = Pseudonymizer::new(plan, &reader.schema())?;
    if matches!(read.format, Format::Csv(_)) || (read.format == Format::JsonLines && undeclared == Undeclared::Drop) {
        // What is left out is not decoded. A Parquet file is rewritten whole, so that it stays nested.
        reader.project(&pseudonymizer.narrow())?;
    }
    let masks_undeclared = pseudonymizer.masks_undeclared();
    let known_columns = reader.schema().fields().len();
    let mut gate = match &risk {
        Some(risk) => Some(risk.bind(&reader.schema(), &pseudonymizer)?),
        None => None,
    };
    let mut writer = if is_selected {
        Rewriter::select(sink, &write, &reader, &pseudonymizer.selection())?
    } else {
        Rewriter::new(sink, &write, &reader, &pseudonymizer.changes())?
    };
    for block in &mut reader {
        let block = block?;
        check_late_columns(&block, known_columns, undeclared, &write.format)?;
        if masks_undeclared && block.batch.num_columns() > known_columns {
            return Err(PseudonymizeError::LateColumns { first_row: block.first_row });
        }
        let values = pseudonymizer.replacements(&block.batch)?;
        let keep = all_but(block.rows(), &left_out(block.first_row, block.rows()));
        let keep = match &mut gate {
            Some(gate) => gate.look(&block.batch, &values, keep)?,
            None => keep,
        };
        writer.write(&block, &values, keep.as_ref())?;
        if let Some(watch) = &mut watch {
            watch(&pseudonymizer.published(&block.batch, &values, keep.as_ref())?);
        }
    }
    let watched = risk.iter().flat_map(RiskPlan::columns).chain(subject.as_deref());
    let watched: Vec<&str> = watched.collect();
    check_unseen_columns(&reader, pseudonymizer.stats(), &watched)?;
    pseudonymizer.check_undeclared()?;
    let schema = SchemaRef::clone(pseudonymizer.output_schema());
    let risk = gate.map(RiskGate::finish).transpose()?;
    let stats = pseudonymizer.stats().clone();
    Ok(Finished { sink: writer.finish()?, stats, schema, risk, format_preserving })
}

/// The rows of a block that are kept; `None`: all of them.
fn all_but(rows: usize, left_out: &[Range<usize>]) -> Option<BooleanArray> {
    if left_out.is_empty() {
        return None;
    }
    let mut keep = vec![true; rows];
    for run in left_out {
        keep.iter_mut().take(run.end).skip(run.start).for_each(|row| *row = false);
    }
    Some(keep.into())
}

/// Tells the reader of JSON Lines, whose columns come up as it reads, which ones the policy names.
fn ask_for_declared(reader: &mut Reader, format: &Format, plan: &Plan) -> Result<(), PseudonymizeError> {
    let mut names: Vec<&str> = plan.columns.iter().map(|column| column.name.as_str()).collect();
    let subjects = plan.columns.iter().filter_map(PlannedColumn::subject);
    for further in subjects.chain(plan.risk.iter().flat_map(RiskPlan::columns)) {
        if !names.contains(&further) {
            names.push(further);
        }
    }
    let declared: Vec<ColumnPath> = names.into_iter().map(ColumnPath::from).collect();
    match (format, plan.undeclared) {
        // What is not named is not even looked at.
        (Format::JsonLines, Undeclared::Drop) => reader.project(&declared)?,
        // What is not named comes after what is.
        (Format::JsonLines, Undeclared::Keep | Undeclared::Refuse) => reader.require(&declared)?,
        // What the lists hold that they enter comes as columns; a column that is missing is told by the plan.
        (Format::Parquet, _) => {
            let inside = declared.into_iter().filter(|path| path.list().is_some());
            reader.open_lists(&inside.collect::<Vec<_>>())?;
        }
        (Format::Csv(_), _) => {}
    }
    Ok(())
}

/// A column of the policy that no row of a JSON Lines table has may be there under another name: its values would be
/// published as they are. Only the end tells; what was written by then must not be published.
fn check_unseen_columns(reader: &Reader, stats: &Stats, watched: &[&str]) -> Result<(), PseudonymizeError> {
    if stats.rows == 0 {
        return Ok(());
    }
    let unseen = reader.columns_without_rows();
    let named = |column: &&str| unseen.iter().any(|path| path.as_str() == *column);
    let declared = stats.columns.iter().map(|column| column.name.as_str());
    match declared.chain(watched.iter().copied()).find(named) {
        Some(column) => Err(PseudonymizeError::MissingColumn { column: column.to_owned() }),
        None => Ok(()),
    }
}

/// JSON Lines may bring paths that the first block did not have. Only lines that are edited in place can take them as they
/// come.
fn check_late_columns(
    block: &Block,
    known_columns: usize,
    undeclared: Undeclared,
    output: &Format,
) -> Result<(), PseudonymizeError> {
    let late = block.batch.num_columns().saturating_sub(known_columns);
    match undeclared {
        _ if late == 0 => Ok(()),
        Undeclared::Refuse => {
            Err(PseudonymizeError::UndeclaredColumns { count: late, first: known_columns.saturating_add(1) })
        }
        Undeclared::Keep if *output == Format::JsonLines => Ok(()),
        Undeclared::Keep | Undeclared::Drop => Err(PseudonymizeError::LateColumns { first_row: block.first_row }),
    }
}
