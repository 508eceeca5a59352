//! The objects of a table that a data catalog describes: those below its folder, or below the folders of its partitions.

use sluice_common::port::{StorageFormat, StoreError, TablePlace, TableStorage, VersionLister};
use sluice_common::{ObjectPath, ObjectVersion, VersionId};
use sluice_tabular::{CsvOptions, Format, ReadOptions};

/// Objects of all tables that one verdict looks up: each is an open file, and Lambda allows a function 1,024.
pub const MOST_OBJECTS: usize = 512;
/// Pages of a listing: a thousand versions each.
const MOST_PAGES: usize = 100;

/// The current version of an object, and what its partition says of all its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableObject {
    /// The version.
    pub at: ObjectVersion,
    /// The values of the partition columns; `None` is NULL.
    pub values: Vec<Option<String>>,
}

/// Why the objects of a table cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum TableObjectsError {
    /// A bucket could not be listed.
    #[error("its bucket cannot be listed: {0}")]
    Store(#[from] StoreError),
    /// There are too many.
    #[error("there are more than {MOST_OBJECTS} objects to look up, or too many versions of them; compact the table")]
    TooMany,
    /// An object can be overwritten in place.
    #[error("its bucket keeps no versions, so nobody could say later which bytes were looked up; turn versioning on")]
    Unversioned,
}

/// The objects of a table as they are now, place by place, in the order of keys. As Hive and Athena do, it leaves out empty
/// ones and those whose name, or a folder's on the way, begins with `_` or `.`.
///
/// # Errors
/// [`TableObjectsError`].
pub async fn objects_of(
    versions: &dyn VersionLister,
    table: &TableStorage,
) -> Result<Vec<TableObject>, TableObjectsError> {
    let (mut objects, mut pages) = (Vec::new(), 0usize);
    for place in &table.places {
        let mut next = None;
        loop {
            let page = versions.list_versions(&place.bucket, &place.prefix, next.as_ref()).await?;
            for entry in page.entries.iter().filter(|entry| entry.is_latest && !entry.is_delete_marker) {
                if entry.size_bytes == 0 || is_hidden(entry.key.as_str(), place) {
                    continue;
                }
                let version =
                    VersionId::new(entry.version_id.as_str()).map_err(|_null| TableObjectsError::Unversioned)?;
                let path = ObjectPath { bucket: place.bucket.clone(), key: entry.key.clone() };
                objects.push(TableObject { at: path.version(version), values: place.values.clone() });
            }
            pages = pages.saturating_add(1);
            next = page.next;
            if objects.len() > MOST_OBJECTS || (pages >= MOST_PAGES && next.is_some()) {
                return Err(TableObjectsError::TooMany);
            }
            if next.is_none() {
                break;
            }
        }
    }
    Ok(objects)
}

fn is_hidden(key: &str, place: &TablePlace) -> bool {
    let below = key.strip_prefix(place.prefix.as_str()).unwrap_or(key);
    below.split('/').any(|name| name.starts_with(['_', '.']))
}

/// How the objects of a table are read. Their compression is told from the first bytes.
pub fn read_options(format: &StorageFormat) -> ReadOptions {
    ReadOptions::new(match format {
        StorageFormat::Csv { delimiter, quote, null_text, header } => {
            let mut csv = CsvOptions { delimiter: *delimiter, quote: *quote, header: *header, ..CsvOptions::default() };
            csv.null_text.extend(null_text.clone().filter(|text| !text.is_empty()));
            Format::Csv(csv)
        }
        StorageFormat::JsonLines => Format::JsonLines,
        StorageFormat::Parquet => Format::Parquet,
    })
}

#[cfg(test)]
mod tests {
    use sluice_testkit::MemoryS3;
    use sluice_testkit::names::{bucket, path};

    use super::*;

    fn table(locations: &[(&str, Option<&str>)]) -> TableStorage {
        let place = |(location, value): &(&str, Option<&str>)| {
            let values: Vec<String> = value.iter().map(|value| (*value).to_owned()).collect();
            TablePlace::at(location, &values).unwrap()
        };
        TableStorage {
            format: StorageFormat::Parquet,
            columns: vec!["sku".to_owned()],
            partition_columns: Vec::new(),
            places: locations.iter().map(place).collect(),
        }
    }

    fn s3(keys: &[&str]) -> MemoryS3 {
        let s3 = MemoryS3::default();
        s3.create_versioned_bucket(&bucket("lake-shared")).unwrap();
        for key in keys {
            s3.put(&path("lake-shared", key), if key.ends_with('/') { "" } else { "x" }).unwrap();
        }
        s3
    }

    #[tokio::test]
    async fn what_is_below_the_folder_and_not_hidden_is_the_table() {
        let s3 = s3(&[
            "products/",
            "products/b.csv",
            "products/deep/a.csv",
            "products/_SUCCESS",
            "products/.part.crc",
            "products/_delta_log/1.json",
            "products-of-before/a.csv",
            "products/gone.csv",
        ]);
        s3.put(&path("lake-shared", "products/b.csv"), "newer").unwrap();
        s3.delete(&path("lake-shared", "products/gone.csv")).unwrap();
        let found = objects_of(&s3, &table(&[("s3://lake-shared/products", None)])).await.unwrap();
        let keys: Vec<&str> = found.iter().map(|object| object.at.key.as_str()).collect();
        assert_eq!(keys, ["products/b.csv", "products/deep/a.csv"]);
    }

    #[tokio::test]
    async fn objects_carry_the_values_of_their_partition() {
        let s3 = s3(&["p/c=DE/a", "p/c=US/a", "p/c=US/b"]);
        let places = [("s3://lake-shared/p/c=US/", Some("US")), ("s3://lake-shared/p/c=DE/", Some("DE"))];
        let found = objects_of(&s3, &table(&places)).await.unwrap();
        let told: Vec<(&str, Option<&str>)> =
            found.iter().map(|object| (object.at.key.as_str(), object.values[0].as_deref())).collect();
        assert_eq!(told, [("p/c=US/a", Some("US")), ("p/c=US/b", Some("US")), ("p/c=DE/a", Some("DE"))]);
    }

    #[tokio::test]
    async fn too_many_objects_are_refused() {
        let keys: Vec<String> = (0..=MOST_OBJECTS).map(|number| format!("p/{number}")).collect();
        let s3 = s3(&keys.iter().map(String::as_str).collect::<Vec<_>>());
        let error = objects_of(&s3, &table(&[("s3://lake-shared/p", None)])).await.unwrap_err();
        assert!(matches!(error, TableObjectsError::TooMany), "{error}");
    }

    #[test]
    fn the_text_of_null_is_beside_the_empty_one() {
        let format = StorageFormat::Csv { delimiter: 1, quote: None, null_text: Some("\\N".into()), header: false };
        let Format::Csv(csv) = read_options(&format).format else { panic!("csv") };
        assert_eq!(
            (csv.null_text, csv.delimiter, csv.quote, csv.header),
            (vec![String::new(), "\\N".into()], 1, None, false)
        );
    }
}
