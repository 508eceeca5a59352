//! Signed notes (C2SP signed-note): text, a blank line, and lines of signatures by named keys.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature as Ed25519Signature, VerifyingKey};
use sha2::{Digest, Sha256};
use std::fmt;
use thiserror::Error;

const ED25519: u8 = 1;
const ECDSA: u8 = 2;
/// SEQUENCE { SEQUENCE { OID 1.3.101.112 }, BIT STRING of 32 bytes }, up to the key.
const SPKI_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
const MAX_NOTE_BYTES: usize = 1 << 20;
const MAX_SIGNATURES: usize = 64;

/// Why a text is no verifier key.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyError {
    /// Not `name+id+base64`.
    #[error("a verifier key reads name+8 hex digits+base64 of type and key; this text does not")]
    Malformed,
    /// The name is empty or holds a space or a plus.
    #[error("a key's name must not be empty nor hold spaces or a plus sign")]
    Name,
    /// The id is not the hash of name and key.
    #[error("key id {got} expected {expected}; the key or its name was changed")]
    Id {
        /// The id in the text.
        got: String,
        /// The id computed from the key.
        expected: String,
    },
    /// An Ed25519 key that is no point of the curve or of another length.
    #[error("an Ed25519 key must be 32 bytes that name a point of the curve")]
    Point,
}

/// A public key by which notes are verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    /// The key's name, for a log its origin.
    pub name: String,
    /// The first four bytes of a hash of name and key.
    pub id: [u8; 4],
    /// Signature type: 1 for Ed25519.
    pub algorithm: u8,
    /// The key's bytes, without the type.
    pub key: Vec<u8>,
}

impl VerifierKey {
    /// An Ed25519 key under a name.
    ///
    /// # Errors
    /// When name or key is invalid.
    pub fn ed25519(name: &str, key: [u8; 32]) -> Result<Self, KeyError> {
        let key =
            Self { name: name.to_owned(), id: key_id(name, ED25519, &key), algorithm: ED25519, key: key.to_vec() };
        key.checked()
    }

    /// Parses `name+id+base64`.
    ///
    /// # Errors
    /// Names the part that is wrong; an id that does not belong to the key is refused.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let (name, rest) = text.split_once('+').ok_or(KeyError::Malformed)?;
        let (got, encoded) = rest.split_once('+').ok_or(KeyError::Malformed)?;
        let Ok(bytes) = STANDARD.decode(encoded) else { return Err(KeyError::Malformed) };
        let (algorithm, key) = bytes.split_first().ok_or(KeyError::Malformed)?;
        let expected = key_id(name, *algorithm, key);
        let key = Self { name: name.to_owned(), id: expected, algorithm: *algorithm, key: key.to_vec() };
        // Types above 2 have ids of their own making: theirs is taken as written.
        let mut written = [0; 4];
        if got.len() != 8 || hex::decode_to_slice(got, &mut written).is_err() {
            return Err(KeyError::Malformed);
        }
        if matches!(*algorithm, ED25519 | ECDSA) && written != expected {
            return Err(KeyError::Id { got: got.to_owned(), expected: hex::encode(expected) });
        }
        Self { id: written, ..key }.checked()
    }

    /// An Ed25519 key in the form in which KMS hands it out, `SubjectPublicKeyInfo` in DER (RFC 8410 §4).
    ///
    /// # Errors
    /// When the bytes are no Ed25519 key or the name is invalid.
    pub fn from_spki_der(name: &str, der: &[u8]) -> Result<Self, KeyError> {
        let key = der.strip_prefix(&SPKI_PREFIX).and_then(|key| <[u8; 32]>::try_from(key).ok());
        Self::ed25519(name, key.ok_or(KeyError::Point)?)
    }

    /// The key as `SubjectPublicKeyInfo` in PEM, for `openssl`; nothing for other keys than Ed25519.
    pub fn to_spki_pem(&self) -> Option<String> {
        let encoded =
            (self.algorithm == ED25519).then(|| STANDARD.encode([&SPKI_PREFIX, self.key.as_slice()].concat()));
        Some(format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", encoded?))
    }

    fn checked(self) -> Result<Self, KeyError> {
        if !is_name(&self.name) {
            return Err(KeyError::Name);
        }
        if self.algorithm == ED25519 && self.point().is_none() {
            return Err(KeyError::Point);
        }
        Ok(self)
    }

    fn point(&self) -> Option<VerifyingKey> {
        VerifyingKey::from_bytes(self.key.first_chunk().filter(|_| self.key.len() == 32)?).ok()
    }

    fn verifies(&self, text: &str, signature: &[u8]) -> bool {
        let signature = Ed25519Signature::from_slice(signature).ok();
        let held = self.point().zip(signature).map(|(key, signature)| key.verify_strict(text.as_bytes(), &signature));
        matches!(held, Some(Ok(())))
    }
}

