//! Metrics of earlier objects of a dataset: `history/<dataset>/<time>-<id>-<run>.json`, the newest first.

use futures::StreamExt as _;
use futures::TryStreamExt as _;
use futures::stream;
use serde::{Deserialize, Serialize};
use sluice_common::port::ListCursor;
use sluice_common::{ObjectVersion, Sha256Digest, VersionId};
use sluice_evidence::EvidenceError;
use sluice_evidence::layout::RunId;
use sluice_quality::{HistoryRecord, Report};
use sluice_stage::FrameError;
use sluice_stage::policy::read_capped;

use crate::QualityFunction;
use crate::error::JudgeError;
use crate::inputs::Subject;
use crate::keep::key;

/// More than any record has.
const MAX_RECORD_BYTES: u64 = 4 << 20;
/// Records under way at a time.
const READS_UNDER_WAY: usize = 8;
/// Pages of a listing that are looked at. Each holds a thousand rows, and a hundred records are wanted.
const MAX_PAGES: usize = 4;

/// A record that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RecordRef {
    /// Its address in the evidence bucket.
    uri: String,
    /// SHA-256 of its bytes.
    sha256: Sha256Digest,
}

fn prefix(dataset: &str) -> String {
    format!("history/{dataset}/")
}

impl QualityFunction {
    /// Keeps the metrics of a run for those that come after it.
    pub(crate) async fn keep_metrics(
        &self,
        judged: &Subject<'_>,
        run: &RunId,
        report: &Report,
        sealed_sha256: Sha256Digest,
    ) -> Result<(), FrameError> {
        // The object's id, not its key, which may itself be personal data and which nobody needs here.
        let subject = format!("{} {sealed_sha256}", judged.object.id());
        let record = HistoryRecord::of(report, subject, judged.arrived_micros);
        let name = record.file_name(&format!("{}-{}", judged.object.id(), run.as_str()));
        match record.to_json() {
            Ok(bytes) => self.keep(key(prefix(&judged.dataset.name) + &name), bytes).await,
            Err(error) => {
                tracing::error!(%error, "metrics of a run are not kept");
                Ok(())
            }
        }
    }

    /// The newest records of objects that arrived before this one, at most `most`, one for each object. Of an object that
    /// was judged more than once, the run that was written last.
    pub(crate) async fn records_before(&self, judged: &Subject<'_>, most: usize) -> Result<Vec<RecordRef>, JudgeError> {
        let found = self.find_records(judged, most).await?;
        let reader = self.frame.ports().reader.as_ref();
        let taken = stream::iter(found).map(|at| async move {
            let bytes = read_capped(reader, &at, MAX_RECORD_BYTES).await.map_err(EvidenceError::Store)?;
            Ok::<_, JudgeError>(RecordRef { uri: at.uri(), sha256: Sha256Digest::of(&bytes) })
        });
        taken.buffered(READS_UNDER_WAY).try_collect().await
    }

    async fn find_records(&self, judged: &Subject<'_>, most: usize) -> Result<Vec<ObjectVersion>, JudgeError> {
        let bucket = self.frame.context.evidence_bucket();
        let prefix = prefix(&judged.dataset.name);
        let (own_time, own_id) = (HistoryRecord::newest_first(judged.arrived_micros), judged.object.id().to_string());
        let mut found: Vec<Candidate> = Vec::new();
        let start = ListCursor { key_marker: format!("{prefix}{own_time}"), version_id_marker: None };
        let mut next = (most > 0).then_some(start);
        for _ in 0..MAX_PAGES {
            let Some(from) = next.take() else { break };
            let page = self.frame.ports().versions.list_versions(bucket, &prefix, Some(&from)).await;
            let page = page.map_err(EvidenceError::Store)?;
            for entry in page.entries.iter().filter(|entry| !entry.is_delete_marker) {
                let Some(named) = entry.key.as_str().strip_prefix(&prefix).and_then(Named::parse) else { continue };
                if named.time == own_time && named.id >= own_id.as_str() {
                    continue;
                }
                let Ok(version_id) = VersionId::new(entry.version_id.as_str()) else { continue };
                let at = ObjectVersion { bucket: bucket.clone(), key: entry.key.clone(), version_id };
                let written = entry.last_modified;
                match found.iter_mut().find(|other| other.id == named.id) {
                    // Rows of a key come with the newest version first: the first one written is the genuine one.
                    Some(other) if other.at.key == at.key || written > other.written => {
                        (other.at, other.written) = (at, written);
                    }
                    Some(_) => {}
                    None => found.push(Candidate { id: named.id.to_owned(), at, written }),
                }
            }
            // One more, because the last object may have been judged again on the next page.
            next = page.next.filter(|_| found.len() <= most);
        }
        found.truncate(most);
        Ok(found.into_iter().map(|candidate| candidate.at).collect())
    }

    /// Reads records that were taken, and nothing that took their place since.
    pub(crate) async fn read_records(&self, taken: &[RecordRef]) -> Result<Vec<HistoryRecord>, JudgeError> {
        let reader = self.frame.ports().reader.as_ref();
        let bucket = self.frame.context.evidence_bucket();
        let records = stream::iter(taken.to_vec()).map(|record| async move {
            let at = ObjectVersion::from_uri(&record.uri).map_err(|_no_version| JudgeError::InputsDamaged)?;
            if at.bucket != *bucket {
                return Err(JudgeError::InputsDamaged);
            }
            let bytes = read_capped(reader, &at, MAX_RECORD_BYTES).await.map_err(EvidenceError::Store)?;
            if Sha256Digest::of(&bytes) != record.sha256 {
                return Err(JudgeError::InputsDamaged);
            }
            HistoryRecord::from_json(&bytes).map_err(|_foreign| JudgeError::InputsDamaged)
        });
        records.buffered(READS_UNDER_WAY).try_collect().await
    }

    /// The newest few records, for the page; without them the page says nothing of the past.
    pub(crate) async fn records_for_page(&self, judged: &Subject<'_>, most: usize) -> Vec<HistoryRecord> {
        let records = async { self.read_records(&self.records_before(judged, most).await?).await };
        records.await.unwrap_or_else(|error| {
            tracing::warn!(%error, "the page shows no history");
            Vec::new()
        })
    }
}

struct Candidate {
    id: String,
    at: ObjectVersion,
    written: jiff::Timestamp,
}

/// The parts of a record's name.
struct Named<'k> {
    time: &'k str,
    id: &'k str,
}

impl<'k> Named<'k> {
    fn parse(name: &'k str) -> Option<Self> {
        let mut parts = name.strip_suffix(".json")?.splitn(3, '-');
        let (time, id, _run) = (parts.next()?, parts.next()?, parts.next()?);
        let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
        (time.len() == 16 && is_hex(time) && id.len() == 64 && is_hex(id)).then_some(Self { time, id })
    }
}
