//! `sluice keys`: what is done to the keys of pseudonyms by hand.

mod cohort;
mod joinable;
mod retokenise;
mod rotate_signing;
mod shred;
mod signer;

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use sluice_common::BucketName;
use sluice_common::port::VersionEraser;
use sluice_privacy::keyring::{Domain, EpochStatus, Keyring};
use tokio::runtime::Runtime;

use crate::args::{KeysCommand, KeysList, KeysRotate, VaultArgs};
use crate::cloud::{self, Cloud};
use crate::exit::Answer;
use crate::vault::DirectoryVault;

pub(super) fn run(command: &KeysCommand) -> anyhow::Result<Answer> {
    match command {
        KeysCommand::List(args) => list(args),
        KeysCommand::Rotate(args) => rotate(args),
        KeysCommand::Retokenise(args) => retokenise::run(args),
        KeysCommand::Shred(args) => shred::run(args),
        KeysCommand::RotateSigning(args) => rotate_signing::run(args),
        KeysCommand::Joinable(args) => joinable::run(args),
    }
}

/// A vault that is open, and the runtime that its calls run in.
pub(super) struct Vault {
    pub(super) runtime: Runtime,
    pub(super) keyring: Keyring,
    eraser: Arc<dyn VersionEraser>,
}

impl Vault {
    fn open(args: &VaultArgs) -> anyhow::Result<Self> {
        Self::at(&args.vault, args.kms_key.as_deref())
    }

    /// Opens what `--vault` and `--kms-key` name.
    pub(super) fn at(vault: &str, kms_key: Option<&str>) -> anyhow::Result<Self> {
        Self::open_in(vault, kms_key).with_context(|| vault.to_owned())
    }

    fn open_in(vault: &str, kms_key: Option<&str>) -> anyhow::Result<Self> {
        if cloud::is_s3(vault) {
            let bucket = vault.trim_start_matches("s3://").trim_end_matches('/');
            let bucket = BucketName::new(bucket).context("--vault: expected s3://bucket")?;
            let kms_key = kms_key.context("--kms-key: needed for a vault in S3")?;
            let cloud = Cloud::connect()?;
            let objects = Arc::new(cloud.objects());
            let keys = Arc::new(cloud.aws.data_keys(kms_key));
            let keyring = Keyring::new(bucket, objects.clone(), objects.clone(), objects.clone(), keys);
            return Ok(Self { runtime: cloud.runtime, keyring, eraser: objects });
        }
        if kms_key.is_some() {
            bail!("--kms-key: a vault in a directory has a wrapping key of its own");
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let vault = Arc::new(DirectoryVault::open(Path::new(vault))?);
        let bucket = DirectoryVault::bucket()?;
        let keyring = Keyring::new(bucket, vault.clone(), vault.clone(), vault.clone(), vault.clone());
        Ok(Self { runtime, keyring, eraser: vault })
    }
}

fn list(args: &KeysList) -> anyhow::Result<Answer> {
    let vault = Vault::open(&args.vault)?;
    if let (Some(domain), Some(asked)) = (&args.domain, cohort::Asked::of(args.cohort, args.subject.as_deref())) {
        return cohort::list(&vault, &Domain::new(domain.as_str())?, asked, args.json);
    }
    let records = vault.runtime.block_on(Box::pin(async {
        let domains = match &args.domain {
            Some(domain) => vec![Domain::new(domain.as_str())?],
            None => vault.keyring.domains().await?,
        };
        let mut records = Vec::new();
        for domain in &domains {
            records.extend(vault.keyring.records(domain).await?);
        }
        anyhow::Ok(records)
    }))?;
    let is_sound = records.iter().all(|record| record.status != EpochStatus::Overwritten);
    let mut out = std::io::stdout().lock();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &records)?;
        writeln!(out)?;
    } else {
        let width = records.iter().map(|record| record.domain.as_str().len()).max().unwrap_or(0).max(6);
        writeln!(out, "{:<width$}  {:>5}  STATUS", "DOMAIN", "EPOCH")?;
        for record in &records {
            let status = match (record.status, record.is_current) {
                (EpochStatus::Kept, true) => "current: new pseudonyms are made with it",
                (EpochStatus::Kept, false) => "kept: its pseudonyms still open",
                (EpochStatus::Shredded, _) => "shredded: its pseudonyms cannot be opened any more",
                (EpochStatus::Overwritten, _) => "OVERWRITTEN or deleted: remove everything but its first version",
            };
            writeln!(out, "{:<width$}  {:>5}  {status}", record.domain.as_str(), record.epoch.number())?;
        }
    }
    Ok(if is_sound { Answer::Pass } else { Answer::Fail })
}

fn rotate(args: &KeysRotate) -> anyhow::Result<Answer> {
    let vault = Vault::open(&args.vault)?;
    let domain = Domain::new(args.domain.as_str())?;
    let key = vault.runtime.block_on(Box::pin(vault.keyring.rotate(&domain)))?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "domain {domain} is now in epoch {} (key {})", key.epoch(), key.id())?;
    writeln!(out, "pseudonyms of earlier epochs still open; they do not join with new ones until `keys retokenise`")?;
    Ok(Answer::Pass)
}
