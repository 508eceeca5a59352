//! The domain key of a run on a laptop: the vault's, opened by KMS as in the cloud, or one of the laptop's own in a file.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use sluice_common::BucketName;
use sluice_privacy::keyring::{Domain, DomainKey, Epoch, Keyring};
use zeroize::Zeroizing;

use crate::args::Mask;
use crate::cloud::Cloud;

/// The key in the vault; or the one in a file, made when there is none; else one that nobody will have again.
pub(super) fn domain_key(domain: Domain, args: &Mask) -> anyhow::Result<Arc<DomainKey>> {
    if let (Some(vault), Some(kms_key)) = (&args.vault, &args.kms_key) {
        return in_vault(&domain, vault, kms_key).with_context(|| vault.clone());
    }
    let secret = if let Some(file) = &args.key_file {
        in_file(file).with_context(|| format!("{}", file.display()))?
    } else {
        note("a domain key was drawn for this run alone: no other run gives the same tokens; see --key-file");
        draw()?
    };
    Ok(Arc::new(DomainKey::new(domain, Epoch::FIRST, secret)))
}

/// The newest key of the domain, as the pseudonymize function takes it: a domain without any gets its first one.
fn in_vault(domain: &Domain, vault: &str, kms_key: &str) -> anyhow::Result<Arc<DomainKey>> {
    let bucket = vault.strip_prefix("s3://").map(|bucket| bucket.strip_suffix('/').unwrap_or(bucket));
    let bucket = BucketName::new(bucket.context("--vault: expected s3://bucket")?)?;
    let cloud = Cloud::connect()?;
    let objects = Arc::new(cloud.objects());
    let keys = Arc::new(cloud.aws.data_keys(kms_key));
    let keyring = Keyring::new(bucket, objects.clone(), objects.clone(), objects, keys);
    Ok(cloud.runtime.block_on(Box::pin(keyring.current(domain)))?)
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
