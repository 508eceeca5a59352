//! What the catalog is to be told of a published object, kept beside the evidence.

use sluice_catalog::inventory::state_key;
use sluice_catalog::{Gauge, TableState};
use sluice_common::policy::{CatalogStatistics, Dataset};
use sluice_common::port::{StoreError, UserMetadata};
use sluice_common::{ObjectPath, ObjectVersion};
use sluice_evidence::EvidenceError;
use sluice_stage::FrameError;

use crate::PseudonymizeFunction;
use crate::error::PublishError;

fn wanted(dataset: &Dataset) -> CatalogStatistics {
    dataset.catalog.as_ref().map_or(CatalogStatistics::None, |catalog| catalog.statistics)
}

/// What measures an object of the dataset, when its table's statistics are told.
pub(crate) fn gauge(dataset: &Dataset) -> Option<Gauge> {
    match wanted(dataset) {
        CatalogStatistics::None => None,
        CatalogStatistics::Counts => Some(Gauge::new(false)),
        CatalogStatistics::Ranges => Some(Gauge::new(true)),
    }
}

impl PseudonymizeFunction {
    /// Keeps what was measured of a published object. It comes after the statement, which must not wait for it, and is
    /// safe to repeat: the same object measures the same.
    pub(crate) async fn keep_measured(
        &self,
        dataset: &Dataset,
        published: &ObjectVersion,
        measured: Option<&TableState>,
    ) -> Result<(), PublishError> {
        let (Some(measured), Some(key)) = (measured, state_key(&published.key, wanted(dataset))) else {
            return Ok(());
        };
        let bytes = match measured.to_bytes() {
            Ok(bytes) => bytes,
            Err(error) => {
                // More columns than fit: the catalog will say that this object was not measured.
                tracing::warn!(%error, "the table's statistics do without an object");
                return Ok(());
            }
        };
        let path = ObjectPath { bucket: self.frame.context.evidence_bucket().clone(), key };
        match self.frame.ports().writer.put_new(&path, bytes.into(), &UserMetadata::new()).await {
            Ok(_) | Err(StoreError::Exists { .. }) => Ok(()),
            Err(error) => Err(FrameError::from(EvidenceError::Store(error)).into()),
        }
    }
}
