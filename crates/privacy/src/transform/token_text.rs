//! How pseudonyms are written.
//!
//! | form | what |
//! |---|---|
//! | `tk1_<key>_<26 of a-z2-7>` | a token: 128 bits, RFC 4648 base32 in lower case |
//! | `enc1_<key>_<base64url>` | a ciphertext: synthetic IV and text, RFC 4648 base64url without padding |
//!
//! Both say what they are, in which version of the format, and under which key: `<epoch>` of the domain's secret, or
//! `<epoch>-<8 of a-z2-7>` for a key of one column or one kind of data ([`KeyRef`]); `.<cohort>` in decimal digits follows when
//! the key is that of a cohort of subjects. They begin with a letter, so no
//! spreadsheet takes one for a formula. Base32 keeps tokens apart also where letters are compared without their case, as
//! in some databases. A ciphertext is as long as its text and uses base64url instead, which is shorter.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;

use crate::crypto::SIV_BYTES;
use crate::keyring::KeyRef;

const TOKEN: &str = "tk1_";
const ENCRYPTED: &str = "enc1_";

/// Bytes of a token: collisions among n values have a chance of n² / 2¹²⁹.
pub(super) const TOKEN_BYTES: usize = 16;
const TOKEN_DIGITS: usize = 26;
pub(super) const SCOPE_DIGITS: usize = 8;
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
/// The digits of ten bits. Which ones are looked up is what is published.
static BASE32_PAIRS: [[u8; 2]; 1 << 10] = base32_pairs();

/// A pseudonym, taken apart.
#[derive(Clone, PartialEq, Eq)]
pub enum TokenText {
    /// A token. It cannot be opened.
    Token {
        /// The key.
        key: KeyRef,
    },
    /// A ciphertext.
    Encrypted {
        /// The key.
        key: KeyRef,
        /// Synthetic IV and encrypted text.
        sealed: Vec<u8>,
    },
}

/// Why a text is not a pseudonym.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenTextError {
    /// It begins like nothing that we write.
    #[error("not a pseudonym: expected tk1_… or enc1_…")]
    Unknown,
    /// It was written by a later release.
    #[error("a pseudonym of a format that this release does not know")]
    Version,
    /// It was cut or changed.
    #[error("a pseudonym that was cut or changed")]
    Malformed,
}

impl std::fmt::Debug for TokenText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Token { key } => write!(f, "Token(epoch {})", key.epoch),
            Self::Encrypted { key, sealed } => write!(f, "Encrypted(epoch {}, {} bytes)", key.epoch, sealed.len()),
        }
    }
}

impl TokenText {
    /// Takes a pseudonym apart. Each has one spelling: whatever is not exactly that is refused.
    ///
    /// # Errors
    /// When the text is not a pseudonym.
    pub fn parse(text: &str) -> Result<Self, TokenTextError> {
        let split = |rest: &str| -> Result<(KeyRef, String), TokenTextError> {
            let (key, body) = rest.split_once('_').ok_or(TokenTextError::Malformed)?;
            Ok((parse_key(key).ok_or(TokenTextError::Malformed)?, body.to_owned()))
        };
        if let Some(rest) = text.strip_prefix(TOKEN) {
            let (key, digits) = split(rest)?;
            return if is_base32_of_128_bits(&digits) {
                Ok(Self::Token { key })
            } else {
                Err(TokenTextError::Malformed)
            };
        }
        if let Some(rest) = text.strip_prefix(ENCRYPTED) {
            let (key, body) = split(rest)?;
            let sealed = BASE64URL.decode(body).map_err(|_base64| TokenTextError::Malformed)?;
            return if sealed.len() < SIV_BYTES {
                Err(TokenTextError::Malformed)
            } else {
                Ok(Self::Encrypted { key, sealed })
            };
        }
        let version =
            |kind: &str| text.strip_prefix(kind).and_then(|rest| rest.split_once('_')).map(|(version, _)| version);
        let numbered = |version: &str| !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
        if version("tk").is_some_and(numbered) || version("enc").is_some_and(numbered) {
            return Err(TokenTextError::Version);
        }
        Err(TokenTextError::Unknown)
    }
}

/// What stands before the digits of a token.
pub(super) fn token_prefix(key: KeyRef) -> String {
    format!("{TOKEN}{}_", key_text(key))
}

