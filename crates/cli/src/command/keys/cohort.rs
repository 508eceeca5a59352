//! `sluice keys list` and `shred` of one cohort of a domain's subjects.

use std::io::Write as _;

use anyhow::{Context as _, bail};
use sluice_common::Sha256Digest;
use sluice_evidence::predicate::{Shred, ShreddedCohort, ShreddedKey};
use sluice_evidence::{ResourceDescriptor, Statement};
use sluice_privacy::keyring::{Cohort, CohortKeyDigest, CohortNote, Domain};

use super::Vault;
use super::shred::Signing;
use crate::args::KeysShred;
use crate::exit::Answer;

/// Which cohort is meant.
#[derive(Clone, Copy)]
pub(super) enum Asked<'a> {
    Number(u64),
    /// The one that a subject is in; it is never printed.
    Subject(&'a str),
}

impl<'a> Asked<'a> {
    pub(super) fn of(number: Option<u64>, subject: Option<&'a str>) -> Option<Self> {
        number.map(Self::Number).or(subject.map(Self::Subject))
    }

    async fn cohort(self, vault: &Vault, domain: &Domain) -> anyhow::Result<Cohort> {
        match self {
            Self::Number(number) => Ok(Cohort::try_from(number)?),
            Self::Subject("") => bail!("--subject: expected the value that names the subject in the table"),
            Self::Subject(subject) => {
                let assignment = vault.keyring.assignment(domain).await?;
                let assignment = assignment.with_context(|| {
                    format!("domain {domain} has no cohorts: no dataset with `subjects` was published")
                })?;
                Ok(assignment.cohort(subject))
            }
        }
    }
}

/// Says what there is of a cohort.
pub(super) fn list(vault: &Vault, domain: &Domain, asked: Asked<'_>, json: bool) -> anyhow::Result<Answer> {
    let (cohort, state) = vault.runtime.block_on(Box::pin(async {
        let cohort = asked.cohort(vault, domain).await?;
        anyhow::Ok((cohort, vault.keyring.cohort_state(domain, cohort).await?))
    }))?;
    let epochs: Vec<u32> = state.keys.iter().map(|key| key.epoch.number()).collect();
    let shredded = state.shredded.as_ref().map(|(_, reference)| reference);
    let mut out = std::io::stdout().lock();
    if json {
        let shredded = shredded.map(|one| serde_json::json!({"on": one.on, "statement": one.statement}));
        let record = serde_json::json!({"domain": domain, "cohort": cohort, "epochs": epochs, "shredded": shredded});
        serde_json::to_writer_pretty(&mut out, &record)?;
        writeln!(out)?;
    } else {
        let epochs: Vec<String> = epochs.iter().map(ToString::to_string).collect();
        match (shredded, epochs.is_empty()) {
            (Some(one), true) => {
                writeln!(
                    out,
                    "cohort {cohort} of domain {domain}: shredded on {} by statement {}",
                    one.on, one.statement
                )?;
            }
            (Some(one), false) => writeln!(
                out,
                "cohort {cohort} of domain {domain}: shredded on {} by statement {}, but keys of epoch {} are left; shred it \
                 again",
                one.on,
                one.statement,
                epochs.join(", ")
            )?,
            (None, true) => writeln!(out, "cohort {cohort} of domain {domain}: no key yet")?,
            (None, false) => writeln!(out, "cohort {cohort} of domain {domain}: keys of epoch {}", epochs.join(", "))?,
        }
    }
    let is_half_done = shredded.is_some() && !epochs.is_empty();
    Ok(if is_half_done { Answer::Fail } else { Answer::Pass })
}

/// Forgets a cohort: the statement first, then the note, then the keys of all epochs.
pub(super) fn shred(args: &KeysShred, asked: Asked<'_>, vault: &Vault, signing: &Signing) -> anyhow::Result<Answer> {
    let domain = Domain::new(args.domain.as_str())?;
    let (note, erased, is_new) = vault.runtime.block_on(Box::pin(async {
        let cohort = asked.cohort(vault, &domain).await?;
        let state = vault.keyring.cohort_state(&domain, cohort).await?;
        let (note, is_new) = match state.shredded {
            // An earlier attempt may have been cut off: what is left goes now, under the statement that there is.
            Some((note, _)) => (note, false),
            None => (stated(args, &domain, cohort, state.keys, signing).await?, true),
        };
        let erased = vault.keyring.shred_cohort(&note, vault.eraser.as_ref()).await?;
        anyhow::Ok((note, erased, is_new))
    }))?;
    let mut out = std::io::stdout().lock();
    let cohort = note.cohort;
    if !is_new {
        writeln!(out, "cohort {cohort} of domain {domain} was shredded before, by statement {}", note.statement)?;
    }
    writeln!(out, "cohort {cohort} of domain {domain} is shredded: {erased} versions of its keys removed")?;
    if is_new {
        writeln!(out, "statement: {}, payload sha256 {}", args.statement.display(), note.statement)?;
    }
    writeln!(
        out,
        "what was encrypted for its subjects cannot be opened any more, and what comes of them later is published as NULL; \
         backups of the vault are copies of the keys, destroy them too"
    )?;
    Ok(Answer::Pass)
}

async fn stated(
    args: &KeysShred,
    domain: &Domain,
    cohort: Cohort,
    keys: Vec<CohortKeyDigest>,
    signing: &Signing,
) -> anyhow::Result<CohortNote> {
    let wrapped_sha256 = CohortNote::digest_of(domain, cohort, &keys)?;
    let listed = keys.iter().map(|key| ShreddedKey { epoch: key.epoch.number(), wrapped_sha256: key.wrapped_sha256 });
    let predicate = Shred {
        domain: domain.to_string(),
        epoch: None,
        cohort: Some(ShreddedCohort { number: cohort.number(), keys: listed.collect() }),
        wrapped_sha256,
        requester: args.requester.clone(),
        approver: args.approver.clone(),
        purpose: args.reason.trim().to_owned(),
    };
    let subject = ResourceDescriptor::named(format!("cohort-key:{domain}/{cohort}"), wrapped_sha256);
    let payload = signing.keep(&Statement::new(vec![subject], predicate)?, &args.statement).await?;
    Ok(CohortNote {
        domain: domain.clone(),
        cohort,
        keys,
        requester: args.requester.clone(),
        approver: args.approver.clone(),
        reason: args.reason.trim().to_owned(),
        statement: Sha256Digest::of(&payload),
    })
}
