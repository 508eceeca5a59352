use arrow_array::ArrayRef;
use arrow_schema::DataType;

use super::text::{CHUNK_ROWS, has_text, map_drawn};
use super::token_text::{TOKEN_BYTES, push_base32, token_prefix};
use super::{ColumnTransform, TransformError};
use crate::crypto::{HmacBatch, HmacKey};
use crate::keyring::{KeyPurpose, ScopedKey};

/// A keyed digest: HMAC-SHA-256 of the value's UTF-8 text, the first 128 bits of it ([`super::TokenText`]).
///
/// Equal values get equal tokens in every column and dataset of a domain, as long as its epoch lasts, so tables still
/// join. There is no way back, not even with the key, but by trying values: whoever holds the key can do that.
#[derive(Debug, Clone)]
pub struct Token {
    key: HmacKey,
    prefix: String,
}

impl Token {
    /// Tokens under a key of a domain.
    pub fn new<'k>(key: impl Into<ScopedKey<'k>>) -> Self {
        let key = key.into();
        let derived = key.derive::<32>(KeyPurpose::Token);
        Self { key: HmacKey::new(derived.as_slice()), prefix: token_prefix(key.key_ref()) }
    }

    /// Appends the token of a text.
    pub fn token(&self, text: &str, out: &mut String) {
        self.write(self.key.tag(text.as_bytes()), out);
    }

    fn write(&self, tag: [u8; 32], out: &mut String) {
        out.push_str(&self.prefix);
        if let Some(first) = tag.first_chunk::<TOKEN_BYTES>() {
            push_base32(*first, out);
        }
    }
}

impl ColumnTransform for Token {
    fn output_type(&self, input: &DataType) -> Result<DataType, TransformError> {
        has_text(input).map(|()| DataType::Utf8View)
    }

    fn apply(&self, input: &ArrayRef) -> Result<ArrayRef, TransformError> {
        let mut batch = HmacBatch::with_capacity(CHUNK_ROWS);
        let tags = |texts: &[&str], tags: &mut Vec<[u8; 32]>| {
            for text in texts {
                self.key.add(text.as_bytes(), &mut batch);
            }
            tags.extend(self.key.tags(&mut batch));
        };
        map_drawn(input, tags, |_text, tag, out| self.write(tag, out))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::cast::AsArray as _;
    use arrow_array::{Array as _, Int64Array, StringArray};
    use zeroize::Zeroizing;

    use super::*;
    use crate::keyring::{Domain, DomainKey, Epoch};

    fn key(domain: &str, epoch: u32) -> DomainKey {
        DomainKey::new(Domain::new(domain).unwrap(), Epoch::new(epoch).unwrap(), Zeroizing::new([7; 32]))
    }

    fn token(key: &DomainKey, text: &str) -> String {
        let mut out = String::new();
        Token::new(key).token(text, &mut out);
        out
    }

    #[test]
    fn the_token_is_pinned() {
        // Python: base32(HMAC-SHA-256(HKDF(b"\7" * 32, info=b"sluice/v1/token/customers/1"), text)[:16])
        assert_eq!(token(&key("customers", 1), "anna@example.com"), "tk1_1_uqvkfmuqi36nrwipuzpvtox5m4");
    }

    #[test]
    fn tokens_join_within_a_domain_and_epoch_only() {
        let customers = key("customers", 1);
        assert_eq!(token(&customers, "a"), token(&key("customers", 1), "a"));
        assert_ne!(token(&customers, "a"), token(&customers, "A"));
        assert_ne!(token(&customers, "a").split_off(6), token(&key("staff", 1), "a").split_off(6));
        assert_ne!(token(&customers, "a").split_off(6), token(&key("customers", 2), "a").split_off(6));
    }

    #[test]
    fn numbers_and_texts_join() {
        let token = Token::new(&key("customers", 1));
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![Some(42), None]));
        let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("42"), None]));
        let (numbers, texts) = (token.apply(&numbers).unwrap(), token.apply(&texts).unwrap());
        assert_eq!(&numbers, &texts);
        assert!(numbers.is_null(1));
    }

    #[test]
    fn empty_stays_empty() {
        let texts: ArrayRef = Arc::new(StringArray::from(vec![Some(""), Some(" ")]));
        let tokens = Token::new(&key("customers", 1)).apply(&texts).unwrap();
        assert_eq!(tokens.as_string_view().value(0), "");
        assert!(tokens.as_string_view().value(1).starts_with("tk1_1_"));
    }
}
