use std::fmt;

use arrow_array::ArrayRef;
use arrow_schema::DataType;
use zeroize::Zeroizing;

use super::text::{has_text, map_text};
use super::token_text::{encrypted_prefix, push_base64url};
use super::{ColumnTransform, TransformError};
use crate::crypto::{NotAuthentic, SivCipher, SivHeaders};
use crate::keyring::{KeyPurpose, ScopedKey};

/// Deterministic encryption: AES-256-SIV (RFC 5297) of the value's UTF-8 text under a 512-bit key.
///
/// Equal values give equal ciphertexts in every column and dataset of a domain and epoch, so tables still join. What is
/// authenticated beside the text is domain, epoch and purpose (the label of the domain key), not the column: a pseudonym can be
/// opened without knowing where it stood. A changed bit, another domain or another epoch is an error. The length of the
/// text shows.
pub struct Encrypt {
    cipher: SivCipher,
    headers: SivHeaders,
    label: String,
    prefix: String,
}

impl Encrypt {
    /// Encryption under a key of a domain.
    pub fn new<'k>(key: impl Into<ScopedKey<'k>>) -> Self {
        let key = key.into();
        let label = key.label(KeyPurpose::Encrypt);
        let cipher = SivCipher::aes_256(&key.derive(KeyPurpose::Encrypt));
        let headers = cipher.header(label.as_bytes());
        Self { cipher, headers, label, prefix: encrypted_prefix(key.key_ref()) }
    }

    /// Appends the ciphertext of a text.
    pub fn seal(&self, text: &str, out: &mut String) {
        self.seal_with(text, &mut Vec::new(), out);
    }

    pub(super) fn seal_with(&self, text: &str, sealed: &mut Vec<u8>, out: &mut String) {
        sealed.clear();
        self.cipher.seal_into(self.headers, text.as_bytes(), sealed);
        out.push_str(&self.prefix);
        push_base64url(sealed, out);
    }
}

impl ColumnTransform for Encrypt {
    fn output_type(&self, input: &DataType) -> Result<DataType, TransformError> {
        has_text(input).map(|()| DataType::Utf8View)
    }

    fn apply(&self, input: &ArrayRef) -> Result<ArrayRef, TransformError> {
        let mut sealed = Vec::new();
        map_text(input, |text, out| self.seal_with(text, &mut sealed, out))
    }
}

impl fmt::Debug for Encrypt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Encrypt({}, [redacted])", self.label)
    }
}

/// Opens what [`Encrypt`] made under the same domain key.
pub struct Decrypt {
    cipher: SivCipher,
    label: String,
}

impl Decrypt {
    /// Decryption under a key of a domain.
    pub fn new<'k>(key: impl Into<ScopedKey<'k>>) -> Self {
        let key = key.into();
        Self { cipher: SivCipher::aes_256(&key.derive(KeyPurpose::Encrypt)), label: key.label(KeyPurpose::Encrypt) }
    }

    /// The text of a ciphertext. Wiped when dropped.
    ///
    /// # Errors
    /// When it was altered or made under another domain or epoch.
    pub fn open(&self, sealed: &[u8]) -> Result<Zeroizing<String>, NotAuthentic> {
        let bytes = Zeroizing::new(self.cipher.open(&[self.label.as_bytes()], sealed)?);
        // What was sealed was text; what is authentic was sealed.
        std::str::from_utf8(&bytes).map(|text| Zeroizing::new(text.to_owned())).map_err(|_utf8| NotAuthentic)
    }
}

impl fmt::Debug for Decrypt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Decrypt({}, [redacted])", self.label)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::StringArray;
    use arrow_array::cast::AsArray as _;
    use proptest::prelude::*;

    use super::*;
    use crate::keyring::{Domain, DomainKey, Epoch};
    use crate::transform::TokenText;

    fn key(domain: &str, epoch: u32) -> DomainKey {
        DomainKey::new(Domain::new(domain).unwrap(), Epoch::new(epoch).unwrap(), Zeroizing::new([7; 32]))
    }

    fn encrypt(key: &DomainKey, text: &str) -> String {
        let input: ArrayRef = Arc::new(StringArray::from(vec![text]));
        Encrypt::new(key).apply(&input).unwrap().as_string_view().value(0).to_owned()
    }

    fn open(key: &DomainKey, text: &str) -> Result<String, NotAuthentic> {
        match TokenText::parse(text) {
            Ok(TokenText::Encrypted { sealed, .. }) => {
                Decrypt::new(key).open(&sealed).map(|text| text.as_str().to_owned())
            }
            _ => panic!("not a ciphertext"),
        }
    }

    #[test]
    fn opens_under_its_own_domain_and_epoch_only() {
        let text = encrypt(&key("customers", 1), "anna@example.com");
        assert!(text.starts_with("enc1_1_"));
        assert_eq!(open(&key("customers", 1), &text).as_deref(), Ok("anna@example.com"));
        assert_eq!(open(&key("staff", 1), &text), Err(NotAuthentic));
        assert_eq!(open(&key("customers", 2), &text), Err(NotAuthentic));
    }

    proptest! {
        #[test]
        fn round_trips_and_notices_a_flipped_bit(text in "\\PC{1,60}", flip in any::<prop::sample::Index>()) {
            let key = key("customers", 1);
            let pseudonym = encrypt(&key, &text);
            prop_assert_eq!(&encrypt(&key, &text), &pseudonym);
            prop_assert_eq!(open(&key, &pseudonym), Ok(text));
            let Ok(TokenText::Encrypted { mut sealed, .. }) = TokenText::parse(&pseudonym) else { panic!("a ciphertext") };
            let bit = flip.index(sealed.len() * 8);
            sealed[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(Decrypt::new(&key).open(&sealed).err(), Some(NotAuthentic));
        }
    }
}
