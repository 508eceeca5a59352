use std::collections::HashMap;

use sluice_common::policy::{PrivacySpec, Undeclared};

use super::error::PseudonymizeError;
use super::undeclared::Watch;
use crate::keyring::{Domain, DomainKey};
use crate::transform::{Action, compile, name};

/// A privacy section of the policy, ready for use.
#[derive(Debug)]
pub struct Plan {
    pub(super) columns: Vec<PlannedColumn>,
    pub(super) by_name: HashMap<String, usize>,
    pub(super) undeclared: Undeclared,
    pub(super) watch: Option<Watch>,
}

/// What becomes of a column that the policy names.
#[derive(Debug)]
pub(super) struct PlannedColumn {
    pub(super) name: String,
    pub(super) transform: &'static str,
    pub(super) action: Action,
}

impl PlannedColumn {
    /// The column that its transform looks at beside its own.
    pub(super) fn subject(&self) -> Option<&str> {
        match &self.action {
            Action::Map(transform) => transform.subject(),
            Action::Keep | Action::Drop => None,
        }
    }
}

/// The domain whose key a plan needs; none when no column has a keyed transform.
///
/// # Errors
/// [`PseudonymizeError::NoDomain`] when a column needs one and the section does not name it.
pub fn domain_of(privacy: &PrivacySpec) -> Result<Option<Domain>, PseudonymizeError> {
    let Some((column, _)) = privacy.columns.iter().find(|(_, transform)| transform.is_keyed()) else {
        return Ok(None);
    };
    match privacy.domain.as_deref().map(Domain::new) {
        Some(Ok(domain)) => Ok(Some(domain)),
        None | Some(Err(_)) => Err(PseudonymizeError::NoDomain { column: column.to_owned() }),
    }
}

impl Plan {
    /// Readies the transforms. `key`: that of [`domain_of`].
    ///
    /// # Errors
    /// [`PseudonymizeError::Transform`] when a keyed transform is given no key.
    pub fn new(privacy: &PrivacySpec, key: Option<&DomainKey>) -> Result<Self, PseudonymizeError> {
        let planned = privacy.columns.iter().map(|(column, transform)| {
            let action = compile(transform, column, key, &privacy.detect)
                .map_err(|source| PseudonymizeError::Transform { column: column.to_owned(), source })?;
            Ok(PlannedColumn { name: column.to_owned(), transform: name(transform), action })
        });
        let columns = planned.collect::<Result<Vec<_>, PseudonymizeError>>()?;
        let by_name = columns.iter().enumerate().map(|(i, column)| (column.name.clone(), i)).collect();
        let watch = Watch::new(privacy)?;
        Ok(Self { columns, by_name, undeclared: privacy.undeclared, watch })
    }
}
