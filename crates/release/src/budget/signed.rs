use async_trait::async_trait;
use sluice_common::port::UserMetadata;
use sluice_evidence::predicate::Budget;
use sluice_evidence::{EvidenceError, Kept, Ledger, Statement};

use super::{Book, BudgetError, Entry};

/// A dataset's book in the evidence bucket: each entry a signed statement under a key that is written once.
#[derive(Debug)]
pub struct SignedBook {
    ledger: Ledger,
    dataset: String,
}

impl SignedBook {
    /// A dataset's book.
    pub fn new(ledger: Ledger, dataset: impl Into<String>) -> Self {
        Self { ledger, dataset: dataset.into() }
    }

    /// The statement of an entry.
    ///
    /// # Errors
    /// When it cannot be read or is not to be believed.
    pub async fn statement(&self, number: u64) -> Result<Option<Kept<Budget>>, BudgetError> {
        Ok(self.ledger.archive().find::<Budget>(&Budget::key(&self.dataset, number)).await?)
    }
}

#[async_trait]
impl Book for SignedBook {
    async fn read(&self, number: u64) -> Result<Option<Entry>, BudgetError> {
        Ok(self.statement(number).await?.map(|kept| {
            let stated = kept.statement().predicate();
            Entry {
                number: stated.number,
                request_sha256: stated.request_sha256,
                cost: stated.cost,
                spent: stated.spent,
            }
        }))
    }

    async fn write(&self, entry: &Entry) -> Result<bool, BudgetError> {
        let stated = Budget {
            dataset: self.dataset.clone(),
            number: entry.number,
            request_sha256: entry.request_sha256,
            cost: entry.cost,
            spent: entry.spent,
        };
        let statement = Statement::new(vec![Budget::subject(&self.dataset, entry.number)], stated)?;
        match self.ledger.record(&statement, &UserMetadata::new()).await {
            // After a lost answer a request finds its own entry: the cost is booked, once.
            Ok(_) => Ok(true),
            Err(EvidenceError::Contradiction { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}
