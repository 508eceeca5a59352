use bytes::Bytes;
use futures::TryStreamExt as _;
use proptest::prelude::*;
use sluice_common::Sha256Digest;
use sluice_common::port::{KeyError, ObjectReader as _, ObjectWriter as _, Signer as _, StoreError, UserMetadata};

use super::{Fault, FaultPlan, Faulty};
use crate::{MemoryKms, MemoryS3, names};

fn store() -> MemoryS3 {
    let s3 = MemoryS3::default();
    s3.create_versioned_bucket(&names::bucket("lake-raw")).unwrap();
    s3
}

async fn put(s3: &Faulty<MemoryS3>) -> Result<sluice_common::VersionId, StoreError> {
    s3.put_new(&names::path("lake-raw", "a"), Bytes::from_static(b"a"), &UserMetadata::new()).await
}

#[tokio::test]
async fn a_call_that_fails_has_no_effect() {
    let s3 = Faulty::new(store(), FaultPlan::new().on("put_new", 1, Fault::Fail));
    assert!(matches!(put(&s3).await, Err(StoreError::Other { .. })));
    assert!(put(&s3).await.is_ok());
    assert_eq!(s3.plan().calls("put_new"), 2);
}

#[tokio::test]
async fn a_lost_answer_leaves_its_effect() {
    let s3 = Faulty::new(store(), FaultPlan::new().on("put_new", 1, Fault::LoseAnswer));
    assert!(matches!(put(&s3).await, Err(StoreError::Other { .. })));
    assert!(matches!(put(&s3).await, Err(StoreError::Exists { .. })));
}

#[tokio::test]
async fn a_lost_completion_leaves_the_object() {
    let s3 = Faulty::new(store(), FaultPlan::new().on("complete", 1, Fault::LoseAnswer));
    let at = names::path("lake-raw", "a");
    let mut upload = s3.upload_new(&at, &UserMetadata::new()).await.unwrap();
    upload.write(Bytes::from_static(b"abc")).await.unwrap();
    assert!(matches!(upload.complete().await, Err(StoreError::Other { .. })));
    assert_eq!(s3.inner().current_bytes(&at.bucket, "a").unwrap(), "abc");
}

#[tokio::test]
async fn throttling_ends_after_the_planned_number() {
    let kms = Faulty::new(MemoryKms::new("k"), FaultPlan::new().first("sign", 2, Fault::Throttle));
    let digest = Sha256Digest::of(b"");
    for _ in 0..2 {
        assert!(matches!(kms.sign(&digest).await, Err(KeyError::Throttled { .. })));
    }
    assert!(kms.sign(&digest).await.is_ok());
}

#[tokio::test]
async fn a_dead_process_does_nothing_more() {
    let s3 = Faulty::new(store(), FaultPlan::new().dies_at(2));
    put(&s3).await.unwrap();
    let at = s3.inner().drain_created().remove(0);
    for _ in 0..3 {
        assert!(matches!(s3.head(&at).await, Err(StoreError::Other { .. })));
    }
}

#[tokio::test]
async fn denial_is_told_apart() {
    let s3 = Faulty::new(store(), FaultPlan::new().always("put_new", Fault::Deny));
    assert!(matches!(put(&s3).await, Err(StoreError::Denied { .. })));
}

proptest! {
    #[test]
    fn a_truncated_body_gives_its_beginning_and_then_the_error(length in 1usize..300, keep in 0usize..300, chunk in 1usize..50) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let s3 = store();
        s3.set_chunk_bytes(chunk);
        let body: Vec<u8> = (0..length).map(|i| u8::try_from(i % 251).unwrap()).collect();
        let at = s3.put(&names::path("lake-raw", "a"), body.clone()).unwrap();
        let after_bytes = u64::try_from(keep).unwrap();
        let s3 = Faulty::new(s3, FaultPlan::new().on("get", 1, Fault::Truncate { after_bytes }));
        let mut stream = runtime.block_on(s3.get(&at)).unwrap().stream;
        let mut got = Vec::new();
        let end = loop {
            match runtime.block_on(stream.try_next()) {
                Ok(Some(bytes)) => got.extend_from_slice(&bytes),
                Ok(None) => break None,
                Err(error) => break Some(error),
            }
        };
        prop_assert_eq!(&got[..], &body[..keep.min(length)]);
        prop_assert_eq!(matches!(end, Some(StoreError::Truncated { .. })), keep < length);
    }
}
