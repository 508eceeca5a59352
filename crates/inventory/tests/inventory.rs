//! An inventory gives exactly what a listing gave when it was made.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops at what is not as it expects")]

use std::io::Write as _;
use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray};
use flate2::Compression;
use flate2::write::GzEncoder;
use md5::{Digest as _, Md5};
use parquet::arrow::ArrowWriter;
use serde_json::json;
use sluice_common::port::{ListCursor, VersionEntry, VersionLister};
use sluice_inventory::{Inventory, InventoryError};
use sluice_testkit::names::{bucket, path};
use sluice_testkit::{MemoryS3, SettableClock};

const MANIFEST: &str = "daily/lake-raw/all/2026-01-02T01-00Z/manifest.json";

/// A bucket with versions, delete markers and awkward keys, and its listing.
async fn raw() -> (MemoryS3, Vec<VersionEntry>) {
    let clock = SettableClock::default();
    let s3 = MemoryS3::new(clock.clone());
    s3.create_versioned_bucket(&bucket("lake-raw")).unwrap();
    s3.create_versioned_bucket(&bucket("inventories")).unwrap();
    for round in 0..3 {
        for key in ["a b+c.csv", "a/%41.csv", "a/\u{fc}.csv", "hidden", "z,\"quoted\".csv"] {
            s3.put(&path("lake-raw", key), format!("{key}{round}")).unwrap();
            clock.advance(jiff::SignedDuration::from_secs(1));
        }
    }
    s3.delete(&path("lake-raw", "hidden")).unwrap();
    for number in 0..2_500 {
        s3.put(&path("lake-raw", &format!("many/{number:05}")), "x").unwrap();
    }
    let listing = all(&s3, "").await;
    (s3, listing)
}

async fn all(lister: &dyn VersionLister, prefix: &str) -> Vec<VersionEntry> {
    let (mut rows, mut next) = (Vec::new(), None);
    loop {
        let page = lister.list_versions(&bucket("lake-raw"), prefix, next.as_ref()).await.unwrap();
        rows.extend(page.entries);
        match page.next {
            None => return rows,
            more => next = more,
        }
    }
}

/// In no order at all.
fn shuffled(listing: &[VersionEntry]) -> Vec<&VersionEntry> {
    let mut rows: Vec<_> = listing.iter().collect();
    rows.sort_by_key(|row| Md5::digest(format!("{}{}", row.key.as_str(), row.version_id)).to_vec());
    rows
}

fn encoded(key: &str) -> String {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte);
    key.bytes().map(|byte| if safe(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

fn csv(rows: &[&VersionEntry]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::fast());
    for row in rows {
        let size = if row.is_delete_marker { String::new() } else { row.size_bytes.to_string() };
        let VersionEntry { version_id, is_latest, is_delete_marker, last_modified, etag, .. } = row;
        let (key, etag) = (encoded(row.key.as_str()), etag.trim_matches('"'));
        let line = format!(
            "\"lake-raw\",\"{key}\",\"{version_id}\",\"{is_latest}\",\"{is_delete_marker}\",\"{size}\",\"{last_modified}\",\"{etag}\"\n"
        );
        out.write_all(line.as_bytes()).unwrap();
    }
    out.finish().unwrap()
}

fn parquet(rows: &[&VersionEntry]) -> Vec<u8> {
    let text = |of: fn(&VersionEntry) -> String| {
        Arc::new(StringArray::from_iter_values(rows.iter().map(|row| of(row)))) as ArrayRef
    };
    let flags = |of: fn(&VersionEntry) -> bool| {
        Arc::new(rows.iter().map(|row| Some(of(row))).collect::<BooleanArray>()) as ArrayRef
    };
    let size = |row: &&VersionEntry| (!row.is_delete_marker).then(|| i64::try_from(row.size_bytes).unwrap());
    let times = rows.iter().map(|row| row.last_modified.as_millisecond());
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("bucket", text(|_| "lake-raw".to_owned()), false),
        ("key", text(|row| row.key.as_str().to_owned()), false),
        ("version_id", text(|row| row.version_id.clone()), true),
        ("is_latest", flags(|row| row.is_latest), true),
        ("is_delete_marker", flags(|row| row.is_delete_marker), true),
        ("size", Arc::new(rows.iter().map(size).collect::<Int64Array>()) as ArrayRef, true),
        ("last_modified_date", Arc::new(TimestampMillisecondArray::from_iter_values(times)) as ArrayRef, true),
        ("e_tag", text(|row| row.etag.trim_matches('"').to_owned()), true),
    ])
    .unwrap();
    let mut out = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut out, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    out
}

