use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::{Array as _, ArrayRef};
use arrow_schema::DataType;
use sluice_common::policy::KeyScope;
use sluice_tabular::Texts;

use super::text::{bytes_of, finish, has_text, text_of};
use super::{Beside, ColumnTransform, Encrypt, TransformError};
use crate::keyring::{Cohort, DomainKey, ScopedKey};

/// Ciphers that are kept from batch to batch, of about a kilobyte each.
const MAX_CIPHERS: usize = 16_384;

/// [`Encrypt`] under the key of the cohort that the row's subject is in, which the ciphertext names: destroying that key makes the
/// values of its subjects unreadable and no others.
///
/// Equal values of one cohort are equal in every column and dataset of a domain and epoch; of two cohorts they differ, so such
/// columns do not join by themselves. A row without a subject, and one whose cohort was destroyed, gets NULL: the value could never
/// be destroyed, or never be read.
#[derive(Debug)]
pub struct EncryptForSubject {
    subject: String,
    column: String,
    scope: KeyScope,
    ciphers: Mutex<HashMap<Cohort, Arc<Encrypt>>>,
}

/// The key of each row of a batch.
#[derive(Debug, Clone, Default)]
pub struct RowKeys {
    /// Which of the keys; none for a row without a subject.
    pub rows: Vec<Option<usize>>,
    /// The keys; none for a cohort that was destroyed.
    pub keys: Vec<Option<Arc<DomainKey>>>,
}

impl RowKeys {
    /// How many values of a column are left out because their cohort was destroyed.
    pub fn destroyed(&self, values: &ArrayRef) -> u64 {
        if self.keys.iter().all(Option::is_some) {
            return 0;
        }
        let is_gone = |row: &Option<usize>| row.is_some_and(|key| self.keys.get(key).is_none_or(Option::is_none));
        let nulls = values.logical_nulls();
        let is_value = |row: usize| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
        self.rows.iter().enumerate().filter(|(row, key)| is_gone(key) && is_value(*row)).count() as u64
    }
}

impl EncryptForSubject {
    /// Encryption in a column, for the subjects that another column names.
    pub fn new(subject: &str, column: &str, scope: KeyScope) -> Self {
        Self { subject: subject.to_owned(), column: column.to_owned(), scope, ciphers: Mutex::default() }
    }

    fn cipher(&self, key: &DomainKey) -> Arc<Encrypt> {
        let make = || {
            Arc::new(match self.scope {
                KeyScope::Domain => Encrypt::new(ScopedKey::from(key)),
                KeyScope::Column => Encrypt::new(key.of_column(&self.column)),
            })
        };
        let Some(cohort) = key.cohort() else { return make() };
        let mut ciphers = self.ciphers.lock().unwrap_or_else(PoisonError::into_inner);
        if ciphers.len() >= MAX_CIPHERS && !ciphers.contains_key(&cohort) {
            ciphers.clear();
        }
        Arc::clone(ciphers.entry(cohort).or_insert_with(make))
    }
}

impl ColumnTransform for EncryptForSubject {
    fn output_type(&self, input: &DataType) -> Result<DataType, TransformError> {
        has_text(input).map(|()| DataType::Utf8View)
    }

    fn apply(&self, _input: &ArrayRef) -> Result<ArrayRef, TransformError> {
        Err(TransformError::SubjectNeeded { transform: "encrypt" })
    }

    fn apply_beside(&self, input: &ArrayRef, beside: &Beside<'_>) -> Result<ArrayRef, TransformError> {
        let keys = beside.keys.filter(|keys| keys.rows.len() == input.len());
        let keys = keys.ok_or(TransformError::SubjectNeeded { transform: "encrypt" })?;
        let ciphers: Vec<Option<Arc<Encrypt>>> =
            keys.keys.iter().map(|key| key.as_ref().map(|key| self.cipher(key))).collect();
        let texts = text_of(input)?;
        let mut out = Texts::with_capacity(texts.len(), bytes_of(&texts).saturating_mul(2));
        let mut sealed = Vec::new();
        for (text, key) in texts.iter().zip(&keys.rows) {
            let cipher = key.and_then(|key| ciphers.get(key)).and_then(Option::as_ref);
            match (text, cipher) {
                (Some(""), _) => out.push(""),
                (Some(text), Some(cipher)) => out.push_with(|out| cipher.seal_with(text, &mut sealed, out)),
                (Some(_), None) | (None, _) => out.push_null(),
            }
        }
        Ok(Arc::new(finish(out)?))
    }

    fn subject(&self) -> Option<&str> {
        Some(&self.subject)
    }
}
