use bytes::Bytes;
use sluice_common::digest::{ChecksumAlgorithm, ChecksumType};
use sluice_common::port::{
    BucketInspector as _, ObjectReader as _, ObjectWriter as _, StoreError, UserMetadata, VersioningState,
};
use sluice_common::{Sha256Digest, VersionId};

use super::setup::Bucket;

#[tokio::test]
async fn a_key_is_written_once() {
    let bucket = Bucket::versioned().await;
    let at = bucket.path("att/seal/1.json");
    let metadata = UserMetadata::from([("origin".to_owned(), "till 4".to_owned())]);
    let put = |body: &'static [u8]| bucket.objects.put_new(&at, Bytes::from_static(body), &metadata);

    let first = at.version(put(b"one").await.unwrap());
    assert!(matches!(put(b"two").await, Err(StoreError::Exists { .. })));
    assert_eq!(bucket.objects.current(&at).await.unwrap(), first);

    bucket.delete(at.key.as_str()).await;
    assert!(matches!(bucket.objects.current(&at).await, Err(StoreError::NotFound { .. })));
    let second = at.version(put(b"three").await.unwrap());
    assert_eq!(bucket.read(&first).await, b"one");
    assert_eq!(bucket.read(&second).await, b"three");

    let facts = bucket.objects.head(&first).await.unwrap();
    assert_eq!((facts.size_bytes, &facts.metadata), (3, &metadata));
    let checksum = &facts.checksums[0];
    assert_eq!((checksum.algorithm, checksum.checksum_type), (ChecksumAlgorithm::Sha256, ChecksumType::FullObject));
    assert_eq!(checksum.value_base64, Sha256Digest::of(b"one").to_base64());
    assert_eq!(facts.encryption.unwrap().algorithm, "AES256");
    assert_eq!(bucket.objects.get(&first).await.unwrap().facts.checksums, facts.checksums);
    assert!(bucket.objects.parts(&first).await.unwrap().is_empty());
}

#[tokio::test]
async fn every_key_reaches_the_object_of_that_name() {
    let bucket = Bucket::versioned().await;
    for key in super::versions::HOSTILE_KEYS {
        let at = bucket.path(key);
        let id = bucket.objects.put_new(&at, Bytes::from(key.to_owned()), &UserMetadata::new()).await.unwrap();
        assert_eq!(bucket.read(&at.version(id)).await, key.as_bytes(), "{key:?}");
    }
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    let bucket = Bucket::versioned().await;
    let version = bucket.put("a", b"a").await;
    let marker = bucket.path("a").version(bucket.delete("a").await);
    for missing in [
        bucket.path("b").version(version.version_id.clone()),
        bucket.path("a").version(VersionId::new("4uJFbWBTqCn3QgyNHXbpSYmMmJ1Yyu9c").unwrap()),
        marker,
    ] {
        assert!(matches!(bucket.objects.head(&missing).await, Err(StoreError::NotFound { .. })), "{missing:?}");
        assert!(matches!(bucket.objects.get(&missing).await, Err(StoreError::NotFound { .. })), "{missing:?}");
    }
}

#[tokio::test]
async fn an_empty_object_is_an_object() {
    let bucket = Bucket::versioned().await;
    let version = bucket.put("empty", b"").await;
    assert_eq!(bucket.objects.head(&version).await.unwrap().size_bytes, 0);
    assert_eq!(bucket.read(&version).await, b"");
}

#[tokio::test]
async fn without_versioning_a_write_has_no_version() {
    let bucket = Bucket::unversioned().await;
    assert_eq!(bucket.objects.versioning(&bucket.name).await.unwrap(), VersioningState::Off);
    let outcome = bucket.objects.put_new(&bucket.path("a"), Bytes::new(), &UserMetadata::new()).await;
    assert!(matches!(outcome, Err(StoreError::Other { code, .. }) if code == "NoVersionId"));
}
