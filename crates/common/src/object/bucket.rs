use std::fmt;

use serde::{Deserialize, Serialize};

/// The name of a general purpose bucket: 3 to 63 of `a-z`, `0-9`, `.` and `-`, beginning and ending with a letter or digit.
///
/// Source: "General purpose bucket naming rules", Amazon S3 User Guide.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BucketName(String);

/// Why a text is not a bucket's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("bucket name of {length} bytes breaks the naming rules: 3 to 63 of a-z, 0-9, '.' and '-', no edge '.' or '-'")]
pub struct BucketNameError {
    length: usize,
}

impl BucketName {
    /// Parses a name.
    ///
    /// # Errors
    /// When the text breaks the naming rules.
    pub fn new(name: impl Into<String>) -> Result<Self, BucketNameError> {
        let name = name.into();
        let inner = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-');
        let edge = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
        let bytes = name.as_bytes();
        if (3..=63).contains(&bytes.len()) && bytes.iter().all(inner) && edge(bytes.first()) && edge(bytes.last()) {
            Ok(Self(name))
        } else {
            Err(BucketNameError { length: name.len() })
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The bucket's ARN in the commercial partition, `arn:aws:s3:::name`.
    pub fn arn(&self) -> String {
        format!("arn:aws:s3:::{}", self.0)
    }
}

impl fmt::Display for BucketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for BucketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BucketName({})", self.0)
    }
}

impl TryFrom<String> for BucketName {
    type Error = BucketNameError;
    fn try_from(name: String) -> Result<Self, BucketNameError> {
        Self::new(name)
    }
}

impl From<BucketName> for String {
    fn from(name: BucketName) -> Self {
        name.0
    }
}

impl std::str::FromStr for BucketName {
    type Err = BucketNameError;
    fn from_str(name: &str) -> Result<Self, BucketNameError> {
        Self::new(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_rules() {
        for good in ["abc", "my-lake.raw-1", "0a0", &"a".repeat(63)] {
            assert!(BucketName::new(good).is_ok(), "{good}");
        }
        for bad in ["", "ab", "Abc", "a_b", "-abc", "abc-", "a/b", "abc\n", &"a".repeat(64)] {
            assert!(BucketName::new(bad).is_err(), "{bad}");
        }
    }
}
