use sluice_common::{Dispose, Disposition};
use sluice_evidence::EvidenceError;
use sluice_integrity::sweep::SweepError;
use sluice_inventory::InventoryError;
use sluice_stage::context::TrustAnchorError;

pub use crate::request::RequestError;

/// Why a sweep gave no account. The invocation fails, which an alarm watches.
#[derive(Debug, thiserror::Error)]
pub enum SweepFunctionError {
    /// Nothing that can be done was asked for.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The signing key cannot be used.
    #[error(transparent)]
    TrustAnchor(#[from] TrustAnchorError),
    /// The sweep broke off.
    #[error(transparent)]
    Sweep(#[from] SweepError),
    /// The account to go on from is not to be believed.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// The inventory cannot be used.
    #[error(transparent)]
    Inventory(#[from] InventoryError),
    /// The inventory is not the one that an account names.
    #[error("the inventory is not the one that the account of the part before names: begin a new sweep")]
    OtherInventory,
    /// The account is of another bucket.
    #[error("the account is of another bucket than the raw one")]
    ForeignBucket,
}

impl Dispose for SweepFunctionError {
    fn disposition(&self) -> Disposition {
        match self {
            Self::Request(_) => Disposition::Quarantine,
            Self::TrustAnchor(error) => error.disposition(),
            Self::Sweep(error) => error.disposition(),
            Self::Evidence(error) => error.disposition(),
            Self::Inventory(error) => error.disposition(),
            Self::ForeignBucket | Self::OtherInventory => Disposition::Alarm,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Request(_) => "payload_not_understood",
            Self::TrustAnchor(error) => error.reason(),
            Self::Sweep(error) => error.reason(),
            Self::Evidence(error) => error.reason(),
            Self::Inventory(error) => error.reason(),
            Self::OtherInventory => "inventory_altered",
            Self::ForeignBucket => "foreign_bucket",
        }
    }
}
