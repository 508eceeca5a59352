//! `sluice evidence export`: what an auditor takes home.

use std::io::Write as _;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use sluice_common::BucketName;
use sluice_common::port::SystemClock;
use sluice_log::bundle::{ExportPorts, export as export_bundle};
use sluice_log::shelf::BucketShelf;

use super::verify_log::{log_keys_of, statement_keys};
use crate::args::EvidenceExport;
use crate::cloud::Cloud;
use crate::exit::Answer;

pub(super) fn export(args: &EvidenceExport) -> anyhow::Result<Answer> {
    let Some(bucket) = args.location.strip_prefix("s3://") else { bail!("{}: expected s3://BUCKET", args.location) };
    let bucket = BucketName::new(bucket.trim_end_matches('/'))?;
    let output = args.output.display().to_string();
    let is_there = args.output.try_exists().with_context(|| output.clone())?;
    if is_there && std::fs::read_dir(&args.output).with_context(|| output.clone())?.next().is_some() {
        bail!("{output} is not empty: evidence of two exports must not mix");
    }
    let key = args.keys.key.display().to_string();
    let pem = std::fs::read(&args.keys.key).with_context(|| key.clone())?;
    let keys = statement_keys(&pem, &key)?;
    let log_keys = log_keys_of(&args.keys.log_key)?;
    let pem = String::from_utf8(pem)?;
    let cloud = Cloud::connect()?;
    let objects = Arc::new(cloud.objects());
    let shelf = BucketShelf::new(bucket.clone(), objects.clone(), objects.clone(), objects.clone());
    let ports =
        ExportPorts { reader: &*objects, versions: &*objects, locks: &*objects, shelf: &shelf, clock: &SystemClock };
    let work = export_bundle(&bucket, ports, &pem, &keys, &log_keys, &args.output);
    let exported = cloud.runtime.block_on(Box::pin(work)).with_context(|| args.location.clone())?;
    let mut out = std::io::stdout().lock();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &exported)?;
        writeln!(out)?;
    } else {
        let (statements, proofs) = (exported.statements, exported.proofs);
        writeln!(out, "{output}: {} files, {statements} statements, {proofs} proofs", exported.files)?;
        writeln!(out, "verify it with: sluice verify all {output} --key YOUR.pem --log-key YOUR.vkey")?;
        if proofs < statements {
            writeln!(
                out,
                "{} statements are not in the log yet: `verify all` can tell of them later",
                statements - proofs
            )?;
        }
    }
    Ok(Answer::Pass)
}
