//! A whole trail.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::chain::{Chain, PERIOD};
use super::finding::{Code, TrailReport};
use super::key::{ChainId, DigestKey, FileAt, LogKey, LogScope, TrailFileKind, TrailId};
use super::logs::{DIGEST_GRACE, Listed};
use super::public_key::PublicKeys;
use super::source::{SourceError, TrailSource};

/// Which part of which trail.
#[derive(Debug, Clone)]
pub struct Scope {
    /// The trail; without one, every trail that delivered something.
    pub trail: Option<TrailId>,
    /// The beginning of the range.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
    /// The present, by which what is late is told from what is not due.
    pub as_of: Timestamp,
}

impl Scope {
    fn has_chain(&self, id: &ChainId) -> bool {
        self.trail.as_ref().is_none_or(|trail| {
            let of_account = id.scope.organization.is_some() || id.scope.account == trail.account;
            of_account && id.trail == trail.name && id.home_region == trail.home_region
        })
    }

    /// The digests of the range, and the one after it, which lists the range's last log files.
    fn has_digest(&self, key: &DigestKey) -> bool {
        let last = self.to.checked_add(PERIOD).unwrap_or(self.to);
        self.has_chain(&key.chain) && key.end > self.from && key.end <= last
    }

    fn has_log(&self, key: &LogKey) -> bool {
        let of_account = self
            .trail
            .as_ref()
            .is_none_or(|trail| key.scope.organization.is_some() || key.scope.account == trail.account);
        of_account && key.made >= self.from && key.made < self.to
    }

    /// The latest moment whose digest must be there.
    fn due(&self) -> Timestamp {
        self.to.min(self.as_of.checked_sub(DIGEST_GRACE).unwrap_or(self.as_of))
    }
}

/// Validates a trail: digests, links, hours, log files, and files that nobody lists.
///
/// # Errors
/// When the files cannot be listed. A file that cannot be read is counted in the report.
pub async fn validate(source: &dyn TrailSource, keys: &PublicKeys, scope: &Scope) -> Result<TrailReport, SourceError> {
    let mut report = TrailReport::default();
    let mut digests: BTreeMap<ChainId, Vec<(DigestKey, FileAt)>> = BTreeMap::new();
    let mut logs: Vec<(LogKey, FileAt)> = Vec::new();
    for at in source.list().await? {
        match TrailFileKind::of(&at) {
            TrailFileKind::Digest(key) if scope.has_digest(&key) => {
                digests.entry(key.chain.clone()).or_default().push((key, at));
            }
            TrailFileKind::Log(key) if scope.has_log(&key) => logs.push((key, at)),
            TrailFileKind::Digest(_) | TrailFileKind::Log(_) => {}
            TrailFileKind::Other => report.others = report.others.saturating_add(1),
        }
    }
    let mut chains = Vec::new();
    for (id, mut named) in digests {
        // Newest first: in a copy without metadata a digest's signature stands in the next one.
        named.sort_by(|a, b| b.cmp(a));
        let mut files = Vec::with_capacity(named.len());
        for (key, at) in named {
            let file = source.read(&at).await;
            files.push((key, at, file));
        }
        let chain = Chain::judge(id, files, keys, scope.from, &mut report);
        tail(&chain, scope, &mut report);
        chains.push(chain);
    }
    let listed = Listed::of(&chains);
    listed.read(source, &mut report).await;
    listed.uncovered(&logs, &chains, scope.as_of, &mut report);
    absent(&chains, &logs, scope, &mut report);
    report.sort();
    Ok(report)
}

/// The hours of which some files have digests: from the beginning of the first to the end of the last.
pub fn range_of<'a>(files: impl IntoIterator<Item = &'a FileAt>) -> Option<(Timestamp, Timestamp)> {
    let ends = files.into_iter().filter_map(|at| match TrailFileKind::of(at) {
        TrailFileKind::Digest(key) => Some(key.end),
        TrailFileKind::Log(_) | TrailFileKind::Other => None,
    });
    let (first, last) = ends.fold(None, |range, end| match range {
        None => Some((end, end)),
        Some((first, last)) => Some((end.min(first), end.max(last))),
    })?;
    Some((first.checked_sub(PERIOD).unwrap_or(first), last))
}

/// The newest digests are there.
fn tail(chain: &Chain, scope: &Scope, report: &mut TrailReport) {
    let next = chain.last_end.and_then(|end| end.checked_add(PERIOD).ok());
    if !chain.id.backfill && next.is_some_and(|next| next <= scope.due()) {
        report.find(Code::DigestTailMissing, None, next);
    }
}

/// There is a chain for the trail, and for whatever was logged.
fn absent(chains: &[Chain], logs: &[(LogKey, FileAt)], scope: &Scope, report: &mut TrailReport) {
    let has_chain = |logged: &LogScope| chains.iter().any(|chain| chain.id.scope == *logged && !chain.id.backfill);
    let is_due = |made: Timestamp| made.checked_add(PERIOD).is_ok_and(|end| end <= scope.due());
    let bare: std::collections::BTreeSet<&LogScope> =
        logs.iter().filter(|(key, _)| is_due(key.made) && !has_chain(&key.scope)).map(|(key, _)| &key.scope).collect();
    let is_trail_gone = scope.trail.is_some() && chains.is_empty() && is_due(scope.from);
    for _scope in 0..bare.len().max(usize::from(is_trail_gone)) {
        report.find(Code::NoDigests, None, None);
        report.find(Code::DigestTailMissing, None, None);
    }
}
