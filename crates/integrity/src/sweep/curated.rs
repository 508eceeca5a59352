//! The walk over the curated bucket: nothing lies there that no statement accounts for, and nothing published is hidden.

use async_trait::async_trait;
use sluice_common::port::{ListCursor, VersionEntry, VersionLister};
use sluice_common::{BucketName, ObjectKey, ObjectVersion};
use sluice_evidence::layout::STATEMENTS_PREFIX;
use sluice_evidence::predicate::{Coverage, FindingEvidence, Outcome, Pseudonymize};
use sluice_evidence::{EvidenceError, ResourceDescriptor, Stage};

use super::findings::Findings;
use super::rule::{Problem, Rule, Verdict};
use super::version::{evidence_of, is_damage};
use super::walk::{Ground, unnamed, version, walk};
use super::{Round, SweepError};

/// Hexadecimal digits of a raw version's id that a curated key carries: `dataset/dt=YYYY-MM-DD/id-run.ending`.
const ID_DIGITS: usize = 32;

/// What accounts for a version.
enum Account {
    /// This statement.
    Stated(FindingEvidence),
    /// None, and it is too young to miss one.
    NotYet,
    /// None.
    Missing,
    /// It could not be found out.
    Unreadable(EvidenceError),
}

/// The curated bucket of a sweep.
struct Curated<'a> {
    round: &'a Round<'a>,
    bucket: &'a BucketName,
}

pub(super) async fn sweep(
    round: &Round<'_>,
    bucket: &BucketName,
    from: Option<ListCursor>,
    coverage: &mut Coverage,
    findings: &mut Findings<'_>,
) -> Result<Option<ListCursor>, SweepError> {
    walk(round, &Curated { round, bucket }, from, coverage, findings).await
}

#[async_trait]
impl Ground for Curated<'_> {
    type Seen = Account;

    const HIDDEN: Rule = Rule::DeleteMarkerOverPublished;
    const HIDDEN_DETAIL: &'static str =
        "a delete marker hides a published object: remove the marker if the deletion was not meant";

    fn bucket(&self) -> &BucketName {
        self.bucket
    }

    fn prefix(&self) -> &'static str {
        ""
    }

    fn versions(&self) -> &dyn VersionLister {
        self.round.ports.versions
    }

    async fn look_at(&self, entry: &VersionEntry) -> Account {
        account_for(self.round, self.bucket, entry).await
    }

    fn statement(seen: &Account) -> Option<&FindingEvidence> {
        match seen {
            Account::Stated(statement) => Some(statement),
            Account::NotYet | Account::Missing | Account::Unreadable(_) => None,
        }
    }

    fn judge(&self, entry: &VersionEntry, seen: Account, coverage: &mut Coverage) -> Vec<Verdict> {
        coverage.curated_versions += 1;
        match seen {
            Account::Stated(_) | Account::NotYet => Vec::new(),
            Account::Missing => {
                let at = version(self.bucket, &entry.key, &entry.version_id);
                let by_key = || unnamed(self.bucket, &entry.key);
                vec![Verdict::Damaged(Problem {
                    rule: Rule::CuratedUnexplained,
                    subject: at.as_ref().map_or_else(by_key, ResourceDescriptor::unread_object),
                    detail: "no statement accounts for an object in the curated bucket: see who wrote it".to_owned(),
                    evidence: Vec::new(),
                })]
            }
            Account::Unreadable(error) => {
                vec![Verdict::unreadable("statements about a curated object", &error)]
            }
        }
    }
}

async fn account_for(round: &Round<'_>, bucket: &BucketName, entry: &VersionEntry) -> Account {
    let stated = match (version(bucket, &entry.key, &entry.version_id), id_in(&entry.key)) {
        (Some(at), Some(id)) => find(round, &at, id).await,
        _ => Ok(None),
    };
    match stated {
        Ok(Some(statement)) => Account::Stated(statement),
        // The statement about an object is the last thing that its run writes.
        Ok(None) if round.age(entry.last_modified) < round.request.settle => Account::NotYet,
        Ok(None) => Account::Missing,
        Err(error) => Account::Unreadable(error),
    }
}

/// The beginning of the id of the raw version that an object was made of.
fn id_in(key: &ObjectKey) -> Option<&str> {
    let (_, name) = key.as_str().rsplit_once('/')?;
    let (id, _run) = name.split_once('-')?;
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    (id.len() == ID_DIGITS && id.bytes().all(is_digit)).then_some(id)
}

/// The statement by which a version was published.
async fn find(round: &Round<'_>, at: &ObjectVersion, id: &str) -> Result<Option<FindingEvidence>, EvidenceError> {
    let archive = &round.recalled;
    let shard = id.get(..2).unwrap_or_default();
    let prefix = format!("{STATEMENTS_PREFIX}{}/{shard}/{id}", Stage::Pseudonymize.as_str());
    let mut next = None;
    loop {
        let page = round.ports.versions.list_versions(archive.bucket(), &prefix, next.as_ref()).await?;
        for entry in page.entries.iter().filter(|entry| !entry.is_delete_marker) {
            let Some(statement) = version(archive.bucket(), &entry.key, &entry.version_id) else { continue };
            match archive.load::<Pseudonymize>(&statement).await {
                Ok(kept) => {
                    let names = |one: &ResourceDescriptor| one.version().as_ref() == Some(at);
                    if kept.outcome == Outcome::Published && kept.statement().subject().iter().any(names) {
                        return Ok(Some(evidence_of(&kept)));
                    }
                }
                // It accounts for nothing; the walk over the evidence tells of it.
                Err(error) if is_damage(&error) => {}
                Err(error) => return Err(error),
            }
        }
        match page.next {
            None => return Ok(None),
            more => next = more,
        }
    }
}