/// What stands before a ciphertext.
pub(super) fn encrypted_prefix(key: KeyRef) -> String {
    format!("{ENCRYPTED}{}_", key_text(key))
}

pub(super) fn key_text(key: KeyRef) -> String {
    let mut text = key.epoch.to_string();
    if let Some(scope) = key.scope {
        text.push('-');
        push_scope(scope, &mut text);
    }
    if let Some(cohort) = key.cohort {
        text.push('.');
        text.push_str(&cohort.to_string());
    }
    text
}

/// Appends forty bits in base32.
pub(super) fn push_scope(scope: [u8; 5], out: &mut String) {
    let bits = scope.iter().fold(0u128, |bits, byte| bits << 8 | u128::from(*byte));
    push_five_bits(bits << 88, SCOPE_DIGITS, out);
}

pub(super) fn parse_key(text: &str) -> Option<KeyRef> {
    let (text, cohort) = match text.split_once('.') {
        Some((text, cohort)) => (text, Some(cohort.parse().ok()?)),
        None => (text, None),
    };
    let (epoch, scope) = match text.split_once('-') {
        Some((epoch, digits)) if digits.len() == SCOPE_DIGITS => (epoch, Some(parse_scope(digits)?)),
        Some(_) => return None,
        None => (text, None),
    };
    Some(KeyRef { epoch: epoch.parse().ok()?, scope, cohort })
}

/// Forty bits from [`SCOPE_DIGITS`] digits.
pub(super) fn parse_scope(digits: &str) -> Option<[u8; 5]> {
    let place = |digit| BASE32.iter().position(|letter| *letter == digit);
    let bits = digits.bytes().try_fold(0u64, |bits, digit| Some(bits << 5 | place(digit)? as u64))?;
    let [_, _, _, scope @ ..] = bits.to_be_bytes();
    Some(scope)
}

/// Appends a ciphertext in base64url.
pub(super) fn push_base64url(sealed: &[u8], out: &mut String) {
    BASE64URL.encode_string(sealed, out);
}

/// Appends 128 bits in base32: 26 digits of 5 bits, the last two bits of the last one zero.
pub(super) fn push_base32(bytes: [u8; TOKEN_BYTES], out: &mut String) {
    push_five_bits(u128::from_be_bytes(bytes), TOKEN_DIGITS, out);
}

/// Appends base32 digits of a number, at most 26, from its most significant bit; zeros follow its last.
pub(super) fn push_five_bits(mut bits: u128, digits: usize, out: &mut String) {
    let mut text = [0; TOKEN_DIGITS];
    for pair in text.as_chunks_mut().0 {
        *pair = BASE32_PAIRS.get((bits >> 118) as usize).copied().unwrap_or_default();
        bits <<= 10;
    }
    let digits = text.get(..digits).unwrap_or(&text);
    // All of it is ASCII.
    out.push_str(std::str::from_utf8(digits).unwrap_or_default());
}

#[expect(clippy::indexing_slicing, reason = "worked out when this is compiled")]
const fn base32_pairs() -> [[u8; 2]; 1 << 10] {
    let mut pairs = [[0; 2]; 1 << 10];
    let mut bits = 0;
    while bits < pairs.len() {
        pairs[bits] = [BASE32[bits >> 5], BASE32[bits & 31]];
        bits += 1;
    }
    pairs
}