/// The key as it is written in files: `name+id+base64`.
impl fmt::Display for VerifierKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encoded = STANDARD.encode([&[self.algorithm], self.key.as_slice()].concat());
        write!(out, "{}+{}+{encoded}", self.name, hex::encode(self.id))
    }
}

fn key_id(name: &str, algorithm: u8, key: &[u8]) -> [u8; 4] {
    let hash = match algorithm {
        ECDSA => Sha256::digest(key),
        _ => Sha256::new().chain_update(name).chain_update([b'\n', algorithm]).chain_update(key).finalize(),
    };
    let [a, b, c, d, ..]: [u8; 32] = hash.into();
    [a, b, c, d]
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|letter: char| letter.is_whitespace() || letter == '+')
}

/// Why a note is not believed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NoteError {
    /// Larger than any note is.
    #[error("a note of {0} bytes exceeds 1 MiB")]
    TooLarge(usize),
    /// Not text, a blank line and signature lines.
    #[error("a note is text, a blank line and signature lines, in UTF-8 without control characters")]
    Malformed,
    /// A signature line is wrong.
    #[error("signature line {0} is not of the form: em dash, key name, base64")]
    Line(usize),
    /// A known key's signature fails.
    #[error("the signature of {0} does not fit the text; the note was changed")]
    Signature(String),
    /// No known key signed.
    #[error("none of the trusted keys signed this note")]
    Unsigned,
}

/// One line under a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The key's name.
    pub name: String,
    /// The key's id.
    pub key_id: [u8; 4],
    /// The signature after the id.
    pub bytes: Vec<u8>,
}

/// A note as read. Nothing in it is to be believed before [`Note::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The signed text, with its final newline.
    pub text: String,
    /// The signatures, at least one.
    pub signatures: Vec<Signature>,
}

impl Note {
    /// Reads a note.
    ///
    /// # Errors
    /// Names the first part that is not as the format demands.
    pub fn parse(note: &str) -> Result<Self, NoteError> {
        if note.len() > MAX_NOTE_BYTES {
            return Err(NoteError::TooLarge(note.len()));
        }
        if note.contains(|letter: char| letter.is_ascii_control() && letter != '\n') {
            return Err(NoteError::Malformed);
        }
        let (text, lines) = note.rsplit_once("\n\n").ok_or(NoteError::Malformed)?;
        let lines = lines.strip_suffix('\n').ok_or(NoteError::Malformed)?;
        let signatures: Vec<Signature> = lines
            .split('\n')
            .take(MAX_SIGNATURES + 1)
            .enumerate()
            .map(|(at, line)| parse_line(line).ok_or(NoteError::Line(at + 1)))
            .collect::<Result<_, _>>()?;
        if signatures.len() > MAX_SIGNATURES {
            return Err(NoteError::Line(MAX_SIGNATURES + 1));
        }
        Ok(Self { text: format!("{text}\n"), signatures })
    }

    /// Whether a trusted Ed25519 key signed and no trusted key's signature fails. Other keys are ignored.
    ///
    /// # Errors
    /// When no trusted key signed, or one did not sign this text.
    pub fn verify(&self, trusted: &[VerifierKey]) -> Result<(), NoteError> {
        let mut signed = false;
        for signature in &self.signatures {
            let is_of = |key: &&VerifierKey| {
                key.algorithm == ED25519 && key.name == signature.name && key.id == signature.key_id
            };
            if let Some(key) = trusted.iter().find(is_of) {
                if !key.verifies(&self.text, &signature.bytes) {
                    return Err(NoteError::Signature(key.name.clone()));
                }
                signed = true;
            }
        }
        if signed { Ok(()) } else { Err(NoteError::Unsigned) }
    }

    /// The note's bytes, from the text and a signature made elsewhere over exactly that text.
    pub fn assemble(text: &str, key: &VerifierKey, signature: &[u8]) -> String {
        let encoded = STANDARD.encode([&key.id, signature].concat());
        format!("{text}\n\u{2014} {} {encoded}\n", key.name)
    }
}

fn parse_line(line: &str) -> Option<Signature> {
    let (name, encoded) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
    let decoded = STANDARD.decode(encoded).ok()?;
    let (key_id, bytes) = decoded.split_first_chunk()?;
    let fits = is_name(name) && !bytes.is_empty();
    fits.then(|| Signature { name: name.to_owned(), key_id: *key_id, bytes: bytes.to_vec() })
}
