use sluice_common::Dispose as _;
use sluice_common::privacy_loss::PrivacyLoss;
use sluice_release::{BudgetError, ReleaseError};

/// Why a request is not answered: it, or what it asks about, is at fault, and asking again changes nothing.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) reason: &'static str,
    /// For who asked; it does not stand in the statement.
    pub(crate) detail: String,
    pub(crate) left: Option<PrivacyLoss>,
}

impl Refused {
    pub(crate) fn new(reason: &'static str, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into(), left: None }
    }

    /// A cost that the budget does not cover.
    pub(crate) fn exhausted(error: &BudgetError, left: PrivacyLoss) -> Self {
        Self { reason: error.reason(), detail: error.to_string(), left: Some(left) }
    }
}

impl From<ReleaseError> for Refused {
    fn from(error: ReleaseError) -> Self {
        Self::new(error.reason(), error.to_string())
    }
}
