//! The rows that a verdict says fail: they are not published. Which ones was decided, kept and signed by the quality stage.

use sluice_common::policy::{Dataset, OnFail};
use sluice_common::{ObjectKey, ObjectPath, Sha256Digest};
use sluice_evidence::EvidenceError;
use sluice_evidence::predicate::{DroppedRows, FailingRows, Quality, QualityResult};
use sluice_stage::FrameError;
use sluice_stage::policy::read_capped;
use sluice_stage::rows::{MAX_ROW_SET_BYTES, RowSet};

use crate::PseudonymizeFunction;
use crate::error::PublishError;
use crate::publish::Cleared;

/// Why a version is withheld under `drop_rows`; `None`: the rows that pass are published.
pub(crate) fn withheld(verdict: &Quality) -> Option<&'static str> {
    match (verdict.result, &verdict.failing_rows) {
        (_, Some(failing)) if verdict.rows == Some(failing.rows) => Some("no_row_passes"),
        (QualityResult::Failed, Some(failing)) if !failing.explain_result => Some("quality_failed"),
        (QualityResult::Failed, None) => Some("quality_failed"),
        _ => None,
    }
}

/// The rows that a dataset leaves out of what it publishes.
pub(crate) fn failing_rows<'v>(dataset: &Dataset, verdict: &'v Quality) -> Option<&'v FailingRows> {
    verdict.failing_rows.as_ref().filter(|_| dataset.quality.on_fail == OnFail::DropRows)
}

/// What a statement says of them.
pub(crate) fn dropped(failing: &FailingRows) -> DroppedRows {
    DroppedRows { rows: failing.rows, numbers_sha256: failing.numbers_sha256, quarantined_sha256: failing.kept.sha256 }
}

impl PseudonymizeFunction {
    /// The numbers of the failing rows, as the verdict's digest promises them.
    pub(crate) async fn row_numbers(&self, cleared: &Cleared, failing: &FailingRows) -> Result<RowSet, PublishError> {
        let id = cleared.version.id().to_string();
        let head: String = id.chars().take(2).collect();
        let key = ObjectKey::new(format!("report/rows/{head}/{id}/{}.rows", failing.numbers_sha256));
        let key = key.map_err(|_never| PublishError::RowsDamaged)?;
        let path = ObjectPath { bucket: self.frame.context.evidence_bucket().clone(), key };
        let unreadable = |error| FrameError::from(EvidenceError::Store(error));
        let reader = self.frame.ports().reader.as_ref();
        let at = reader.current(&path).await.map_err(unreadable)?;
        let bytes = read_capped(reader, &at, MAX_ROW_SET_BYTES).await.map_err(unreadable)?;
        let numbers = RowSet::from_bytes(&bytes).map_err(|_damaged| PublishError::RowsDamaged)?;
        let is_promised = Sha256Digest::of(&bytes) == failing.numbers_sha256
            && numbers.members() == failing.rows
            && Some(numbers.rows()) == cleared.verdict.statement().predicate().rows;
        if is_promised { Ok(numbers) } else { Err(PublishError::RowsDamaged) }
    }
}