fn is_base32_of_128_bits(digits: &str) -> bool {
    let padding_is_zero = digits.bytes().last().and_then(|last| BASE32.iter().position(|letter| *letter == last));
    digits.len() == TOKEN_DIGITS
        && digits.bytes().all(|digit| BASE32.contains(&digit))
        && padding_is_zero.is_some_and(|last| last % 4 == 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::keyring::{Cohort, Epoch};

    #[test]
    fn base32_as_in_rfc_4648() {
        // Python: base64.b32encode(bytes(range(16))).decode().lower().rstrip("=")
        let mut out = String::new();
        push_base32(std::array::from_fn(|i| u8::try_from(i).unwrap()), &mut out);
        assert_eq!(out, "aaaqeayeaudaocajbifqydiob4");
        out.clear();
        push_base32([0xff; 16], &mut out);
        assert_eq!(out, "77777777777777777777777774");
    }

    #[test]
    fn other_texts_are_refused_with_the_reason() {
        use TokenTextError::{Malformed, Unknown, Version};
        for (text, error) in [
            ("", Unknown),
            ("anna@example.com", Unknown),
            ("tk_1_x", Unknown),
            ("TK1_1_aaaqeayeaudaocajbifqydiob4", Unknown),
            ("tk2_1_aaaqeayeaudaocajbifqydiob4", Version),
            ("enc9_1_AAAA", Version),
            ("tk1_", Malformed),
            ("tk1_1", Malformed),
            ("tk1_0_aaaqeayeaudaocajbifqydiob4", Malformed),
            ("tk1_01_aaaqeayeaudaocajbifqydiob4", Malformed),
            ("tk1_1_aaaqeayeaudaocajbifqydiob", Malformed),
            ("tk1_1_aaaqeayeaudaocajbifqydiob4a", Malformed),
            ("tk1_1_AAAqeayeaudaocajbifqydiob4", Malformed),
            ("tk1_1_aaaqeayeaudaocajbifqydiob5", Malformed),
            ("tk1_1-_aaaqeayeaudaocajbifqydiob4", Malformed),
            ("tk1_1-aaaaaaa1_aaaqeayeaudaocajbifqydiob4", Malformed),
            ("tk1_1-aaaaaaaaa_aaaqeayeaudaocajbifqydiob4", Malformed),
            ("enc1_1._AAAAAAAAAAAAAAAAAAAAAA", Malformed),
            ("enc1_1.01_AAAAAAAAAAAAAAAAAAAAAA", Malformed),
            ("enc1_1.+1_AAAAAAAAAAAAAAAAAAAAAA", Malformed),
            ("enc1_1.9007199254740992_AAAAAAAAAAAAAAAAAAAAAA", Malformed),
            ("enc1_1_", Malformed),
            ("enc1_1_AAAA", Malformed),
            ("enc1_1_AAAAAAAAAAAAAAAAAAAAAB", Malformed),
            ("enc1_1_AAAAAAAAAAAAAAAAAAAAAA==", Malformed),
            ("enc1_1_AAAAAAAAAAAAAAAAAAAAA/", Malformed),
        ] {
            assert_eq!(TokenText::parse(text), Err(error), "{text}");
        }
    }

    /// Every kind of key: of a domain, of a column, of a cohort, of a column for a cohort.
    fn key_refs() -> impl Strategy<Value = KeyRef> {
        let cohort = prop::option::of(prop_oneof![0u64..3, 0u64..1 << 53, Just((1u64 << 53) - 1)]);
        (1u32..1_000_000_000, any::<Option<[u8; 5]>>(), cohort).prop_map(|(epoch, scope, cohort)| KeyRef {
            epoch: Epoch::new(epoch).unwrap(),
            scope,
            cohort: cohort.map(|cohort| Cohort::new(cohort).unwrap()),
        })
    }

    proptest! {
        #[test]
        fn tokens_parse(bytes in any::<[u8; 16]>(), key in key_refs()) {
            let mut text = token_prefix(key);
            push_base32(bytes, &mut text);
            prop_assert_eq!(TokenText::parse(&text), Ok(TokenText::Token { key }));
        }

        #[test]
        fn ciphertexts_parse(sealed in prop::collection::vec(any::<u8>(), 16..80), key in key_refs()) {
            let mut text = encrypted_prefix(key);
            push_base64url(&sealed, &mut text);
            prop_assert_eq!(TokenText::parse(&text), Ok(TokenText::Encrypted { key, sealed }));
        }

        /// Two keys never have one name, and a name has one spelling.
        #[test]
        fn names_of_keys_are_told_apart(one in key_refs(), other in key_refs(), cut in any::<prop::sample::Index>(), put in "[0-9a-z.-]{0,2}") {
            prop_assert_eq!(key_text(one) == key_text(other), one == other);
            let mut text = key_text(one);
            let at = cut.index(text.len());
            text.replace_range(at..=at, &put);
            if let Some(key) = parse_key(&text) {
                prop_assert_eq!(key_text(key), text);
            }
        }

        #[test]
        fn any_text_is_answered(text in "\\PC*") {
            prop_assert!(TokenText::parse(&text).is_err() || text.starts_with("tk1_") || text.starts_with("enc1_"));
        }
    }
}
