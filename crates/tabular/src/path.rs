//! Names of columns: a header's name, or a dotted path into nested values.

use std::fmt;

/// The name of a column.
///
/// In CSV it is the header's name, dots included. In JSON Lines and Parquet `a.b` addresses the key or column named
/// `a.b` if there is one, else the field `b` of `a`; a key that holds dots is matched at every level.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ColumnPath(String);

impl ColumnPath {
    /// The column called `name`.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for ColumnPath {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl fmt::Display for ColumnPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
