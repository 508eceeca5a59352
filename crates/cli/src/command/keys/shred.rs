//! `sluice keys shred`: the statement first, then the key.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use sluice_common::Sha256Digest;
use sluice_evidence::predicate::Shred;
use sluice_evidence::sign::sign;
use sluice_evidence::{ResourceDescriptor, Statement, TrustedKeys};
use sluice_privacy::keyring::{Domain, Epoch, KeyringError, ShredNote, Shredded};

use super::signer::{self, StatementSigner};
use super::{Vault, cohort};
use crate::args::KeysShred;
use crate::exit::Answer;

const MIN_REASON_CHARACTERS: usize = 10;

/// What signs the statement of a destruction.
pub(super) struct Signing(StatementSigner);

impl Signing {
    /// Signs a statement and writes it to a file that is not there yet. Returns its payload.
    pub(super) async fn keep(&self, statement: &Statement<Shred>, at: &Path) -> anyhow::Result<Vec<u8>> {
        let signer = self.0.signer.as_ref();
        let keys = TrustedKeys::of_signer(signer).await?;
        let signed = sign(statement, signer, &keys).await?;
        let mut file = OpenOptions::new().write(true).create_new(true).open(at);
        let file = file.as_mut().map_err(|error| anyhow::anyhow!("{}: {error}", at.display()))?;
        file.write_all(&signed.envelope_json)?;
        file.sync_all()?;
        Ok(signed.verified.payload().to_vec())
    }
}

pub(super) fn run(args: &KeysShred) -> anyhow::Result<Answer> {
    let domain = Domain::new(args.domain.as_str())?;
    if args.confirm != args.domain {
        bail!("--confirm: expected the domain's name again: what is shredded never comes back");
    }
    for (field, person) in [("--requester", &args.requester), ("--approver", &args.approver)] {
        if person.is_empty() || person.len() > 256 || !person.bytes().all(|byte| byte.is_ascii_graphic()) {
            bail!("{field}: expected 1 to 256 visible ASCII characters");
        }
    }
    if args.requester.eq_ignore_ascii_case(&args.approver) {
        bail!("--approver: must be someone other than the requester");
    }
    if args.reason.trim().chars().count() < MIN_REASON_CHARACTERS || args.reason.chars().any(char::is_control) {
        bail!("--reason: expected {MIN_REASON_CHARACTERS} characters at least that say why");
    }
    let signing = Signing(signer::open(&args.signing_key)?);
    let vault = Vault::open(&args.vault)?;
    if let Some(asked) = cohort::Asked::of(args.cohort, args.subject.as_deref()) {
        return cohort::shred(args, asked, &vault, &signing);
    }
    let epoch = Epoch::new(args.epoch.context("--epoch, --cohort or --subject: say which key")?)?;
    let done = vault.runtime.block_on(Box::pin(async {
        let wrapped_sha256 = match vault.keyring.wrapped_digest(&domain, epoch).await {
            Err(was @ KeyringError::Shredded { .. }) => return Ok((finish(&vault, &domain, epoch, was).await?, false)),
            digest => digest?,
        };
        let predicate = Shred {
            domain: domain.to_string(),
            epoch: Some(epoch.number()),
            cohort: None,
            wrapped_sha256,
            requester: args.requester.clone(),
            approver: args.approver.clone(),
            purpose: args.reason.trim().to_owned(),
        };
        let subject = ResourceDescriptor::named(format!("domain-key:{domain}/{epoch}"), wrapped_sha256);
        let statement = Statement::new(vec![subject], predicate)?;
        let payload = signing.keep(&statement, &args.statement).await?;
        let note = ShredNote {
            domain: domain.clone(),
            epoch,
            wrapped_sha256,
            requester: args.requester.clone(),
            approver: args.approver.clone(),
            reason: args.reason.trim().to_owned(),
            statement: Some(Sha256Digest::of(&payload)),
        };
        anyhow::Ok((vault.keyring.shred(note, vault.eraser.as_ref()).await?, true))
    }));
    let (shredded, is_new) = done.with_context(|| format!("domain {domain}, epoch {epoch}"))?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "the key of domain {domain}, epoch {epoch} is shredded: {} versions removed", shredded.erased)?;
    match (is_new, shredded.note.statement) {
        (true, Some(statement)) => {
            writeln!(out, "statement: {}, payload sha256 {statement}", args.statement.display())?;
        }
        (false, Some(statement)) => writeln!(out, "begun before, by the statement of payload sha256 {statement}")?,
        (_, None) => writeln!(out, "begun before, by an earlier release, whose note names no statement")?,
    }
    writeln!(
        out,
        "its pseudonyms cannot be opened any more; backups of the vault are copies of the key, destroy them too"
    )?;
    Ok(Answer::Pass)
}

/// Finishes a destruction that was cut off after its note was written, under the statement that there is.
///
/// # Errors
/// `was`, when nothing was left to destroy.
async fn finish(vault: &Vault, domain: &Domain, epoch: Epoch, was: KeyringError) -> anyhow::Result<Shredded> {
    let Some(note) = vault.keyring.shred_note(domain, epoch).await? else { return Err(was.into()) };
    let done = vault.keyring.shred(note, vault.eraser.as_ref()).await?;
    if done.erased == 0 { Err(was.into()) } else { Ok(done) }
}
