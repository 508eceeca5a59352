//! What can be done to the values of a column. Each transform is a file and a line in [`compile`].
//!
//! All of them follow the same rules:
//! - NULL stays NULL: it says nothing about a person, and counting gaps must still work afterwards.
//! - An empty text stays empty under `mask`, `token` and `encrypt`: it is no personal data, and its one token would be
//!   told by its frequency anyway. `redact` replaces it like any other value.
//! - What is not text is brought into one text form first ([`text_of`]), so that the number 42 of a Parquet column and the
//!   text `42` of a CSV file have the same token. The result is then text, and the output's schema shows it.
//! - The same input gives the same output, byte for byte, whatever the batches it came in.

mod drop;
mod encrypt;
mod error;
mod keep;
mod mask;
mod redact;
mod text;
mod token;
mod token_text;

use std::fmt;

use arrow_array::ArrayRef;
use arrow_schema::DataType;
use sluice_common::policy::Transform;

pub use encrypt::{Decrypt, Encrypt};
pub use error::TransformError;
pub(crate) use error::type_name;
pub use mask::Mask;
pub use redact::Redact;
pub use text::text_of;
pub use token::Token;
pub use token_text::{TokenText, TokenTextError};

use crate::keyring::DomainKey;

/// A transform, ready to be applied to the batches of a column. It is a pure function of a cell.
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

/// Readies a transform of the policy. Keyed transforms take a key derived from the domain's.
///
/// # Errors
/// [`TransformError::KeyNeeded`] when a keyed transform is given no key.
pub fn compile(transform: &Transform, key: Option<&DomainKey>) -> Result<Action, TransformError> {
    let key = |transform| key.ok_or(TransformError::KeyNeeded { transform });
    Ok(match transform {
        Transform::Keep => keep::action(),
        Transform::Drop => drop::action(),
        Transform::Redact { with } => Redact::new(with.as_str()).into(),
        Transform::Mask { character, keep_first, keep_last } => {
            Mask::new(*character, usize::from(*keep_first), usize::from(*keep_last)).into()
        }
        Transform::Token => Token::new(key("token")?).into(),
        Transform::Encrypt => Encrypt::new(key("encrypt")?).into(),
    })
}

/// The transform's name in the policy and in statements.
pub fn name(transform: &Transform) -> &'static str {
    match transform {
        Transform::Keep => "keep",
        Transform::Drop => "drop",
        Transform::Redact { .. } => "redact",
        Transform::Mask { .. } => "mask",
        Transform::Token => "token",
        Transform::Encrypt => "encrypt",
    }
}
