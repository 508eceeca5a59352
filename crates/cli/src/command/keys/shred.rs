//! `sluice keys shred`: the statement first, then the key.

use std::fs::OpenOptions;
use std::io::Write as _;

use anyhow::{Context as _, bail};
use sluice_evidence::predicate::Shred;
use sluice_evidence::sign::sign;
use sluice_evidence::{ResourceDescriptor, Statement, TrustedKeys};
use sluice_privacy::keyring::{Domain, Epoch, ShredNote};

use super::Vault;
use super::signer::{self, StatementSigner};
use crate::args::KeysShred;
use crate::exit::Answer;

const MIN_REASON_CHARACTERS: usize = 10;

pub(super) fn run(args: &KeysShred) -> anyhow::Result<Answer> {
    let domain = Domain::new(args.domain.as_str())?;
    let epoch = Epoch::new(args.epoch)?;
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
    let StatementSigner { signer, runtime: _cloud } = signer::open(&args.signing_key)?;
    let vault = Vault::open(&args.vault)?;
    let done = vault.runtime.block_on(Box::pin(async {
        let wrapped_sha256 = vault.keyring.wrapped_digest(&domain, epoch).await?;
        let predicate = Shred {
            domain: domain.to_string(),
            epoch: epoch.number(),
            wrapped_sha256,
            requester: args.requester.clone(),
            approver: args.approver.clone(),
            purpose: args.reason.trim().to_owned(),
        };
        let note = ShredNote {
            domain: domain.clone(),
            epoch,
            wrapped_sha256,
            requester: args.requester.clone(),
            approver: args.approver.clone(),
            reason: args.reason.trim().to_owned(),
        };
        let subject = ResourceDescriptor::named(format!("domain-key:{domain}/{epoch}"), wrapped_sha256);
        let statement = Statement::new(vec![subject], predicate)?;
        let keys = TrustedKeys::of_signer(signer.as_ref()).await?;
        let signed = sign(&statement, signer.as_ref(), &keys).await?;
        let mut file = OpenOptions::new().write(true).create_new(true).open(&args.statement);
        let file = file.as_mut().map_err(|error| anyhow::anyhow!("{}: {error}", args.statement.display()))?;
        file.write_all(&signed.envelope_json)?;
        file.sync_all()?;
        anyhow::Ok(vault.keyring.shred(note, vault.eraser.as_ref()).await?)
    }));
    let shredded = done.with_context(|| format!("domain {domain}, epoch {epoch}"))?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "the key of domain {domain}, epoch {epoch} is shredded: {} versions removed", shredded.erased)?;
    writeln!(out, "statement: {}", args.statement.display())?;
    writeln!(
        out,
        "its pseudonyms cannot be opened any more; backups of the vault are copies of the key, destroy them too"
    )?;
    Ok(Answer::Pass)
}
