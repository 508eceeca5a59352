//! The figures of risk as a page, beside the statement: `report/risk/<2 digits>/<version>/<run>.html` of the evidence bucket. Its key
//! names the version and the run as the statement's does, and it holds nothing that the statement and the policy do not say but the
//! classes by size.

use bytes::Bytes;
use sluice_common::policy::{Dataset, Number};
use sluice_common::port::{StoreError, UserMetadata};
use sluice_common::{ObjectKey, ObjectPath};
use sluice_evidence::EvidenceError;
use sluice_evidence::predicate::{Outcome, Pseudonymize, RiskRemedy};
use sluice_privacy::pseudonymize::Risk;
use sluice_report::html::{self, Page, RiskSection};
use sluice_stage::FrameError;

use crate::PseudonymizeFunction;
use crate::error::PublishError;
use crate::publish::Cleared;

impl PseudonymizeFunction {
    /// Keeps the page, before the statement: an event that comes again finds both. Whoever was first wrote the same.
    pub(crate) async fn keep_risk_page(
        &self,
        cleared: &Cleared,
        dataset: &Dataset,
        stated: &Pseudonymize,
        risk: &Risk,
    ) -> Result<(), PublishError> {
        let Some(spec) = &dataset.privacy.risk else { return Ok(()) };
        let statement = stated.key().map_err(FrameError::from)?;
        let section = RiskSection {
            figures: &risk.figures,
            quasi_identifiers: &spec.quasi_identifiers,
            min_k: spec.min_k.map(u64::from),
            min_l: spec.min_l.map(u64::from),
            max_t: spec.max_t.map(Number::to_f64),
            remedy: stated.stats.risk.as_ref().and_then(|figures| figures.remedy.as_ref()).map(words),
        };
        let outcome = match &stated.outcome {
            Outcome::Published => "published".to_owned(),
            Outcome::Withheld { reason } => format!("withheld: {reason}"),
        };
        let facts = vec![
            ("Outcome", outcome),
            ("Object", cleared.version.uri()),
            ("SHA-256", cleared.sha256.to_hex()),
            ("Statement", statement.to_string()),
        ];
        let page = Page { kind: "risk", subject: &dataset.name, facts, risk: Some(&section), ..Page::default() };
        let id = cleared.version.id().to_string();
        let head: String = id.chars().take(2).collect();
        let key = ObjectKey::new(format!("report/risk/{head}/{id}/{}.html", statement.run.as_str()));
        let key = key.map_err(|_never_too_long| PublishError::DatasetName)?;
        let path = ObjectPath { bucket: self.frame.context.evidence_bucket().clone(), key };
        let bytes = Bytes::from(html::page(&page));
        match self.frame.ports().writer.put_new(&path, bytes, &UserMetadata::new()).await {
            Ok(_) | Err(StoreError::Exists { .. }) => Ok(()),
            Err(error) => Err(FrameError::from(EvidenceError::Store(error)).into()),
        }
    }
}

fn words(remedy: &RiskRemedy) -> String {
    format!("{} (k before: {}, rows left out: {})", remedy.action, remedy.k_before, remedy.rows_suppressed)
}
