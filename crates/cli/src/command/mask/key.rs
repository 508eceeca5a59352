//! The domain key of a run on a laptop: the vault's, opened by KMS as in the cloud, or one of the laptop's own in a file.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use sluice_common::policy::SubjectsSpec;
use sluice_privacy::keyring::{Domain, DomainKey, Epoch};
use sluice_privacy::pseudonymize::{PlanKeys, SubjectKeys, Waiter};
use zeroize::Zeroizing;

use crate::args::Mask;
use crate::command::keys::Vault;

/// The keys of a run.
#[derive(Default)]
pub(super) struct RunKeys {
    domain: Option<Arc<DomainKey>>,
    subjects: Option<SubjectKeys>,
}

impl RunKeys {
    pub(super) fn of_plan(&self) -> PlanKeys<'_> {
        PlanKeys { domain: self.domain.as_deref(), subjects: self.subjects.as_ref(), ..PlanKeys::default() }
    }
}

/// The keys in the vault; or the domain's in a file, made when there is none; else one that nobody will have again.
pub(super) fn keys(domain: Domain, subjects: Option<&SubjectsSpec>, args: &Mask) -> anyhow::Result<RunKeys> {
    if let Some(vault) = &args.vault {
        return in_vault(&domain, subjects, vault, args.kms_key.as_deref()).with_context(|| vault.clone());
    }
    if subjects.is_some() {
        bail!("the policy has `subjects`, whose keys are kept in a vault: name one by --vault, if only a directory");
    }
    let secret = if let Some(file) = &args.key_file {
        in_file(file).with_context(|| format!("{}", file.display()))?
    } else {
        note("a domain key was drawn for this run alone: no other run gives the same tokens; see --key-file");
        draw()?
    };
    Ok(RunKeys { domain: Some(Arc::new(DomainKey::new(domain, Epoch::FIRST, secret))), subjects: None })
}

/// The newest key of the domain, as the pseudonymize function takes it: a domain without any gets its first one.
fn in_vault(
    domain: &Domain,
    subjects: Option<&SubjectsSpec>,
    vault: &str,
    kms_key: Option<&str>,
) -> anyhow::Result<RunKeys> {
    let Vault { runtime, keyring, .. } = Vault::at(vault, kms_key)?;
    let (key, cohorts) = runtime.block_on(Box::pin(async {
        let key = keyring.current(domain).await?;
        let cohorts = match subjects {
            Some(subjects) => Some(keyring.cohorts(Arc::clone(&key), subjects.cohorts).await?),
            None => None,
        };
        anyhow::Ok((key, cohorts))
    }))?;
    let wait: Waiter = Arc::new(move |future| runtime.block_on(future));
    let subjects = subjects.zip(cohorts);
    let subjects = subjects.map(|(spec, cohorts)| SubjectKeys::new(&spec.column, Arc::new(cohorts), wait));
    Ok(RunKeys { domain: Some(key), subjects })
}

fn in_file(file: &Path) -> anyhow::Result<Zeroizing<[u8; 32]>> {
    match fs::read_to_string(file).map(Zeroizing::new) {
        Ok(text) => {
            let mut secret = Zeroizing::new([0; 32]);
            hex::decode_to_slice(text.trim(), secret.as_mut_slice())
                .map_err(|_would_quote_the_key| anyhow::anyhow!("expected 64 hexadecimal digits"))?;
            Ok(secret)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let secret = draw()?;
            let text = Zeroizing::new(hex::encode(secret.as_slice()));
            create_private(file)?.write_all(text.as_bytes())?;
            note(&format!("a new domain key was written to {}: keep it secret", file.display()));
            Ok(secret)
        }
        Err(error) => Err(error.into()),
    }
}

/// For its owner's eyes only, where the system knows owners.
fn create_private(file: &Path) -> io::Result<fs::File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)
}

fn draw() -> anyhow::Result<Zeroizing<[u8; 32]>> {
    let mut secret = Zeroizing::new([0; 32]);
    getrandom::fill(secret.as_mut_slice())
        .map_err(|error| anyhow::anyhow!("the system gives no random bytes: {error}"))?;
    Ok(secret)
}

fn note(text: &str) {
    // Standard error may be closed; the work goes on.
    drop(writeln!(io::stderr(), "sluice: {text}"));
}
