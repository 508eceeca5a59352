use std::fmt::Write as _;

use sluice_common::policy::{KeyScope, PrivacySpec, Transform};
use sluice_common::port::UserMetadata;

use crate::keyring::{Domain, DomainKey, ScopedKey};
use crate::transform::FpeMark;

/// A column of `fpe`, whose values do not say under which key they were made: this says it beside them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormatPreserving {
    /// The column, as the policy names it.
    pub column: String,
    /// Whose key.
    pub domain: Domain,
    /// Which key, and made how.
    pub mark: FpeMark,
}

impl FormatPreserving {
    /// The columns of a policy, in its order; none without a key.
    pub fn columns(privacy: &PrivacySpec, key: Option<&DomainKey>) -> Vec<Self> {
        let Some(key) = key else { return Vec::new() };
        let columns = privacy.columns.iter().filter_map(|(column, transform)| {
            let Transform::Fpe(parameters) = transform else { return None };
            let scoped = match parameters.key {
                KeyScope::Domain => ScopedKey::from(key),
                KeyScope::Column => key.of_column(column),
            };
            let mark = FpeMark::new(parameters, scoped);
            Some(Self { column: column.to_owned(), domain: key.domain().clone(), mark })
        });
        columns.collect()
    }

    /// `domain/mark/column`: one line of text for the metadata of a file or an object. The column comes last, since its name
    /// may hold anything; characters beyond printable ASCII, `%` and `,` are percent-encoded as in a URI (RFC 3986).
    pub fn line(&self) -> String {
        let mut line = format!("{}/{}/", self.domain, self.mark);
        for byte in self.column.bytes() {
            if byte.is_ascii_graphic() && !matches!(byte, b'%' | b',') {
                line.push(char::from(byte));
            } else {
                // Writing to a string cannot fail.
                write!(line, "%{byte:02X}").unwrap_or_default();
            }
        }
        line
    }

    /// The entry in the metadata of an object or a Parquet file.
    pub const METADATA: &str = "sluice-fpe";

    /// What an object says of itself beside its bytes. S3 takes 2 KB in all; when there are too many columns, only the
    /// statement has them.
    pub fn metadata(columns: &[Self]) -> UserMetadata {
        const MAX_BYTES: usize = 1_024;
        if columns.is_empty() {
            return UserMetadata::new();
        }
        let lines = Some(Self::lines(columns)).filter(|lines| lines.len() <= MAX_BYTES);
        let value = lines.unwrap_or_else(|| "see-the-statement".to_owned());
        UserMetadata::from([(Self::METADATA.to_owned(), value)])
    }

    /// The lines of columns, parted by commas.
    pub fn lines(columns: &[Self]) -> String {
        columns.iter().map(Self::line).collect::<Vec<_>>().join(",")
    }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;
    use crate::keyring::Epoch;

    #[test]
    fn each_column_is_told() {
        let text = "version: 1\ndatasets:\n  - name: t\n    match: \"**\"\n    format: { type: csv }\n    quality: { ruleset: \"Rules = [ RowCount > 0 ]\" }\n    \
            privacy:\n      domain: customers\n      columns:\n        card: { transform: fpe, keep_last: 4, check: luhn }\n        \
            mail: { transform: token }\n        \"häus,nr\": { transform: fpe, key: column }\n";
        let policy = sluice_common::policy::Policy::parse(text).unwrap();
        let key = DomainKey::new(Domain::new("customers").unwrap(), Epoch::FIRST, Zeroizing::new([7; 32]));
        let columns = FormatPreserving::columns(&policy.datasets[0].privacy, Some(&key));
        let [card, number] = columns.as_slice() else { panic!("{columns:?}") };
        assert_eq!(card.line(), "customers/fpe1_1-sl2vynqb_wldmw3t4/card");
        assert!(number.line().ends_with("/h%C3%A4us%2Cnr"), "{}", number.line());
        assert_ne!(card.mark.key_id(), number.mark.key_id(), "a column's key has an id of its own");
        assert_eq!(FormatPreserving::lines(&columns).split(',').count(), 2);
        let metadata = FormatPreserving::metadata(&columns);
        assert_eq!(metadata.get("sluice-fpe"), Some(&FormatPreserving::lines(&columns)));
        let many = vec![card.clone(); 100];
        assert_eq!(FormatPreserving::metadata(&many)["sluice-fpe"], "see-the-statement");
        assert!(FormatPreserving::metadata(&[]).is_empty());
        assert!(FormatPreserving::columns(&policy.datasets[0].privacy, None).is_empty());
    }
}
