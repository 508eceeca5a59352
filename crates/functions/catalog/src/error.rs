use sluice_catalog::inventory::InventoryError;
use sluice_common::port::{CatalogError, StoreError};
use sluice_common::{Dispose, Disposition};
use sluice_evidence::EvidenceError;
use sluice_stage::PolicySourceError;
use sluice_stage::context::TrustAnchorError;

/// Why a table could not be brought up to date. The invocation fails after every table was tried; the next one tries again.
#[derive(Debug, thiserror::Error)]
pub enum CatalogFunctionError {
    /// The payload asks for nothing that can be done.
    #[error(
        "the payload is not understood: expected {{}}, {{\"dataset\": NAME}} or a schedule's {{\"scheduled\": true}}"
    )]
    Payload(#[from] serde_json::Error),
    /// The policy has no such dataset, or it tells the catalog nothing.
    #[error("the policy has no dataset of that name whose catalog section has statistics")]
    NoDataset,
    /// The policy cannot be used.
    #[error(transparent)]
    Policy(#[from] PolicySourceError),
    /// The objects or what was measured of them could not be listed.
    #[error(transparent)]
    Inventory(#[from] InventoryError),
    /// What was measured could not be read, or not be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The catalog did not take it.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The statements about the newest object could not be read, or are not to be believed.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// The keys by which statements are believed cannot be used.
    #[error(transparent)]
    TrustAnchor(#[from] TrustAnchorError),
    /// The invocation is about to end.
    #[error("the invocation's time is over; the tables that are left come with the next")]
    OutOfTime,
}

impl Dispose for CatalogFunctionError {
    fn disposition(&self) -> Disposition {
        match self {
            Self::Evidence(error) => error.disposition(),
            Self::Payload(_) | Self::NoDataset => Disposition::Quarantine,
            _ => Disposition::Retry,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Payload(_) => "payload_not_understood",
            Self::NoDataset => "no_dataset",
            Self::Policy(error) => error.reason(),
            Self::Inventory(InventoryError::Store(error)) | Self::Store(error) => error.reason(),
            Self::Inventory(_) => "too_many_objects",
            Self::Catalog(error) => error.reason(),
            Self::Evidence(error) => error.reason(),
            Self::TrustAnchor(error) => error.reason(),
            Self::OutOfTime => "out_of_time",
        }
    }
}
