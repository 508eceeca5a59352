//! `sluice mask`: a table rewritten under a policy, as the pseudonymize function rewrites it.

mod key;
mod output;
mod risk_gate;

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context as _, bail};
use sluice_common::Sha256Digest;
use sluice_common::policy::{Dataset, OutputFormat, Policy};
use sluice_privacy::pseudonymize::{Finished, FormatPreserving, Plan, Risk, Stats, domain_of, run as pseudonymize};
use sluice_stage::table;
use sluice_tabular::{Format, ReadOptions, Source, WriteOptions};

use crate::args::{FormatName, Mask};
use crate::exit::Answer;
use crate::format;
use crate::input::{Digesting, Input};
use risk_gate::{HeldBack, Written};

pub(super) fn run(args: &Mask) -> anyhow::Result<Answer> {
    let policy = load(&args.policy)?;
    let dataset = dataset(&policy, &args.dataset)?;
    let keys = match domain_of(&dataset.privacy)? {
        Some(domain) => key::keys(domain, dataset.privacy.subjects.as_ref(), args)?,
        None => key::RunKeys::default(),
    };
    let read = table::read_options(&dataset.format);
    let write = write_options(dataset, &read, &args.output)?;
    let written = risk_gate::write_within_bounds(&dataset.privacy, keys.of_plan(), |plan| {
        let (source, digesting) = Input::open(&args.file)?.into_source_ahead(&read)?;
        let (read, write) = (read.clone(), write.clone());
        output::write(Job { file: args.file.clone(), source, digesting, read, write, plan }, &args.output)
    })?;
    let mut out = std::io::stdout().lock();
    let Written { masked, place, remedy } = match written {
        Ok(written) => written,
        Err(held_back) => {
            drop(writeln!(std::io::stderr(), "withheld: {held_back}"));
            return Ok(Answer::Fail);
        }
    };
    print(&mut out, &masked.stats)?;
    for column in &masked.format_preserving {
        writeln!(out, "{} of fpe: key {}, {}", column.column, column.mark.key_id(), column.line())?;
    }
    if let Some(risk) = &masked.risk {
        risk_gate::print(&mut out, risk, remedy)?;
    }
    writeln!(out, "\n{} rows of {} (sha256 {})", masked.stats.rows, args.file, masked.input_sha256.to_hex())?;
    writeln!(out, "written to {place}")?;
    Ok(Answer::Pass)
}

/// All that is needed to write the masked table.
struct Job {
    file: String,
    source: Source,
    digesting: Digesting,
    read: ReadOptions,
    write: WriteOptions,
    plan: Plan,
}

/// A masked table that was written to its end.
struct Masked {
    stats: Stats,
    risk: Option<Risk>,
    format_preserving: Vec<FormatPreserving>,
    input_sha256: Sha256Digest,
}

impl Job {
    fn run<W: Write + Send>(self, sink: W) -> anyhow::Result<(W, Masked)> {
        let Self { file, source, digesting, read, write, plan } = self;
        let finished = pseudonymize(source, &read, sink, &write, plan).with_context(|| file.clone())?;
        let input_sha256 = digesting.finish().with_context(|| file)?;
        if let Some(risk) = finished.risk.as_ref().filter(|risk| !risk.may_be_published()) {
            return Err(HeldBack(Box::new(risk.clone())).into());
        }
        let Finished { sink, stats, risk, format_preserving, .. } = finished;
        Ok((sink, Masked { stats, risk, format_preserving, input_sha256 }))
    }
}

fn load(path: &Path) -> anyhow::Result<Policy> {
    let text = fs::read_to_string(path).with_context(|| format!("{}", path.display()))?;
    Policy::parse(&text).with_context(|| format!("{}", path.display()))
}

fn dataset<'p>(policy: &'p Policy, name: &str) -> anyhow::Result<&'p Dataset> {
    policy.dataset(name).with_context(|| {
        let names: Vec<&str> = policy.datasets.iter().map(|dataset| dataset.name.as_str()).collect();
        format!("the policy has no dataset `{name}`; it has {}", names.join(", "))
    })
}

/// The policy decides the format, the output's name the compression. A name that says another format is a mistake.
fn write_options(dataset: &Dataset, read: &ReadOptions, output: &str) -> anyhow::Result<WriteOptions> {
    let written = match dataset.privacy.output {
        OutputFormat::Same => read.format.clone(),
        OutputFormat::Parquet => Format::Parquet,
    };
    let fits = match format::format_of(output) {
        None => true,
        Some(FormatName::Csv | FormatName::Tsv) => matches!(written, Format::Csv(_)),
        Some(FormatName::Jsonl) => written == Format::JsonLines,
        Some(FormatName::Parquet) => written == Format::Parquet,
    };
    if !fits {
        let word = match written {
            Format::Csv(_) => "CSV",
            Format::JsonLines => "JSON Lines",
            Format::Parquet => "Parquet",
        };
        bail!(
            "the policy writes dataset `{}` as {word}, but {output} is named otherwise; rename --output",
            dataset.name
        );
    }
    Ok(WriteOptions::new(written).with_compression(format::compression_of(output)))
}

fn print(out: &mut impl Write, stats: &Stats) -> std::io::Result<()> {
    let width = stats.columns.iter().map(|column| column.name.chars().count()).max().unwrap_or(0).max(6);
    writeln!(out, "{:<width$}  {:<9}  {:>12}  {:>12}", "COLUMN", "TRANSFORM", "VALUES", "NULLS")?;
    for column in &stats.columns {
        if column.output_type.is_none() {
            writeln!(out, "{:<width$}  {:<9}", column.name, column.transform)?;
        } else {
            let (name, transform) = (&column.name, column.transform);
            writeln!(out, "{name:<width$}  {transform:<9}  {:>12}  {:>12}", column.values, column.nulls)?;
        }
    }
    match (stats.undeclared_kept, stats.undeclared_dropped) {
        (0, 0) => Ok(()),
        (0, dropped) => writeln!(out, "{dropped} columns that the policy does not name were left out"),
        (kept, _) => writeln!(out, "{kept} columns that the policy does not name were kept"),
    }
}
