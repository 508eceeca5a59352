//! Names of columns: a header's name, or a path into nested values.

use std::fmt;

/// The name of a column.
///
/// In CSV it is the header's name, dots included. In JSON Lines and Parquet `a.b` addresses the key or column named
/// `a.b` if there is one, else the field `b` of `a`; a key that holds dots is matched at every level.
///
/// In JSON Lines `a[*]` addresses the elements of the list `a`, as JSONPath does (RFC 9535, section 2.3.2):
/// `items[*].email` is the field `email` of each of them, `grid[*][*]` what lists of lists hold. Its column is an Arrow
/// list: a row has as many values as it has such fields, whatever lists they stand in, and is NULL without any. As in SQL/JSON's lax mode, a value
/// that is no list counts as a list of itself alone, so that one object where others have a list of them is not missed.
/// A key that holds `[*]` itself has no path. In Parquet it is the same for lists, with a value for every element; nothing but a list
/// counts as one.
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

    /// Read as a path into JSON Lines: what stands before the first `[*]`, the outermost list. `None`: it enters no list.
    pub fn list(&self) -> Option<&str> {
        self.0.get(..list_steps(&self.0).next()?)
    }

    /// Read as a path into JSON Lines: every list that it enters, the outermost first, each by the path that leads to it.
    pub fn lists(&self) -> impl Iterator<Item = &str> {
        list_steps(&self.0).filter_map(|step| self.0.get(..step))
    }

    /// The same without its `[*]`: the words that it is made of.
    pub fn without_list_steps(&self) -> String {
        self.0.replace(ELEMENTS, "")
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

/// The step from a list to its elements.
pub(crate) const ELEMENTS: &str = "[*]";

/// Where the steps into lists begin: each `[*]` that follows a key or such a step, and goes before a dot, such a step or the
/// end. Any other belongs to a key.
pub(crate) fn list_steps(path: &str) -> impl Iterator<Item = usize> {
    path.match_indices(ELEMENTS).map(|(at, _)| at).filter(move |at| {
        let before = path.get(..*at).unwrap_or_default().trim_end_matches(ELEMENTS);
        let after = path.get(*at..).unwrap_or_default().trim_start_matches(ELEMENTS);
        !before.is_empty() && !before.ends_with('.') && (after.is_empty() || after.starts_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_into_lists() {
        for (path, list) in [
            ("a", None),
            ("a.b", None),
            ("a[*]", Some("a")),
            ("a.b[*].c[*]", Some("a.b")),
            ("a[*][*]", Some("a")),
            ("[*]", None),
            ("a.[*]", None),
            ("a[*]b", None),
            ("a[*]b[*].c", Some("a[*]b")),
            ("a[*][*]b", None),
            ("a[]", None),
        ] {
            assert_eq!(ColumnPath::from(path).list(), list, "{path}");
        }
        assert_eq!(list_steps("a.b[*].c[*][*].d").collect::<Vec<_>>(), [3, 8, 11]);
        let path = ColumnPath::from("a.b[*].c[*][*].d");
        assert_eq!(path.lists().collect::<Vec<_>>(), ["a.b", "a.b[*].c", "a.b[*].c[*]"]);
    }
}
