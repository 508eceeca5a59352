//! What can be done to the values of a column. Each transform is a file and a line in [`compile`].
//!
//! All of them follow the same rules:
//! - NULL stays NULL: it says nothing about a person, and counting gaps must still work afterwards.
//! - An empty text stays empty: it is no personal data, and its one token would be told by its frequency anyway. `redact`,
//!   `replace` and `null` treat it like any other value.
//! - What is not text is brought into one text form first ([`text_of`]), so that the number 42 of a Parquet column and the
//!   text `42` of a CSV file have the same token. The result is then text, and the output's schema shows it.
//! - The same input gives the same output, byte for byte, whatever the batches it came in.

mod civil;
mod clip;
mod drop;
mod encrypt;
mod encrypt_for_subject;
mod error;
mod fpe;
mod generalize;
mod hash;
mod keep;
mod mask;
mod noise;
mod null;
mod number;
mod redact;
mod redact_text;
mod replace;
mod retokenise;
mod shift_date;
mod surrogate;
mod text;
mod token;
mod token_text;

use std::fmt;
use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_schema::DataType;
use sluice_common::policy::{DetectSpec, KeyScope, RedactWith, Transform};
use sluice_tabular::ColumnPath;

pub use clip::Clip;
pub use encrypt::{Decrypt, Encrypt};
pub use encrypt_for_subject::{EncryptForSubject, RowKeys};
pub use error::TransformError;
pub(crate) use error::type_name;
pub use fpe::{Fpe, FpeMark};
pub use generalize::Generalize;
pub use hash::{Hash, SaltTooShort};
pub use mask::Mask;
pub use noise::Noise;
pub use null::Null;
pub use redact::Redact;
pub use redact_text::{ForeignSpan, RedactText};
pub use replace::Replace;
pub use retokenise::Retokenise;
pub use shift_date::ShiftDate;
pub use surrogate::Surrogate;
pub use text::text_of;
pub use token::Token;
pub use token_text::{TokenText, TokenTextError};

use crate::detection::detector;
use crate::keyring::{DomainKey, ScopedKey};

/// A transform, ready to be applied to the batches of a column. It is a pure function of a cell and what stands beside it.
pub trait ColumnTransform: fmt::Debug + Send + Sync {
    /// The type of the output for a type of input.
    ///
    /// # Errors
    /// [`TransformError::UnsupportedType`] when there is none.
    fn output_type(&self, input: &DataType) -> Result<DataType, TransformError>;

    /// Transforms an array into one of the same length.
    ///
    /// # Errors
    /// When a value has no text form. The message never holds the value.
    fn apply(&self, input: &ArrayRef) -> Result<ArrayRef, TransformError>;

    /// Transforms an array that stands in a table. Most transforms look at nothing but the cell.
    ///
    /// # Errors
    /// As [`Self::apply`].
    fn apply_beside(&self, input: &ArrayRef, beside: &Beside<'_>) -> Result<ArrayRef, TransformError> {
        let _ = beside;
        self.apply(input)
    }

    /// The column that names the subject of a row, when the transform looks at it.
    fn subject(&self) -> Option<&str> {
        None
    }
}

/// What stands beside the values of a batch.
#[derive(Debug, Clone, Copy, Default)]
pub struct Beside<'b> {
    /// The column of [`ColumnTransform::subject`].
    pub subject: Option<&'b ArrayRef>,
    /// The batch's first row in the table, counted from 0.
    pub first_row: u64,
    /// The key of each row's subject, where the policy names subjects.
    pub keys: Option<&'b RowKeys>,
    /// What a service found in each row's text, where the policy asks one.
    pub found: Option<&'b [Vec<ForeignSpan>]>,
}

/// What becomes of a column.
#[derive(Debug)]
pub enum Action {
    /// It is published as it is, in its type.
    Keep,
    /// It is left out.
    Drop,
    /// Its values are replaced.
    Map(Box<dyn ColumnTransform>),
}

impl<T: ColumnTransform + 'static> From<T> for Action {
    fn from(transform: T) -> Self {
        Self::Map(Box::new(transform))
    }
}

/// Readies a transform of the policy for a column. Keyed transforms take keys derived from the domain's.
///
/// # Errors
/// When a keyed transform is given no key, or parameters are not as the policy's loader lets them be.
pub fn compile(
    transform: &Transform,
    column: &str,
    key: Option<&DomainKey>,
    detect: &DetectSpec,
) -> Result<Action, TransformError> {
    let key = || -> Result<ScopedKey<'_>, TransformError> {
        let key = key.ok_or(TransformError::KeyNeeded { transform: name(transform) })?;
        Ok(match transform.key_scope() {
            Some(KeyScope::Column) => key.of_column(column),
            Some(KeyScope::Domain) | None => ScopedKey::from(key),
        })
    };
    Ok(match transform {
        Transform::Keep => keep::action(),
        Transform::Drop => drop::action(),
        Transform::Redact { with } => Redact::new(with.as_str()).into(),
        Transform::Mask { character, mask_first: Some(count), .. } => {
            Mask::first(*character, usize::from(*count)).into()
        }
        Transform::Mask { character, mask_last: Some(count), .. } => Mask::last(*character, usize::from(*count)).into(),
        Transform::Mask { character, keep_first, keep_last, .. } => {
            Mask::new(*character, usize::from(*keep_first), usize::from(*keep_last)).into()
        }
        Transform::Token { .. } => Token::new(key()?).into(),
        Transform::Encrypt { .. } => Encrypt::new(key()?).into(),
        Transform::Null => Null.into(),
        Transform::Replace { with } => Replace::new(with).into(),
        Transform::Hash { algorithm, construction, .. } => Hash::new(*algorithm, *construction, key()?).into(),
        Transform::Fpe(parameters) => Fpe::new(parameters, key()?)?.into(),
        Transform::Generalize(parameters) => Generalize::new(parameters.clone()).into(),
        Transform::Clip { min, max, unfit } => Clip::new(*min, *max, *unfit).into(),
        Transform::ShiftDate(parameters) => ShiftDate::new(parameters, key()?).into(),
        Transform::Noise { distribution, scale, unfit } => Noise::new(*distribution, *scale, *unfit, key()?).into(),
        Transform::Surrogate { kind, keep_domain, .. } => Surrogate::new(*kind, *keep_domain, key()?).into(),
        Transform::RedactText { entities, with, comprehend, .. } => {
            let detector = detector(detect, entities.as_deref())?;
            let token = match with {
                RedactWith::Entity => None,
                RedactWith::Token => Some(Token::new(key()?)),
            };
            let path = ColumnPath::from(column).without_list_steps();
            let redact = RedactText::new(Arc::new(detector), &path, token);
            if comprehend.is_some() { redact.beside_a_service().into() } else { redact.into() }
        }
    })
}

/// The transform's name in the policy and in statements.
pub fn name(transform: &Transform) -> &'static str {
    match transform {
        Transform::Keep => "keep",
        Transform::Drop => "drop",
        Transform::Redact { .. } => "redact",
        Transform::Mask { .. } => "mask",
        Transform::Token { .. } => "token",
        Transform::Encrypt { .. } => "encrypt",
        Transform::Null => "null",
        Transform::Replace { .. } => "replace",
        Transform::Hash { .. } => "hash",
        Transform::Fpe(_) => "fpe",
        Transform::Generalize(_) => "generalize",
        Transform::Clip { .. } => "clip",
        Transform::ShiftDate(_) => "shift_date",
        Transform::Noise { .. } => "noise",
        Transform::Surrogate { .. } => "surrogate",
        Transform::RedactText { .. } => "redact_text",
    }
}
