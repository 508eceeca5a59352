//! What can go wrong.

use sluice_common::port::StoreError;
use sluice_common::{Dispose, Disposition};
use sluice_tabular::TabularError;

/// Why an inventory cannot be used. None of these says anything of the bucket.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InventoryError {
    /// A part of it could not be read.
    #[error("the inventory cannot be read: {0}")]
    Store(#[from] StoreError),
    /// The manifest is not one.
    #[error("manifest.json: {0}")]
    Manifest(String),
    /// A file is not what its checksum says.
    #[error("{0}: the MD5 is not that of its checksum: it was altered, or is still being written")]
    Altered(&'static str),
    /// It lists another bucket.
    #[error("the inventory is of another bucket than the one to be swept")]
    OtherBucket,
    /// A data file cannot be decoded.
    #[error("inventory data: {0}")]
    Data(#[from] TabularError),
    /// A row says something impossible.
    #[error("inventory data: {0}")]
    Row(&'static str),
    /// The directory for temporary files cannot be used.
    #[error("the inventory cannot be sorted on disk: {0}")]
    Disk(#[from] std::io::Error),
}

impl Dispose for InventoryError {
    fn disposition(&self) -> Disposition {
        match self {
            // Another attempt may find the disk empty and the files whole.
            Self::Store(_) | Self::Disk(_) | Self::Altered(_) => Disposition::Retry,
            Self::Manifest(_) | Self::OtherBucket | Self::Data(_) | Self::Row(_) => Disposition::Quarantine,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Store(error) => error.reason(),
            Self::Manifest(_) => "inventory_manifest",
            Self::Altered(_) => "inventory_altered",
            Self::OtherBucket => "inventory_of_another_bucket",
            Self::Data(_) | Self::Row(_) => "inventory_malformed",
            Self::Disk(_) => "inventory_not_sorted",
        }
    }
}
