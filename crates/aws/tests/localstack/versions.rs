use bytes::Bytes;
use futures::{StreamExt as _, stream};
use sluice_common::port::{VersionEntry, VersionLister as _};

use super::setup::Bucket;

/// Keys that some layer or other likes to change.
pub(super) const HOSTILE_KEYS: [&str; 10] = [
    "a b.csv",
    "a+b.csv",
    "a%2Bb.csv",
    "100%",
    "50%25",
    "x=1/y:2/z.csv",
    "emoji 😀/ключ.csv",
    "line\nbreak\ttab",
    "quote\"'<&>",
    "trailing/",
];

async fn all_versions(bucket: &Bucket, prefix: &str) -> (Vec<VersionEntry>, usize) {
    let (mut entries, mut pages, mut from) = (Vec::new(), 0, None);
    loop {
        let page = bucket.objects.list_versions(&bucket.name, prefix, from.as_ref()).await.unwrap();
        entries.extend(page.entries);
        pages += 1;
        match page.next {
            Some(next) => from = Some(next),
            None => return (entries, pages),
        }
    }
}

#[tokio::test]
async fn hostile_keys_are_listed_as_they_are() {
    let bucket = Bucket::versioned().await;
    for key in HOSTILE_KEYS {
        bucket.put(key, b"x").await;
    }
    let (entries, _) = all_versions(&bucket, "").await;
    let mut expected = HOSTILE_KEYS.to_vec();
    expected.sort_unstable();
    assert_eq!(entries.iter().map(|entry| entry.key.as_str()).collect::<Vec<_>>(), expected);
    let (some, _) = all_versions(&bucket, "a+").await;
    assert_eq!(some.iter().map(|entry| entry.key.as_str()).collect::<Vec<_>>(), ["a+b.csv"]);
}

#[tokio::test]
async fn versions_and_markers_come_newest_first() {
    let bucket = Bucket::versioned().await;
    let old = bucket.put("a", b"1").await;
    let new = bucket.put("a", b"22").await;
    let marker = bucket.delete("a").await;
    let (entries, _) = all_versions(&bucket, "").await;
    let ids: Vec<_> = entries.iter().map(|entry| entry.version_id.as_str()).collect();
    assert_eq!(ids, [marker.as_str(), new.version_id.as_str(), old.version_id.as_str()]);
    let flags: Vec<_> = entries.iter().map(|e| (e.is_latest, e.is_delete_marker, e.size_bytes)).collect();
    assert_eq!(flags, [(true, true, 0), (false, false, 2), (false, false, 1)]);
}

/// Plain keys, because LocalStack gives `NextKeyMarker` back without the encoding that S3 gives it; the unit tests cover
/// that.
#[tokio::test]
async fn a_listing_longer_than_a_page_is_whole() {
    let bucket = Bucket::versioned().await;
    let keys: Vec<String> = (0..1001).map(|i| format!("many/{i:04}.csv")).collect();
    let puts = stream::iter(&keys).map(|key| {
        let request = bucket.admin.put_object().bucket(bucket.name.as_str()).key(key);
        request.body(Bytes::from_static(b"x").into()).send()
    });
    let puts: Vec<_> = puts.buffer_unordered(16).collect().await;
    assert!(puts.iter().all(Result::is_ok));
    let (entries, pages) = all_versions(&bucket, "many/").await;
    assert_eq!(entries.iter().map(|entry| entry.key.as_str()).collect::<Vec<_>>(), keys);
    assert_eq!(pages, 2);
}
