//! What was spent on a dataset, as entries that are written once and never again.
//!
//! Entry *n* says what was spent up to and with it. To spend is to write the next entry: of two releases at once only one
//! gets it, and the other reads what is left now. Nothing is locked, nothing is counted twice, and a budget cannot be
//! overspent by any order of events, because the write is the decision.

mod directory;
mod signed;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use sluice_common::privacy_loss::PrivacyLoss;
use sluice_common::{Dispose, Disposition, Sha256Digest};
use sluice_evidence::{EvidenceError, StatementError};

pub use directory::{Directory, Given};
pub use signed::SignedBook;

/// The most entries of one dataset. A release costs something, so a budget ends long before.
const MAX_ENTRIES: u64 = 1 << 32;

/// One release's cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Entry {
    /// From 1, without gaps.
    pub number: u64,
    /// SHA-256 of the request's canonical JSON.
    pub request_sha256: Sha256Digest,
    /// What the release costs.
    pub cost: PrivacyLoss,
    /// What all entries up to this one cost together.
    pub spent: PrivacyLoss,
}

/// Where a dataset's entries are kept.
#[async_trait]
pub trait Book: Send + Sync {
    /// An entry, verified.
    async fn read(&self, number: u64) -> Result<Option<Entry>, BudgetError>;

    /// Writes an entry if its number is free. `false` when another entry has it.
    async fn write(&self, entry: &Entry) -> Result<bool, BudgetError>;
}

/// A dataset's budget.
#[derive(Debug)]
pub struct Budget<B> {
    book: B,
    whole: PrivacyLoss,
}

/// Why nothing was booked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BudgetError {
    /// Not enough is left.
    #[error(
        "the request costs {cost}, and {left} of the dataset's budget is left: it cannot be refilled, only asked for less"
    )]
    Exhausted {
        /// What it costs.
        cost: PrivacyLoss,
        /// What is left.
        left: PrivacyLoss,
    },
    /// An entry contradicts its number.
    #[error("entry {number} of the budget contradicts itself or was altered")]
    Corrupt {
        /// Its number.
        number: u64,
    },
    /// The evidence bucket or the signing key failed, or an entry is not to be believed.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// An entry cannot be stated.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// The directory of a local budget failed.
    #[error("budget directory: {0}")]
    Directory(#[from] std::io::Error),
}

impl<B: Book> Budget<B> {
    /// The budget of which a book keeps the account.
    pub const fn new(book: B, whole: PrivacyLoss) -> Self {
        Self { book, whole }
    }

    /// What is left now.
    ///
    /// # Errors
    /// When the book cannot be read.
    pub async fn left(&self) -> Result<PrivacyLoss, BudgetError> {
        let (_, spent) = self.account().await?;
        // A policy may lower the budget below what was spent: then nothing is left.
        Ok(self.whole.checked_sub(spent).unwrap_or_default())
    }

    /// Books a cost. Only after this may noise be drawn.
    ///
    /// # Errors
    /// [`BudgetError::Exhausted`] when not enough is left. After any other error nothing may be told; the cost may or may
    /// not be booked.
    pub async fn spend(&self, request_sha256: Sha256Digest, cost: PrivacyLoss) -> Result<Entry, BudgetError> {
        loop {
            let (last, before) = self.account().await?;
            let exhausted =
                || BudgetError::Exhausted { cost, left: self.whole.checked_sub(before).unwrap_or_default() };
            let spent = before.checked_add(cost).ok_or_else(exhausted)?;
            self.whole.checked_sub(spent).ok_or_else(exhausted)?;
            let entry = Entry { number: last.saturating_add(1), request_sha256, cost, spent };
            if self.book.write(&entry).await? {
                return Ok(entry);
            }
            // Another release took the number. Each turn of this loop is somebody's progress.
        }
    }

    /// As [`Self::spend`], but the last entry counts when it is this request's: an attempt that booked and died told nothing.
    /// Only for a caller whose answer is kept under the request before it is told, and of which the first one stands.
    ///
    /// # Errors
    /// As [`Self::spend`].
    pub async fn spend_once(&self, request_sha256: Sha256Digest, cost: PrivacyLoss) -> Result<Entry, BudgetError> {
        let (last, _) = self.account().await?;
        match if last == 0 { None } else { self.entry(last).await? } {
            Some(entry) if entry.request_sha256 == request_sha256 && entry.cost == cost => Ok(entry),
            _ => self.spend(request_sha256, cost).await,
        }
    }

    /// The last entry's number and what is spent. Entries have no gaps, so the last is found in a logarithm of their number.
    async fn account(&self) -> Result<(u64, PrivacyLoss), BudgetError> {
        let (mut last, mut spent) = (0, PrivacyLoss::default());
        let mut absent = 1;
        while let Some(entry) = self.entry(absent).await? {
            (last, spent) = (entry.number, entry.spent);
            absent = absent
                .checked_mul(2)
                .filter(|next| *next < MAX_ENTRIES)
                .ok_or(BudgetError::Corrupt { number: last })?;
        }
        while absent > last.saturating_add(1) {
            let middle = last.midpoint(absent);
            match self.entry(middle).await? {
                Some(entry) => (last, spent) = (middle, entry.spent),
                None => absent = middle,
            }
        }
        Ok((last, spent))
    }

    async fn entry(&self, number: u64) -> Result<Option<Entry>, BudgetError> {
        let entry = self.book.read(number).await?;
        match &entry {
            Some(entry) if entry.number != number || entry.spent.checked_sub(entry.cost).is_none() => {
                Err(BudgetError::Corrupt { number })
            }
            _ => Ok(entry),
        }
    }
}

impl Dispose for BudgetError {
    fn disposition(&self) -> Disposition {
        match self {
            Self::Exhausted { .. } | Self::Statement(_) => Disposition::Quarantine,
            Self::Corrupt { .. } => Disposition::Alarm,
            Self::Evidence(error) => error.disposition(),
            Self::Directory(_) => Disposition::Retry,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Exhausted { .. } => "budget_exhausted",
            Self::Corrupt { .. } => "budget_altered",
            Self::Evidence(error) => error.reason(),
            Self::Statement(_) => "budget_unstated",
            Self::Directory(_) => "budget_unreadable",
        }
    }
}
