use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{CatalogError, TableName};
use crate::object::BucketName;

/// How the objects of a catalog's table are written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum StorageFormat {
    /// Text with a delimiter. Columns are found by their position.
    Csv {
        /// Separates cells.
        delimiter: u8,
        /// Encloses cells; `None`: quotes are data.
        quote: Option<u8>,
        /// The text of a NULL, beside the empty one.
        null_text: Option<String>,
        /// Whether each object begins with a line of names.
        header: bool,
    },
    /// One JSON object a line. Columns are found by their name in any case of letters.
    #[serde(rename = "jsonl")]
    JsonLines,
    /// Apache Parquet. Columns are found by their name in any case of letters.
    Parquet,
}

/// A folder of objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TablePlace {
    /// The bucket.
    pub bucket: BucketName,
    /// What the keys begin with: nothing, or a text that ends with `/`.
    pub prefix: String,
    /// What its partition says of all its rows, in the order of [`TableStorage::partition_columns`]; `None` is NULL.
    pub values: Vec<Option<String>>,
}

/// Where and how the rows of a catalog's table are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableStorage {
    /// How its objects are written.
    pub format: StorageFormat,
    /// Names of the columns in the objects.
    pub columns: Vec<String>,
    /// Names of the columns whose values partitions give.
    pub partition_columns: Vec<String>,
    /// Its folder, or those of its partitions.
    pub places: Vec<TablePlace>,
}

/// What Hive writes for a NULL in a partition's value.
const NULL_PARTITION: &str = "__HIVE_DEFAULT_PARTITION__";

impl TablePlace {
    /// A folder by `s3://bucket/prefix/`, as the catalog names it; `None` when it is no place in S3.
    pub fn at(location: &str, values: &[String]) -> Option<Self> {
        let (scheme, rest) = location.split_once("://")?;
        if !matches!(scheme, "s3" | "s3a" | "s3n") {
            return None;
        }
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let slash = if prefix.is_empty() || prefix.ends_with('/') { "" } else { "/" };
        let value = |value: &String| (value != NULL_PARTITION).then(|| value.clone());
        Some(Self {
            bucket: BucketName::new(bucket).ok()?,
            prefix: format!("{prefix}{slash}"),
            values: values.iter().map(value).collect(),
        })
    }
}

/// Looks up tables that are read where they lie: `GetTable` and `GetPartitions` of the AWS Glue API.
#[async_trait]
pub trait TableCatalog: Send + Sync {
    /// Where and how the rows of a table are kept.
    ///
    /// # Errors
    /// [`CatalogError::Unreadable`] for a table that is no set of CSV, JSON Lines or Parquet objects in S3.
    async fn storage(&self, table: &TableName) -> Result<TableStorage, CatalogError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_folders_in_s3() {
        for (location, prefix) in [
            ("s3://lake/products", Some("products/")),
            ("s3a://lake/a b/c/", Some("a b/c/")),
            ("s3://lake", Some("")),
            ("s3://lake/", Some("")),
            ("hdfs://lake/products", None),
            ("s3:///products", None),
            ("lake.public.products", None),
        ] {
            let place = TablePlace::at(location, &[]);
            assert_eq!(place.as_ref().map(|place| place.prefix.as_str()), prefix, "{location}");
        }
    }

    #[test]
    fn a_default_partition_is_null() {
        let values = ["2026-11-22".to_owned(), NULL_PARTITION.to_owned()];
        let place = TablePlace::at("s3://lake/x/", &values).unwrap();
        assert_eq!(place.values, [Some("2026-11-22".to_owned()), None]);
    }
}
