//! One version of the raw bucket. Whether it is sealed decides what else can be asked; one file a further check.

mod curated;
mod digest;
mod facts;
mod lock;
mod made;
mod rows;
mod stages;

use async_trait::async_trait;
use sluice_common::port::{Queue, StoreError, VersionEntry};
use sluice_common::{Dispose, ObjectVersion};
use sluice_evidence::predicate::{FindingEvidence, Quarantine, Seal};
use sluice_evidence::{EvidenceError, Kept, ResourceDescriptor, Stage, StatementKey, SubjectId};

use super::Round;
use super::rule::{Problem, Rule, Verdict};

/// A version with its seal, which verifies.
pub(super) struct SealedVersion<'a> {
    round: &'a Round<'a>,
    entry: &'a VersionEntry,
    version: &'a ObjectVersion,
    seal: &'a Kept<Seal>,
}

/// A check of a sealed version.
#[async_trait]
trait VersionCheck: Sync {
    /// What it finds; nothing when all is well.
    async fn check(&self, of: &SealedVersion<'_>, found: &mut Examined);
}

/// Every check.
const CHECKS: [&dyn VersionCheck; 4] = [&facts::Facts, &lock::LockHeld, &stages::LaterStages, &digest::Digest];

/// What became known of a version.
#[derive(Debug, Default)]
pub(super) struct Examined {
    pub(super) verdicts: Vec<Verdict>,
    /// Where the seal is, when there is one that verifies.
    pub(super) sealed: Option<FindingEvidence>,
    pub(super) unsealed: bool,
    pub(super) re_enqueued: u64,
    pub(super) rehashed: u64,
    pub(super) curated_seen: u64,
    pub(super) lock: Option<PromisedLock>,
}

/// Where the retention that a seal promises stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PromisedLock {
    /// It ends within a week. Nothing is wrong; whoever wants to keep the version must act.
    Ending,
    /// It is over.
    Ended,
}

impl Examined {
    fn damaged(&mut self, rule: Rule, subject: ResourceDescriptor, detail: &str, evidence: Vec<FindingEvidence>) {
        self.verdicts.push(Verdict::Damaged(Problem { rule, subject, detail: detail.to_owned(), evidence }));
    }

    fn unreadable(&mut self, what: &'static str, error: &impl Dispose) {
        self.verdicts.push(Verdict::unreadable(what, error));
    }

    /// Sends a version through a queue again, as a person would by hand.
    async fn send_again(&mut self, queue: &dyn Queue, version: &ObjectVersion) {
        let sent = match serde_json::to_string(version) {
            Ok(body) => queue.send(body).await.map_err(|error| error.code),
            Err(_unencodable) => Err("not JSON".to_owned()),
        };
        match sent {
            Ok(()) => self.re_enqueued += 1,
            Err(code) => {
                tracing::warn!(code, "could not be sent again; the next sweep tries");
                self.verdicts.push(Verdict::Unreadable { what: "queue", reason: "queue_failed" });
            }
        }
    }
}

impl SealedVersion<'_> {
    fn damaged(&self, found: &mut Examined, rule: Rule, detail: &str) {
        let subject = ResourceDescriptor::unread_object(self.version);
        found.damaged(rule, subject, detail, vec![self.seal_evidence()]);
    }

    fn seal_evidence(&self) -> FindingEvidence {
        evidence_of(self.seal)
    }
}

/// Where a statement is, and what it is.
pub(super) fn evidence_of<P>(kept: &Kept<P>) -> FindingEvidence {
    FindingEvidence { uri: kept.at().uri(), sha256: Some(kept.pae_sha256()) }
}

/// Whether an error says that evidence is bad, rather than that it could not be read.
pub(super) fn is_damage(error: &EvidenceError) -> bool {
    !matches!(error, EvidenceError::Store(_) | EvidenceError::Key(_))
}

pub(super) async fn examine(round: &Round<'_>, entry: &VersionEntry, version: &ObjectVersion) -> Examined {
    let mut found = Examined::default();
    let key = StatementKey::seal_of(version);
    match round.archive(&key.subject).peek::<Seal>(&key).await {
        Ok(Some(seal)) => {
            found.sealed = Some(evidence_of(&seal));
            let sealed = SealedVersion { round, entry, version, seal: &seal };
            for check in CHECKS {
                check.check(&sealed, &mut found).await;
            }
        }
        Ok(None) => unsealed(round, entry, version, &mut found).await,
        Err(error) if is_damage(&error) => {
            let subject = ResourceDescriptor::unread_object(version);
            let detail = format!("the seal does not verify: {}", error.reason());
            found.damaged(Rule::SealDamaged, subject, &detail, Vec::new());
        }
        Err(error) => found.unreadable("seal", &error),
    }
    found
}

async fn unsealed(round: &Round<'_>, entry: &VersionEntry, version: &ObjectVersion, found: &mut Examined) {
    found.unsealed = true;
    let age = round.age(entry.last_modified);
    if age < round.request.settle {
        return;
    }
    match was_quarantined(round, version, Stage::Seal).await {
        Ok(true) => return,
        Ok(false) => {}
        Err(error) => return found.unreadable("quarantine statements", &error),
    }
    found.send_again(round.ports.seal_queue, version).await;
    if age >= round.request.grace {
        let subject = ResourceDescriptor::unread_object(version);
        found.damaged(
            Rule::SealMissing,
            subject,
            "no seal after the time of grace; sent to be sealed again",
            Vec::new(),
        );
    }
}

/// Whether a stage gave up on a version and said so: then nothing is missing.
async fn was_quarantined(round: &Round<'_>, version: &ObjectVersion, stage: Stage) -> Result<bool, EvidenceError> {
    let subject = SubjectId::from(version);
    let all = round.archive(&subject).list::<Quarantine>(&subject).await?;
    Ok(all.iter().flatten().any(|kept| kept.stage == stage))
}

/// The bytes' digest now.
async fn rehash(round: &Round<'_>, version: &ObjectVersion) -> Result<super::evidence::Rehashed, StoreError> {
    super::evidence::rehash(round.ports.objects, version, round.request.deep_max_bytes).await
}
