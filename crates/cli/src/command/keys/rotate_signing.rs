//! `sluice keys rotate-signing`: the present key says which key follows it, and until when it counts itself.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sluice_common::BucketName;
use sluice_common::port::{Clock as _, Signer, SystemClock, UserMetadata};
use sluice_evidence::predicate::KeyRotation;
use sluice_evidence::sign::sign;
use sluice_evidence::verify::{KeyId, RetiredKey};
use sluice_evidence::{Archive, Ledger, Statement, TrustedKeys};

use super::signer;
use crate::args::KeysRotateSigning;
use crate::cloud::Cloud;
use crate::exit::Answer;

pub(super) fn run(args: &KeysRotateSigning) -> anyhow::Result<Answer> {
    let since = args.since.unwrap_or_else(|| SystemClock.now());
    if since > args.until {
        bail!("--until: the present key must stay valid until the next one is, or statements of that time are lost");
    }
    let (from, to) = (signer::open(&args.from)?, signer::open(&args.to)?);
    let cloud = args.evidence.as_ref().map(|_| Cloud::connect()).transpose()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let work = Box::pin(rotate(args, since, &from.signer, to.signer.as_ref(), cloud.as_ref()));
    let rotation = runtime.block_on(work)?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{} counts until {}", rotation.previous, rotation.previous_not_after)?;
    writeln!(out, "{} counts from {} on", rotation.next, rotation.next_not_before)?;
    let retired = RetiredKey {
        arn: args.from.starts_with("arn:").then(|| args.from.clone()),
        spki: runtime.block_on(from.signer.public_key())?,
        until: Some(args.until),
    };
    writeln!(
        out,
        "now wait until this statement is in the log; then deploy with the new key as SigningKeyArn, and add to"
    )?;
    writeln!(out, "RetiredSigningKeys:")?;
    writeln!(out, "{retired}")?;
    Ok(Answer::Pass)
}

async fn rotate(
    args: &KeysRotateSigning,
    since: jiff::Timestamp,
    from: &Arc<dyn Signer>,
    to: &dyn Signer,
    cloud: Option<&Cloud>,
) -> anyhow::Result<KeyRotation> {
    let (old, new) = (from.public_key().await?.0, to.public_key().await?.0);
    let predicate = KeyRotation {
        previous: KeyId::of_spki(&old),
        previous_not_after: args.until,
        next: KeyId::of_spki(&new),
        next_public_key: BASE64.encode(&new),
        next_not_before: since,
    };
    let statement = Statement::new(vec![KeyRotation::subject(&predicate.previous)], predicate.clone())?;
    let keys = TrustedKeys::of_signer(from.as_ref()).await?;
    if let (Some(location), Some(cloud)) = (&args.evidence, cloud) {
        let Some(bucket) = location.strip_prefix("s3://") else { bail!("--evidence: expected s3://BUCKET") };
        let bucket = BucketName::new(bucket.trim_end_matches('/'))?;
        let objects = Arc::new(cloud.objects());
        let archive = Archive::new(bucket, objects.clone(), objects.clone(), keys.clone());
        let ledger = Ledger::new(archive, objects, Arc::clone(from));
        // Written once: a key that was rotated before, to whatever, is not rotated again.
        ledger.record(&statement, &UserMetadata::new()).await.with_context(|| location.clone())?;
    }
    if let Some(path) = &args.output {
        let name = path.display().to_string();
        let signed = sign(&statement, from.as_ref(), &keys).await?;
        let mut file = OpenOptions::new().write(true).create_new(true).open(path).with_context(|| name.clone())?;
        file.write_all(&signed.envelope_json).and_then(|()| file.sync_all()).with_context(|| name)?;
    }
    Ok(predicate)
}