/// Delivers files and the manifest that names them, as S3 does.
fn deliver(s3: &MemoryS3, format: &str, files: &[Vec<u8>]) {
    let mut listed = Vec::new();
    for (number, body) in files.iter().enumerate() {
        let key = format!("daily/lake-raw/all/data/{number}");
        s3.put(&path("inventories", &key), body.clone()).unwrap();
        listed.push(json!({"key": key, "size": body.len(), "MD5checksum": hex::encode(Md5::digest(body))}));
    }
    let manifest = json!({
        "sourceBucket": "lake-raw", "destinationBucket": "arn:aws:s3:::inventories", "version": "2016-11-30",
        "creationTimestamp": "1767315600000", "fileFormat": format, "files": listed,
        "fileSchema": "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag",
    })
    .to_string();
    let checksum = hex::encode(Md5::digest(manifest.as_bytes()));
    s3.put(&path("inventories", MANIFEST), manifest).unwrap();
    s3.put(&path("inventories", &MANIFEST.replace(".json", ".checksum")), checksum).unwrap();
}

async fn open(s3: &MemoryS3) -> Result<Inventory, InventoryError> {
    Inventory::open(s3, &path("inventories", MANIFEST), &bucket("lake-raw"), &std::env::temp_dir()).await
}

fn named(rows: &[VersionEntry]) -> Vec<(String, String, bool, bool, u64)> {
    let facts = |row: &VersionEntry| {
        (row.key.as_str().to_owned(), row.version_id.clone(), row.is_latest, row.is_delete_marker, row.size_bytes)
    };
    rows.iter().map(facts).collect()
}

#[tokio::test]
async fn both_formats_give_the_listing_in_its_order() {
    type Encode = fn(&[&VersionEntry]) -> Vec<u8>;
    let formats: [(&str, Encode); 2] = [("CSV", csv), ("Parquet", parquet)];
    for (format, encode) in formats {
        let (s3, listing) = raw().await;
        let rows = shuffled(&listing);
        let (first, second) = rows.split_at(rows.len() / 3);
        deliver(&s3, format, &[encode(first), encode(second)]);
        let inventory = open(&s3).await.unwrap();
        assert_eq!(named(&all(&inventory, "").await), named(&listing), "{format}");
        assert_eq!(inventory.as_of().to_string(), "2026-01-02T01:00:00Z");
        let many: Vec<_> = listing.iter().filter(|row| row.key.as_str().starts_with("many/")).cloned().collect();
        assert_eq!(named(&all(&inventory, "many/").await), named(&many), "{format}");
        let times = |rows: &[VersionEntry]| rows.iter().map(|row| row.last_modified.as_second()).collect::<Vec<_>>();
        assert_eq!(times(&all(&inventory, "").await), times(&listing), "{format}");
    }
}

#[tokio::test]
async fn a_listing_goes_on_behind_a_key_or_a_version() {
    let (s3, listing) = raw().await;
    deliver(&s3, "CSV", &[csv(&shuffled(&listing))]);
    let inventory = open(&s3).await.unwrap();
    for at in [0, 1, 7, 14, 999, 1_000, 1_001, listing.len() - 1] {
        let row = &listing[at];
        let from =
            ListCursor { key_marker: row.key.as_str().to_owned(), version_id_marker: Some(row.version_id.clone()) };
        let page = inventory.list_versions(&bucket("lake-raw"), "", Some(&from)).await.unwrap();
        let expected = &listing[at + 1..(at + 1_001).min(listing.len())];
        assert_eq!(named(&page.entries), named(expected), "behind row {at}");
        let from = ListCursor { version_id_marker: None, ..from };
        let page = inventory.list_versions(&bucket("lake-raw"), "", Some(&from)).await.unwrap();
        let next = listing.iter().find(|other| other.key.as_str() > row.key.as_str());
        assert_eq!(page.entries.first().map(|row| row.key.clone()), next.map(|row| row.key.clone()), "behind key {at}");
    }
}

#[tokio::test]
async fn what_was_altered_or_is_of_another_bucket_is_refused() {
    let (s3, listing) = raw().await;
    deliver(&s3, "CSV", &[csv(&shuffled(&listing))]);
    let other = Inventory::open(&s3, &path("inventories", MANIFEST), &bucket("lake-else"), &std::env::temp_dir()).await;
    assert!(matches!(other, Err(InventoryError::OtherBucket)));
    s3.put(&path("inventories", "daily/lake-raw/all/data/0"), csv(&[])).unwrap();
    assert!(matches!(open(&s3).await, Err(InventoryError::Altered("a data file"))));
    let manifest = s3.current_bytes(&bucket("inventories"), MANIFEST).unwrap();
    s3.put(&path("inventories", MANIFEST), [manifest.as_ref(), b" "].concat()).unwrap();
    assert!(matches!(open(&s3).await, Err(InventoryError::Altered("manifest.json"))));
}

#[tokio::test]
async fn an_inventory_of_nothing_lists_nothing() {
    let (s3, _) = raw().await;
    deliver(&s3, "CSV", &[]);
    assert_eq!(all(&open(&s3).await.unwrap(), "").await, []);
}
