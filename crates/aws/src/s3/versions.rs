//! `ListObjectVersions`, keys URL-encoded on the way so that XML can carry every one.

use async_trait::async_trait;
use aws_sdk_s3::types::{DeleteMarkerEntry, EncodingType, ObjectVersion as SdkVersion};
use percent_encoding::percent_decode_str;
use sluice_common::port::{ListCursor, StoreError, VersionEntry, VersionLister, VersionPage};
use sluice_common::{BucketName, ObjectKey};

use super::{S3Objects, unexpected};
use crate::error::Failure;
use crate::time::timestamp;

const OPERATION: &str = "ListObjectVersions";

/// Undoes `EncodingType=url`: form encoding, where a space is `+` and a plus `%2B`.
fn decode(text: &str) -> Result<String, StoreError> {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8();
    decoded.map(String::from).map_err(|_not_utf8| unexpected(OPERATION, "KeyNotUtf8"))
}

fn decode_key(key: Option<&str>) -> Result<ObjectKey, StoreError> {
    ObjectKey::new(decode(key.unwrap_or_default())?).map_err(|_too_long| unexpected(OPERATION, "IncompleteAnswer"))
}

fn of_version(row: &SdkVersion) -> Result<VersionEntry, StoreError> {
    let missing = || unexpected(OPERATION, "IncompleteAnswer");
    Ok(VersionEntry {
        key: decode_key(row.key())?,
        version_id: row.version_id().ok_or_else(missing)?.to_owned(),
        is_latest: row.is_latest().ok_or_else(missing)?,
        is_delete_marker: false,
        size_bytes: row.size().and_then(|size| u64::try_from(size).ok()).ok_or_else(missing)?,
        last_modified: row.last_modified().and_then(timestamp).ok_or_else(missing)?,
        etag: row.e_tag().unwrap_or_default().to_owned(),
    })
}

fn of_marker(row: &DeleteMarkerEntry) -> Result<VersionEntry, StoreError> {
    let missing = || unexpected(OPERATION, "IncompleteAnswer");
    Ok(VersionEntry {
        key: decode_key(row.key())?,
        version_id: row.version_id().ok_or_else(missing)?.to_owned(),
        is_latest: row.is_latest().ok_or_else(missing)?,
        is_delete_marker: true,
        size_bytes: 0,
        last_modified: row.last_modified().and_then(timestamp).ok_or_else(missing)?,
        etag: String::new(),
    })
}

/// Whether `left` stands before `right` in S3's order. Within one second S3 does not say; there a delete marker is taken
/// to be the newer one, since it is what is put on top of something.
fn is_before(left: &VersionEntry, right: &VersionEntry) -> bool {
    let place =
        |entry: &VersionEntry| (!entry.is_latest, std::cmp::Reverse(entry.last_modified), !entry.is_delete_marker);
    (left.key.as_str(), place(left)) <= (right.key.as_str(), place(right))
}

/// Joins the two lists that the SDK makes of S3's one, each of them in S3's order, back into one.
fn join(versions: Vec<VersionEntry>, markers: Vec<VersionEntry>) -> Vec<VersionEntry> {
    let mut joined = Vec::with_capacity(versions.len() + markers.len());
    let (mut versions, mut markers) = (versions.into_iter().peekable(), markers.into_iter().peekable());
    loop {
        let take_version = match (versions.peek(), markers.peek()) {
            (Some(version), Some(marker)) => is_before(version, marker),
            (Some(_), None) => true,
            (None, _) => false,
        };
        match if take_version { versions.next() } else { markers.next() } {
            Some(entry) => joined.push(entry),
            None => return joined,
        }
    }
}

#[async_trait]
impl VersionLister for S3Objects {
    async fn list_versions(
        &self,
        bucket: &BucketName,
        prefix: &str,
        from: Option<&ListCursor>,
    ) -> Result<VersionPage, StoreError> {
        let answer = self
            .client
            .list_object_versions()
            .bucket(bucket.as_str())
            .prefix(prefix)
            .encoding_type(EncodingType::Url)
            .set_key_marker(from.map(|cursor| cursor.key_marker.clone()))
            .set_version_id_marker(from.and_then(|cursor| cursor.version_id_marker.clone()))
            .send()
            .await
            .map_err(|error| Failure::from(error).store(OPERATION))?;
        let versions = answer.versions().iter().map(of_version).collect::<Result<_, _>>()?;
        let markers = answer.delete_markers().iter().map(of_marker).collect::<Result<_, _>>()?;
        let next = match answer.next_key_marker().filter(|_| answer.is_truncated() == Some(true)) {
            None if answer.is_truncated() == Some(true) => return Err(unexpected(OPERATION, "IncompleteAnswer")),
            None => None,
            Some(marker) => Some(ListCursor {
                key_marker: decode(marker)?,
                version_id_marker: answer.next_version_id_marker().filter(|id| !id.is_empty()).map(str::to_owned),
            }),
        };
        // A cursor that stands still would list the same page for ever.
        if next.is_some() && next.as_ref() == from {
            return Err(unexpected(OPERATION, "ListingStandsStill"));
        }
        Ok(VersionPage { entries: join(versions, markers), next })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_decode_as_forms_do() {
        for (encoded, key) in [
            ("a+b", "a b"),
            ("a%20b", "a b"),
            ("a%2Bb", "a+b"),
            ("100%25", "100%"),
            ("%F0%9F%98%80", "😀"),
            ("line%0Abreak", "line\nbreak"),
            ("dir/file", "dir/file"),
        ] {
            assert_eq!(decode(encoded).unwrap(), key);
        }
        assert!(decode("%FF").is_err());
    }

    fn entry(key: &str, id: &str, second: i64, is_delete_marker: bool, is_latest: bool) -> VersionEntry {
        VersionEntry {
            key: ObjectKey::new(key).unwrap(),
            version_id: id.into(),
            is_latest,
            is_delete_marker,
            size_bytes: 0,
            last_modified: jiff::Timestamp::from_second(second).unwrap(),
            etag: String::new(),
        }
    }

    #[test]
    fn the_two_lists_join_in_s3s_order() {
        let versions = vec![
            entry("a", "a3", 9, false, true),
            entry("a", "a2", 9, false, false),
            entry("a", "a0", 1, false, false),
            entry("b", "b0", 5, false, false),
        ];
        let markers =
            vec![entry("a", "a1", 4, true, false), entry("b", "b1", 5, true, true), entry("c", "c0", 1, true, true)];
        let ids: Vec<_> = join(versions, markers).into_iter().map(|entry| entry.version_id).collect();
        assert_eq!(ids, ["a3", "a2", "a1", "a0", "b1", "b0", "c0"]);
    }
}
