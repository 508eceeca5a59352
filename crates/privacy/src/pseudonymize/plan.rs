use std::collections::HashMap;

use sluice_common::policy::{ComprehendSpec, PrivacySpec, Transform, Undeclared};
use sluice_risk::OffendingClasses;

use super::error::PseudonymizeError;
use super::format_preserving::FormatPreserving;
use super::risk_gate::RiskPlan;
use super::subjects::SubjectKeys;
use super::texts::{TextService, asks_service};
use super::undeclared::Watch;
use crate::keyring::{Domain, DomainKey};
use crate::transform::{Action, EncryptForSubject, Retokenise, compile, name};

/// A privacy section of the policy, ready for use.
#[derive(Debug)]
pub struct Plan {
    pub(super) columns: Vec<PlannedColumn>,
    pub(super) by_name: HashMap<String, usize>,
    pub(super) undeclared: Undeclared,
    pub(super) watch: Option<Watch>,
    pub(super) risk: Option<RiskPlan>,
    pub(super) format_preserving: Vec<FormatPreserving>,
    pub(super) subjects: Option<SubjectKeys>,
    pub(super) texts: Option<TextService>,
}

/// The keys that a plan needs.
#[derive(Debug, Clone, Copy, Default)]
pub struct PlanKeys<'k> {
    /// That of [`domain_of`].
    pub domain: Option<&'k DomainKey>,
    /// Those of the subjects' cohorts, where the section has `subjects`.
    pub subjects: Option<&'k SubjectKeys>,
    /// Who is asked about texts, where a column wants that ([`asks_service`]).
    pub texts: Option<&'k TextService>,
}

impl<'k> From<Option<&'k DomainKey>> for PlanKeys<'k> {
    fn from(domain: Option<&'k DomainKey>) -> Self {
        Self { domain, ..Self::default() }
    }
}

/// What becomes of a column that the policy names.
#[derive(Debug)]
pub(super) struct PlannedColumn {
    pub(super) name: String,
    pub(super) transform: &'static str,
    pub(super) action: Action,
    /// What a service is asked about its texts.
    pub(super) comprehend: Option<ComprehendSpec>,
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
    /// Readies the transforms.
    ///
    /// # Errors
    /// [`PseudonymizeError::Transform`] when a keyed transform is given no key, [`PseudonymizeError::SubjectKeysNeeded`] when the
    /// section has `subjects` and their keys are not given.
    pub fn new<'k>(privacy: &PrivacySpec, keys: impl Into<PlanKeys<'k>>) -> Result<Self, PseudonymizeError> {
        let keys = keys.into();
        if privacy.subjects.is_some() && keys.subjects.is_none() {
            return Err(PseudonymizeError::SubjectKeysNeeded);
        }
        if asks_service(privacy) && keys.texts.is_none() {
            return Err(PseudonymizeError::TextServiceNeeded);
        }
        let planned = privacy.columns.iter().map(|(column, transform)| {
            let action = match (transform, &privacy.subjects) {
                (Transform::Encrypt { key }, Some(subjects)) => {
                    EncryptForSubject::new(&subjects.column, column, *key).into()
                }
                _ => compile(transform, column, keys.domain, &privacy.detect)
                    .map_err(|source| PseudonymizeError::Transform { column: column.to_owned(), source })?,
            };
            let comprehend = match transform {
                Transform::RedactText { comprehend, .. } => comprehend.clone(),
                _ => None,
            };
            Ok(PlannedColumn { name: column.to_owned(), transform: name(transform), action, comprehend })
        });
        let columns = planned.collect::<Result<Vec<_>, PseudonymizeError>>()?;
        let by_name = columns.iter().enumerate().map(|(i, column)| (column.name.clone(), i)).collect();
        let watch = Watch::new(privacy)?;
        let risk = privacy.risk.as_ref().map(RiskPlan::new);
        let format_preserving = FormatPreserving::columns(privacy, keys.domain);
        let (subjects, texts) = (keys.subjects.cloned(), keys.texts.cloned());
        let undeclared = privacy.undeclared;
        Ok(Self { columns, by_name, undeclared, watch, risk, format_preserving, subjects, texts })
    }

    /// The columns of `fpe`, and under which key they are made.
    pub fn format_preserving(&self) -> &[FormatPreserving] {
        &self.format_preserving
    }

    /// The same plan, which leaves out the rows of these classes. They must be of the same table under the same plan.
    #[must_use]
    pub fn leaving_out(mut self, classes: OffendingClasses) -> Self {
        if let Some(risk) = &mut self.risk {
            risk.leaving_out(classes);
        }
        self
    }

    /// Brings a table that was published in one epoch into another: what `encrypt` and `fpe` made is opened under the old
    /// key and sealed under the new one, everything else stays.
    ///
    /// `leave`: whether results that have no way back, such as tokens, stay as they are. They then do not join with those
    /// of the new epoch; tokens say so by their epoch.
    ///
    /// # Errors
    /// [`PseudonymizeError::Irreversible`] when there are such columns and they are not to be left;
    /// [`PseudonymizeError::NothingToRetokenise`] when there is nothing else; [`PseudonymizeError::SubjectsStay`] when values are
    /// under keys of cohorts.
    pub fn retokenise(
        privacy: &PrivacySpec,
        old: &DomainKey,
        new: &DomainKey,
        leave: bool,
    ) -> Result<Self, PseudonymizeError> {
        if privacy.subjects.is_some() {
            return Err(PseudonymizeError::SubjectsStay);
        }
        let mut columns = Vec::new();
        let published = privacy.columns.iter().filter(|(_, transform)| transform.is_keyed());
        for (column, transform) in published {
            let failed = |source| PseudonymizeError::Transform { column: column.to_owned(), source };
            match Retokenise::new(transform, column, old, new).map_err(failed)? {
                Some(action) => columns.push(PlannedColumn {
                    name: column.to_owned(),
                    transform: name(transform),
                    action: action.into(),
                    comprehend: None,
                }),
                None if leave => {}
                None => {
                    let (column, transform) = (column.to_owned(), name(transform));
                    return Err(PseudonymizeError::Irreversible { column, transform });
                }
            }
        }
        if columns.is_empty() {
            return Err(PseudonymizeError::NothingToRetokenise);
        }
        let by_name = columns.iter().enumerate().map(|(i, column)| (column.name.clone(), i)).collect();
        Ok(Self {
            columns,
            by_name,
            undeclared: Undeclared::Keep,
            watch: None,
            risk: None,
            format_preserving: FormatPreserving::columns(privacy, Some(new)),
            subjects: None,
            texts: None,
        })
    }
}
