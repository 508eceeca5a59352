//! `sluice mask`: a table rewritten under a policy, as the pseudonymize function rewrites it.

mod key;

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use sluice_common::policy::{Dataset, OutputFormat, Policy};
use sluice_privacy::pseudonymize::{Plan, Stats, domain_of, run as pseudonymize};
use sluice_stage::table;
use sluice_tabular::{Format, ReadOptions, WriteOptions};

use crate::args::{FormatName, Mask};
use crate::exit::Answer;
use crate::format;
use crate::input::Input;

pub(super) fn run(args: &Mask) -> anyhow::Result<Answer> {
    let policy = load(&args.policy)?;
    let dataset = dataset(&policy, &args.dataset)?;
    let key = match domain_of(&dataset.privacy)? {
        Some(domain) => Some(key::domain_key(domain, args.key_file.as_deref())?),
        None => None,
    };
    let plan = Plan::new(&dataset.privacy, key.as_ref())?;
    let read = table::read_options(&dataset.format);
    let write = write_options(dataset, &read, &args.output)?;
    let (source, digesting) = Input::open(&args.file)?.into_source(&read)?;
    let partial = Partial::create(&args.output)?;
    let mut finished = pseudonymize(source, &read, BufWriter::new(partial.file()?), &write, plan)
        .with_context(|| args.file.clone())?;
    finished.sink.flush()?;
    let sha256 = digesting.finish().with_context(|| args.file.clone())?;
    partial.publish()?;
    let mut out = std::io::stdout().lock();
    print(&mut out, &finished.stats)?;
    writeln!(out, "\n{} rows of {} (sha256 {})", finished.stats.rows, args.file, sha256.to_hex())?;
    writeln!(out, "written to {}", args.output.display())?;
    Ok(Answer::Pass)
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
fn write_options(dataset: &Dataset, read: &ReadOptions, output: &Path) -> anyhow::Result<WriteOptions> {
    let written = match dataset.privacy.output {
        OutputFormat::Same => read.format.clone(),
        OutputFormat::Parquet => Format::Parquet,
    };
    let name = output.to_string_lossy();
    let fits = match format::format_of(&name) {
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
        bail!("the policy writes dataset `{}` as {word}, but {name} is named otherwise; rename --output", dataset.name);
    }
    Ok(WriteOptions::new(written).with_compression(format::compression_of(&name)))
}

/// An output under a name of its own until it is whole. Dropped before, it is removed.
struct Partial<'o> {
    path: PathBuf,
    output: &'o Path,
    is_published: bool,
}

impl<'o> Partial<'o> {
    fn create(output: &'o Path) -> anyhow::Result<Self> {
        let mut name = output.as_os_str().to_owned();
        name.push(".partial");
        let path = PathBuf::from(name);
        File::create(&path).with_context(|| format!("{}", path.display()))?;
        Ok(Self { path, output, is_published: false })
    }

    fn file(&self) -> anyhow::Result<File> {
        OpenOptions::new().write(true).open(&self.path).with_context(|| format!("{}", self.path.display()))
    }

    fn publish(mut self) -> anyhow::Result<()> {
        fs::rename(&self.path, self.output).with_context(|| format!("{}", self.output.display()))?;
        self.is_published = true;
        Ok(())
    }
}

impl Drop for Partial<'_> {
    fn drop(&mut self) {
        if !self.is_published {
            // What failed before is the error to tell; a file left behind is named so that nobody takes it for whole.
            drop(fs::remove_file(&self.path));
        }
    }
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
