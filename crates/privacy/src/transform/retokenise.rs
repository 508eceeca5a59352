use arrow_array::ArrayRef;
use arrow_schema::DataType;
use sluice_common::policy::{self, KeyScope, Transform, Unfit};

use super::fpe::Fpe;
use super::text::{Cell, Expected, has_text, text_of, try_map_text};
use super::token_text::TokenText;
use super::{ColumnTransform, Decrypt, Encrypt, TransformError};
use crate::keyring::{DomainKey, KeyRef, ScopedKey};

/// Brings what was encrypted in one epoch into another: each value is opened under the old key and sealed under the new
/// one, without ever being written in clear.
#[derive(Debug)]
pub struct Retokenise(Kind);

#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one for a column, held for a whole run")]
enum Kind {
    Encrypted { old: Decrypt, old_key: KeyRef, new: Encrypt, new_key: KeyRef },
    FormatPreserving { old: Fpe, new: Fpe },
}

impl Retokenise {
    /// For the transform of a column; none when its results cannot be turned back.
    ///
    /// # Errors
    /// As [`Fpe::new`].
    pub fn new(
        transform: &Transform,
        column: &str,
        old: &DomainKey,
        new: &DomainKey,
    ) -> Result<Option<Self>, TransformError> {
        let scoped = |key| match transform.key_scope() {
            Some(KeyScope::Column) => DomainKey::of_column(key, column),
            Some(KeyScope::Domain) | None => ScopedKey::from(key),
        };
        let (old, new) = (scoped(old), scoped(new));
        Ok(match transform {
            Transform::Encrypt { .. } => Some(Self(Kind::Encrypted {
                old: Decrypt::new(old),
                old_key: old.key_ref(),
                new: Encrypt::new(new),
                new_key: new.key_ref(),
            })),
            Transform::Fpe(parameters) => {
                // What was too short became NULL or a token then; here every value is a text of FF1.
                let strict = policy::Fpe { unfit: Unfit::Refuse, ..parameters.clone() };
                Some(Self(Kind::FormatPreserving { old: Fpe::new(&strict, old)?, new: Fpe::new(&strict, new)? }))
            }
            _ => None,
        })
    }
}

impl ColumnTransform for Retokenise {
    fn output_type(&self, input: &DataType) -> Result<DataType, TransformError> {
        has_text(input).map(|()| DataType::Utf8View)
    }

    fn apply(&self, input: &ArrayRef) -> Result<ArrayRef, TransformError> {
        match &self.0 {
            Kind::Encrypted { old, old_key, new, new_key } => {
                let expected = Expected { unfit: Unfit::Refuse, what: "a pseudonym of the old epoch" };
                try_map_text(input, expected, |_row, text, out| {
                    let sealed = match TokenText::parse(text) {
                        // Brought over before.
                        Ok(TokenText::Encrypted { key, .. }) if key == *new_key => {
                            out.push_str(text);
                            return Cell::Text;
                        }
                        Ok(TokenText::Encrypted { key, sealed }) if key == *old_key => sealed,
                        _ => return Cell::Unfit,
                    };
                    match old.open(&sealed) {
                        Ok(value) => {
                            new.seal(&value, out);
                            Cell::Text
                        }
                        Err(_not_authentic) => Cell::Unfit,
                    }
                })
            }
            Kind::FormatPreserving { old, new } => {
                let texts = text_of(input)?;
                // A token in place of a value that was too short has digits too, but no way back.
                let is_token = |text: Option<&str>| text.is_some_and(|text| TokenText::parse(text).is_ok());
                if let Some(row) = texts.iter().position(is_token) {
                    return Err(TransformError::Unfit { expected: "a number that `fpe` encrypted, but a token", row });
                }
                new.apply(&old.decrypt(input)?)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::cast::AsArray as _;
    use arrow_array::{Array as _, StringArray};
    use sluice_common::policy::CheckDigit;
    use zeroize::Zeroizing;

    use super::*;
    use crate::keyring::{Domain, Epoch};

    fn key(epoch: u32, secret: u8) -> DomainKey {
        DomainKey::new(Domain::new("customers").unwrap(), Epoch::new(epoch).unwrap(), Zeroizing::new([secret; 32]))
    }

    fn fpe() -> policy::Fpe {
        let alphabet = "0123456789".to_owned();
        let (unfit, key) = (Unfit::Token, KeyScope::Domain);
        policy::Fpe { alphabet, keep_first: 0, keep_last: 4, check: CheckDigit::Luhn, unfit, key }
    }

    #[test]
    fn the_result_is_what_the_new_epoch_would_have_made() {
        let (old, new) = (key(1, 7), key(2, 8));
        let values: ArrayRef = Arc::new(StringArray::from(vec![Some("4111111111111111"), None, Some("")]));
        for (scope, column) in [(KeyScope::Domain, "c"), (KeyScope::Column, "c")] {
            let transform = Transform::Encrypt { key: scope };
            let made = |key: &DomainKey| match scope {
                KeyScope::Domain => Encrypt::new(key).apply(&values).unwrap(),
                KeyScope::Column => Encrypt::new(key.of_column(column)).apply(&values).unwrap(),
            };
            let brought = Retokenise::new(&transform, column, &old, &new).unwrap().unwrap();
            assert_eq!(&brought.apply(&made(&old)).unwrap(), &made(&new));
            assert_eq!(&brought.apply(&made(&new)).unwrap(), &made(&new), "again changes nothing");
            let other = Retokenise::new(&transform, column, &key(3, 9), &new).unwrap().unwrap();
            assert!(matches!(other.apply(&made(&old)), Err(TransformError::Unfit { row: 0, .. })));
        }
        let brought = Retokenise::new(&Transform::Fpe(fpe()), "c", &old, &new).unwrap().unwrap();
        let made = |key| Fpe::new(&fpe(), key).unwrap().apply(&values).unwrap();
        assert_eq!(&brought.apply(&made(&old)).unwrap(), &made(&new));
        assert!(made(&old).is_null(1) && made(&old).as_string_view().value(0) != made(&new).as_string_view().value(0));
    }

    #[test]
    fn tokens_cannot_be_brought_over() {
        let (old, new) = (key(1, 7), key(2, 8));
        let token = Transform::Token { key: KeyScope::Domain };
        assert!(Retokenise::new(&token, "c", &old, &new).unwrap().is_none());
        let short: ArrayRef = Arc::new(StringArray::from(vec!["12345"]));
        let tokens = Fpe::new(&fpe(), &old).unwrap().apply(&short).unwrap();
        let brought = Retokenise::new(&Transform::Fpe(fpe()), "c", &old, &new).unwrap().unwrap();
        assert!(matches!(brought.apply(&tokens), Err(TransformError::Unfit { row: 0, .. })));
    }
}
