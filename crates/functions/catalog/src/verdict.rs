//! The verdict on the object that was published last, from its verified statements.

use sluice_common::ObjectVersion;
use sluice_common::port::VersionLister;
use sluice_common::{ObjectPath, VersionId};
use sluice_evidence::layout::STATEMENTS_PREFIX;
use sluice_evidence::predicate::{Outcome, Pseudonymize, Quality, QualityResult};
use sluice_evidence::{Archive, EvidenceError, Kept, Stage};

/// Hexadecimal digits of a raw version's id that a curated key carries: `dataset/dt=YYYY-MM-DD/id-run.ending`.
const ID_DIGITS: usize = 32;

/// What a table's parameters say of a verdict. Nothing of it comes from an uploader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    result: &'static str,
    score: String,
    rules: [u64; 3],
    policy_version: Option<String>,
    stated_at: String,
    published_at: String,
    published: String,
}

/// The verdict on a published object; `None` when no statement names the object yet.
pub(crate) async fn of_object(
    archive: &Archive,
    versions: &dyn VersionLister,
    at: &ObjectVersion,
) -> Result<Option<Verdict>, EvidenceError> {
    let Some(published) = publication(archive, versions, at).await? else { return Ok(None) };
    let verdict = archive.follow::<Quality>(&published.statement().predicate().predecessor).await?;
    let stated = verdict.statement().predicate();
    let counts = &stated.counts;
    let rules = [counts.passed, counts.failed, counts.errors];
    Ok(Some(Verdict {
        result: match stated.result {
            QualityResult::Passed => "PASSED",
            QualityResult::Failed => "FAILED",
            QualityResult::Stopped => "STOPPED",
        },
        score: score(rules),
        rules,
        policy_version: stated.policy.version_id.clone(),
        stated_at: verdict.at().uri(),
        published_at: published.at().uri(),
        published: at.uri(),
    }))
}

/// The statement by which a version was published.
async fn publication(
    archive: &Archive,
    versions: &dyn VersionLister,
    at: &ObjectVersion,
) -> Result<Option<Kept<Pseudonymize>>, EvidenceError> {
    let Some(id) = id_in(at.key.as_str()) else { return Ok(None) };
    let shard = id.get(..2).unwrap_or_default();
    let prefix = format!("{STATEMENTS_PREFIX}{}/{shard}/{id}", Stage::Pseudonymize.as_str());
    let mut next = None;
    loop {
        let page = versions.list_versions(archive.bucket(), &prefix, next.as_ref()).await?;
        for entry in page.entries.iter().filter(|entry| !entry.is_delete_marker) {
            let Ok(version_id) = VersionId::new(entry.version_id.as_str()) else { continue };
            let path = ObjectPath { bucket: archive.bucket().clone(), key: entry.key.clone() };
            let kept = archive.load::<Pseudonymize>(&path.version(version_id)).await?;
            let is_published = kept.statement().predicate().outcome == Outcome::Published;
            if is_published && kept.statement().subject().iter().any(|one| one.version().as_ref() == Some(at)) {
                return Ok(Some(kept));
            }
        }
        next = page.next;
        if next.is_none() {
            return Ok(None);
        }
    }
}

/// The beginning of the id of the raw version that an object was made of.
fn id_in(key: &str) -> Option<&str> {
    let (_, name) = key.rsplit_once('/')?;
    let (id, _run) = name.split_once('-')?;
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    (id.len() == ID_DIGITS && id.bytes().all(is_digit)).then_some(id)
}

/// The share of rules that passed, rounded down to a thousandth: 1.000 is all of them.
fn score([passed, failed, errors]: [u64; 3]) -> String {
    let all = passed.saturating_add(failed).saturating_add(errors);
    let thousandths = passed.saturating_mul(1_000).checked_div(all).unwrap_or(1_000);
    format!("{}.{:03}", thousandths / 1_000, thousandths % 1_000)
}

impl Verdict {
    /// The parameters that tell a verdict, or that there is none.
    pub(crate) fn parameters(verdict: Option<&Self>) -> Vec<(&'static str, Option<String>)> {
        let of = |tell: fn(&Self) -> String| verdict.map(tell);
        vec![
            ("sluice.verdict.result", of(|verdict| verdict.result.to_owned())),
            ("sluice.verdict.score", of(|verdict| verdict.score.clone())),
            ("sluice.verdict.rulesPassed", of(|verdict| verdict.rules[0].to_string())),
            ("sluice.verdict.rulesFailed", of(|verdict| verdict.rules[1].to_string())),
            ("sluice.verdict.ruleErrors", of(|verdict| verdict.rules[2].to_string())),
            ("sluice.verdict.policyVersion", verdict.and_then(|verdict| verdict.policy_version.clone())),
            ("sluice.verdict.statement", of(|verdict| verdict.stated_at.clone())),
            ("sluice.newest.object", of(|verdict| verdict.published.clone())),
            ("sluice.newest.statement", of(|verdict| verdict.published_at.clone())),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_all_rules_are_one() {
        for (rules, text) in [
            ([3, 0, 0], "1.000"),
            ([0, 0, 0], "1.000"),
            ([999_999, 1, 0], "0.999"),
            ([1, 1, 1], "0.333"),
            ([0, 1, 0], "0.000"),
        ] {
            assert_eq!(score(rules), text, "{rules:?}");
        }
    }

    #[test]
    fn keys_of_others_have_no_id() {
        let id = "567b250c5d04535b7899b76bd4944697";
        assert_eq!(id_in(&format!("flights/dt=2026-11-21/{id}-9dcd5a7fc97c6e48.csv")), Some(id));
        for key in ["x.csv", "a/b.csv", "a/567B-1.csv", "a/567b250c5d04535b7899b76bd494469é-1.csv"] {
            assert_eq!(id_in(key), None, "{key}");
        }
    }
}
