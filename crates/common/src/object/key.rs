use std::fmt;

use serde::{Deserialize, Serialize};

/// An object's key, decoded: 1 to 1,024 bytes of UTF-8.
///
/// An uploader chooses it, so it is hostile and may itself be personal data: it appears in signed statements, never in
/// logs or metrics (name an object there by [`super::ObjectVersionId`]), and never as part of a key that we write.
/// Keys that arrive in events are decoded by [`crate::event`] and nowhere else.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ObjectKey(String);

/// Where the raw bucket keeps failing rows that were set aside.
pub const QUARANTINED_ROWS_PREFIX: &str = "quarantine/";

/// Why a text is not a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ObjectKeyError {
    /// S3 has no empty keys.
    #[error("object key is empty")]
    Empty,
    /// S3 keys end at 1,024 bytes of UTF-8.
    #[error("object key has {0} bytes of UTF-8; S3 allows 1,024")]
    TooLong(usize),
}

impl ObjectKey {
    /// The longest key, in bytes of UTF-8.
    pub const MAX_BYTES: usize = 1024;

    /// Takes a decoded key.
    ///
    /// # Errors
    /// When it is empty or longer than [`Self::MAX_BYTES`].
    pub fn new(key: impl Into<String>) -> Result<Self, ObjectKeyError> {
        let key = key.into();
        match key.len() {
            0 => Err(ObjectKeyError::Empty),
            1..=Self::MAX_BYTES => Ok(Self(key)),
            longer => Err(ObjectKeyError::TooLong(longer)),
        }
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it names failing rows that the quality function set aside: not an upload, and nothing to be worked on. The
    /// raw bucket's policy lets nobody else write there.
    pub fn is_quarantined_rows(&self) -> bool {
        self.0.starts_with(QUARANTINED_ROWS_PREFIX)
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Shows the length only, so that a key cannot slip into a log by way of a derived `Debug`.
impl fmt::Debug for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectKey({} bytes)", self.0.len())
    }
}

impl TryFrom<String> for ObjectKey {
    type Error = ObjectKeyError;
    fn try_from(key: String) -> Result<Self, ObjectKeyError> {
        Self::new(key)
    }
}

impl From<ObjectKey> for String {
    fn from(key: ObjectKey) -> Self {
        key.0
    }
}

impl std::str::FromStr for ObjectKey {
    type Err = ObjectKeyError;
    fn from_str(key: &str) -> Result<Self, ObjectKeyError> {
        Self::new(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_counted_in_bytes() {
        assert!(ObjectKey::new("é".repeat(512)).is_ok());
        assert_eq!(ObjectKey::new("é".repeat(513)), Err(ObjectKeyError::TooLong(1026)));
        assert_eq!(ObjectKey::new(""), Err(ObjectKeyError::Empty));
    }

    #[test]
    fn debug_does_not_show_the_key() {
        let key = ObjectKey::new("patients/jane-doe.csv").unwrap();
        assert!(!format!("{key:?}").contains("jane"));
    }
}
