//! `sluice keys retokenise`.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};

use anyhow::{Context as _, bail};
use sluice_common::policy::{OutputFormat, Policy};
use sluice_privacy::keyring::Epoch;
use sluice_privacy::pseudonymize::{Plan, domain_of, run as pseudonymize};
use sluice_stage::table;
use sluice_tabular::{Format, ReadOptions, WriteOptions};

use super::Vault;
use crate::args::KeysRetokenise;
use crate::exit::Answer;
use crate::format;
use crate::input::Input;

pub(super) fn run(args: &KeysRetokenise) -> anyhow::Result<Answer> {
    let text = fs::read_to_string(&args.policy).with_context(|| format!("{}", args.policy.display()))?;
    let policy = Policy::parse(&text).with_context(|| format!("{}", args.policy.display()))?;
    let dataset =
        policy.dataset(&args.dataset).with_context(|| format!("the policy has no dataset `{}`", args.dataset))?;
    let domain = domain_of(&dataset.privacy)?.context("no column of the dataset has a keyed transform")?;
    let vault = Vault::open(&args.vault)?;
    let (old, new) = vault.runtime.block_on(Box::pin(async {
        let old = vault.keyring.open(&domain, Epoch::new(args.from)?).await?;
        let new = match args.to {
            Some(epoch) => vault.keyring.open(&domain, Epoch::new(epoch)?).await?,
            None => vault.keyring.current(&domain).await?,
        };
        anyhow::Ok((old, new))
    }))?;
    if old.epoch() == new.epoch() {
        bail!("the table is of epoch {} already; `sluice keys rotate {domain}` begins a new one", new.epoch());
    }
    let plan = Plan::retokenise(&dataset.privacy, &old, &new, args.leave_tokens)?;
    let read = match dataset.privacy.output {
        OutputFormat::Same => table::read_options(&dataset.format),
        OutputFormat::Parquet => ReadOptions::new(Format::Parquet),
    };
    let write =
        WriteOptions::new(read.format.clone()).with_compression(format::compression_of(&args.output.to_string_lossy()));
    let (source, digesting) = Input::open(&args.file)?.into_source_ahead(&read)?;
    let mut partial = args.output.as_os_str().to_owned();
    partial.push(".partial");
    let written = || -> anyhow::Result<_> {
        let file = File::create(&partial).with_context(|| partial.to_string_lossy().into_owned())?;
        let mut finished = pseudonymize(source, &read, BufWriter::new(file), &write, plan)?;
        finished.sink.flush()?;
        Ok((finished.stats, finished.format_preserving))
    };
    let (stats, format_preserving) = match written() {
        Ok(stats) => stats,
        Err(error) => {
            // An unfinished table must not be taken for a whole one.
            drop(fs::remove_file(&partial));
            return Err(error.context(args.file.clone()));
        }
    };
    digesting.finish().with_context(|| args.file.clone())?;
    fs::rename(&partial, &args.output)?;
    let mut out = std::io::stdout().lock();
    for column in &stats.columns {
        writeln!(out, "{}: {} values of `{}`", column.name, column.values, column.transform)?;
    }
    for column in &format_preserving {
        writeln!(out, "{} of fpe: key {}, {}", column.column, column.mark.key_id(), column.line())?;
    }
    writeln!(
        out,
        "{} rows brought from epoch {} of domain {domain} into epoch {}: {}",
        stats.rows,
        old.epoch(),
        new.epoch(),
        args.output.display()
    )?;
    Ok(Answer::Pass)
}
