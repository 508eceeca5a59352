//! Whose data each row of a batch is, and the key of each subject's cohort.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::{Array as _, ArrayRef};
use futures::future::BoxFuture;

use super::error::PseudonymizeError;
use crate::keyring::{Cohort, Cohorts, DomainKey, KeyringError, MAX_COHORTS_IN_USE};
use crate::transform::{RowKeys, text_of};

/// Waits for a future on the engine's thread, which reads and writes synchronously: `Handle::block_on` of the runtime that the
/// store's clients live in.
pub type Waiter = Arc<dyn for<'f> Fn(BoxFuture<'f, ()>) + Send + Sync>;

/// The cohorts' keys of a run, opened as rows ask for them.
#[derive(Clone)]
pub struct SubjectKeys {
    column: String,
    cohorts: Arc<Cohorts>,
    wait: Waiter,
    opened: Arc<Mutex<HashMap<Cohort, Option<Arc<DomainKey>>>>>,
}

impl fmt::Debug for SubjectKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SubjectKeys({:?}, {:?})", self.column, self.cohorts)
    }
}

impl SubjectKeys {
    /// For rows whose subject a column names.
    pub fn new(column: &str, cohorts: Arc<Cohorts>, wait: Waiter) -> Self {
        Self { column: column.to_owned(), cohorts, wait, opened: Arc::default() }
    }

    /// The column that names the subject of a row.
    pub fn column(&self) -> &str {
        &self.column
    }

    /// How many cohorts had been destroyed when the run began.
    pub fn shredded(&self) -> u32 {
        self.cohorts.shredded()
    }

    /// The key of each row. Those that are not held yet are opened, many at once.
    pub(super) fn of_rows(&self, subjects: &ArrayRef) -> Result<RowKeys, PseudonymizeError> {
        let named = |source| PseudonymizeError::Transform { column: self.column.clone(), source };
        let texts = text_of(subjects).map_err(named)?;
        let assigned = self.cohorts.assignment().cohorts(texts.iter().map(Option::unwrap_or_default));
        // A row without a subject is nobody's.
        let assigned =
            texts.iter().zip(assigned).map(|(text, cohort)| text.filter(|text| !text.is_empty()).map(|_| cohort));
        let mut distinct = HashMap::new();
        let mut cohorts = Vec::new();
        let mut rows = Vec::with_capacity(texts.len());
        for cohort in assigned {
            rows.push(cohort.map(|cohort| {
                *distinct.entry(cohort).or_insert_with(|| {
                    cohorts.push(cohort);
                    cohorts.len() - 1
                })
            }));
        }
        Ok(RowKeys { rows, keys: self.open(&cohorts)? })
    }

    fn open(&self, cohorts: &[Cohort]) -> Result<Vec<Option<Arc<DomainKey>>>, KeyringError> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let missing: Vec<Cohort> = cohorts.iter().filter(|cohort| !opened.contains_key(cohort)).copied().collect();
        let mut found = Ok(Vec::new());
        if !missing.is_empty() {
            (self.wait)(Box::pin(async { found = self.cohorts.open(&missing).await }));
        }
        let found: HashMap<Cohort, Option<Arc<DomainKey>>> = missing.into_iter().zip(found?).collect();
        let of = |cohort: &Cohort| found.get(cohort).or_else(|| opened.get(cohort)).cloned().flatten();
        let keys = cohorts.iter().map(of).collect();
        // Where each subject is a cohort, they may be more than memory should hold.
        if opened.len().saturating_add(found.len()) > MAX_COHORTS_IN_USE {
            opened.clear();
        }
        opened.extend(found);
        Ok(keys)
    }
}
