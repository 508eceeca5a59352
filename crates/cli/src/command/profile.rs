//! `sluice profile`: what a table holds.

mod table;

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::Context as _;
use sluice_common::Sha256Digest;
use sluice_profile::Profile;
use sluice_report::html::{self, Page};
use sluice_report::sagemaker;
use sluice_tabular::Reader;

use crate::args::{FormatArgs, Profile as ProfileArgs};
use crate::exit::Answer;
use crate::format;
use crate::input::Input;

pub(super) fn run(args: &ProfileArgs) -> anyhow::Result<Answer> {
    let (profile, sha256) = read(&args.file, &args.format)?;
    let profile = if args.hide_values { profile.concealed(|_| false) } else { profile };
    if let Some(directory) = &args.sagemaker {
        write_json(&directory.join("statistics.json"), &sagemaker::statistics(&profile))?;
        write_json(&directory.join("constraints.json"), &sagemaker::constraints(&profile))?;
    }
    if let Some(path) = &args.html {
        let facts = vec![("SHA-256", sha256.to_hex())];
        let page = Page { subject: &args.file, facts, profile: Some(&profile), ..Page::default() };
        fs::write(path, html::page(&page)).with_context(|| path.display().to_string())?;
    }
    let mut out = std::io::stdout().lock();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &profile)?;
        writeln!(out)?;
    } else {
        table::print(&mut out, &args.file, sha256, &profile)?;
    }
    Ok(Answer::Pass)
}

/// What a table holds, and the digest of its bytes.
pub(super) fn read(file: &str, format: &FormatArgs) -> anyhow::Result<(Profile, Sha256Digest)> {
    let options = format::read_options(file, format)?;
    let (source, digesting) = Input::open(file)?.into_source_ahead(&options)?;
    let profile = Reader::open(source, &options)
        .map_err(sluice_profile::ProfileError::from)
        .and_then(sluice_profile::profile)
        .with_context(|| file.to_owned())?;
    let sha256 = digesting.finish().with_context(|| file.to_owned())?;
    Ok((profile, sha256))
}

fn write_json(path: &Path, value: &serde_json::Value) -> anyhow::Result<()> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    fs::write(path, text).with_context(|| path.display().to_string())
}
