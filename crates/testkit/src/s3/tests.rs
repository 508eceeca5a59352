//! The fake against the behaviour of S3 itself.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use futures::TryStreamExt as _;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};
use sluice_common::digest::{ChecksumAlgorithm, ChecksumType};
use sluice_common::port::{
    BucketInspector as _, LegalHold, LockSetting, ObjectLock as _, ObjectReader as _, ObjectWriter as _, Retention,
    RetentionMode, StoreError, UserMetadata, VersionLister as _, VersionPage, VersioningState,
};
use sluice_common::{ObjectPath, ObjectVersion};

use super::{Deleted, MemoryS3, PutOptions, Refusal};
use crate::{SettableClock, names};

const NO_DEFAULT: LockSetting = LockSetting { default_mode: None, default_days: None };

fn versioned() -> MemoryS3 {
    let s3 = MemoryS3::default();
    s3.create_versioned_bucket(&names::bucket("lake-raw")).unwrap();
    s3
}

fn locked() -> (MemoryS3, SettableClock) {
    let clock = SettableClock::default();
    let s3 = MemoryS3::new(clock.clone());
    s3.create_locked_bucket(&names::bucket("lake-raw"), NO_DEFAULT).unwrap();
    (s3, clock)
}

fn at(key: &str) -> ObjectPath {
    names::path("lake-raw", key)
}

fn days_from_default(days: i64) -> Timestamp {
    Timestamp::constant(1_767_225_600, 0) + SignedDuration::from_hours(24 * days)
}

fn retention(mode: RetentionMode, days: i64) -> Retention {
    Retention { mode, retain_until: days_from_default(days) }
}

async fn read(s3: &MemoryS3, version: &ObjectVersion) -> Vec<u8> {
    let chunks: Vec<Bytes> = s3.get(version).await.unwrap().stream.try_collect().await.unwrap();
    chunks.concat()
}

mod conditional_writes {
    use super::*;

    async fn put_new(s3: &MemoryS3, key: &str) -> Result<sluice_common::VersionId, StoreError> {
        s3.put_new(&at(key), Bytes::from_static(b"x"), &UserMetadata::new()).await
    }

    #[tokio::test]
    async fn fail_over_a_live_object_and_succeed_over_a_delete_marker() {
        let s3 = versioned();
        let first = put_new(&s3, "a").await.unwrap();
        assert!(matches!(put_new(&s3, "a").await, Err(StoreError::Exists { .. })));
        assert!(matches!(s3.delete(&at("a")).unwrap(), Deleted::Marker(_)));
        let second = put_new(&s3, "a").await.unwrap();
        assert_ne!(first, second);
        assert_eq!(read(&s3, &at("a").version(first)).await, b"x");
    }

    #[tokio::test]
    async fn completion_fails_over_an_object_put_meanwhile() {
        let s3 = versioned();
        let mut upload = s3.upload_new(&at("a"), &UserMetadata::new()).await.unwrap();
        upload.write(Bytes::from_static(b"late")).await.unwrap();
        s3.put(&at("a"), "early").unwrap();
        assert!(matches!(upload.complete().await, Err(StoreError::Exists { .. })));
        assert_eq!(s3.current_bytes(&names::bucket("lake-raw"), "a").unwrap(), "early");
    }

    #[tokio::test]
    async fn completion_conflicts_with_a_delete_meanwhile_and_succeeds_when_begun_again() {
        let s3 = versioned();
        s3.put(&at("a"), "old").unwrap();
        let upload = s3.upload_new(&at("a"), &UserMetadata::new()).await.unwrap();
        s3.delete(&at("a")).unwrap();
        assert!(matches!(upload.complete().await, Err(StoreError::Conflict { .. })));
        let upload = s3.upload_new(&at("a"), &UserMetadata::new()).await.unwrap();
        assert!(upload.complete().await.is_ok());
    }

    #[tokio::test]
    async fn an_upload_is_invisible_until_completed() {
        let s3 = versioned();
        let mut upload = s3.upload_new(&at("a"), &UserMetadata::new()).await.unwrap();
        upload.write(Bytes::from_static(b"abc")).await.unwrap();
        assert!(matches!(s3.current(&at("a")).await, Err(StoreError::NotFound { .. })));
        upload.abort().await.unwrap();
        assert!(s3.live_keys(&names::bucket("lake-raw")).is_empty());
    }

    #[tokio::test]
    async fn metadata_that_headers_cannot_carry_is_refused() {
        let metadata = UserMetadata::from([("who".to_owned(), "Zoë".to_owned())]);
        let refused = versioned().put_new(&at("a"), Bytes::new(), &metadata).await;
        assert!(matches!(refused, Err(StoreError::Other { code, .. }) if code == "MetadataNotAscii"));
    }
}

mod checksums {
    use super::*;

    async fn only_checksum(s3: &MemoryS3, version: &ObjectVersion) -> sluice_common::digest::S3Checksum {
        let checksums = s3.head(version).await.unwrap().checksums;
        assert_eq!(checksums.len(), 1);
        checksums[0].clone()
    }

    #[tokio::test]
    async fn check_values_of_the_catalogue_of_crcs() {
        // "123456789", from the catalogue of parametrised CRC algorithms; SHA-1 from sha1sum.
        let s3 = versioned();
        for (algorithm, expected) in [
            (ChecksumAlgorithm::Crc32, "cbf43926"),
            (ChecksumAlgorithm::Crc32c, "e3069283"),
            (ChecksumAlgorithm::Crc64Nvme, "ae8b14860a799888"),
            (ChecksumAlgorithm::Sha1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
        ] {
            let options = PutOptions { algorithm: Some(algorithm), ..PutOptions::default() };
            let version = s3.put_with(&at("digits"), "123456789", &options).unwrap();
            let checksum = only_checksum(&s3, &version).await;
            assert_eq!(hex::encode(BASE64.decode(checksum.value_base64).unwrap()), expected, "{algorithm}");
            assert_eq!(checksum.checksum_type, ChecksumType::FullObject);
        }
    }

    #[tokio::test]
    async fn without_a_wish_it_is_crc64nvme() {
        let s3 = versioned();
        let version = s3.put(&at("a"), "a").unwrap();
        assert_eq!(only_checksum(&s3, &version).await.algorithm, ChecksumAlgorithm::Crc64Nvme);
    }

    #[tokio::test]
    async fn a_composite_is_the_digest_of_the_parts_digests_and_lists_them() {
        let s3 = versioned();
        let parts = [Bytes::from_static(b"one"), Bytes::from_static(b"three")];
        let version = s3.put_parts(&at("a"), &parts, ChecksumAlgorithm::Sha256, None).unwrap();
        let digests = [Sha256::digest(b"one"), Sha256::digest(b"three")].concat();
        let checksum = only_checksum(&s3, &version).await;
        assert_eq!(checksum.checksum_type, ChecksumType::Composite);
        assert_eq!(checksum.value_base64, BASE64.encode(Sha256::digest(digests)));
        let listed = s3.parts(&version).await.unwrap();
        assert_eq!(listed.iter().map(|part| part.size_bytes).collect::<Vec<_>>(), [3, 5]);
        assert_eq!(listed[1].checksum.as_ref().unwrap().value_base64, BASE64.encode(Sha256::digest(b"three")));
        assert_eq!(read(&s3, &version).await, b"onethree");
    }

    #[tokio::test]
    async fn parts_of_a_full_object_checksum_are_not_listed() {
        let s3 = versioned();
        let parts = [Bytes::from_static(b"one"), Bytes::from_static(b"two")];
        let whole = Some(ChecksumType::FullObject);
        let version = s3.put_parts(&at("a"), &parts, ChecksumAlgorithm::Crc32, whole).unwrap();
        assert!(s3.parts(&version).await.unwrap().is_empty());
        let options = PutOptions { algorithm: Some(ChecksumAlgorithm::Crc32), ..PutOptions::default() };
        let put_whole = s3.put_with(&at("b"), "onetwo", &options).unwrap();
        assert_eq!(only_checksum(&s3, &version).await, only_checksum(&s3, &put_whole).await);
    }

    #[test]
    fn pairs_that_s3_does_not_know_are_refused() {
        let s3 = versioned();
        for (algorithm, checksum_type) in [
            (ChecksumAlgorithm::Sha256, ChecksumType::FullObject),
            (ChecksumAlgorithm::Sha1, ChecksumType::FullObject),
            (ChecksumAlgorithm::Crc64Nvme, ChecksumType::Composite),
        ] {
            let refused = s3.put_parts(&at("a"), &[Bytes::new()], algorithm, Some(checksum_type));
            assert_eq!(refused, Err(Refusal::INVALID_REQUEST));
        }
    }

    #[tokio::test]
    async fn tampering_changes_bytes_and_nothing_else() {
        let s3 = versioned();
        let version = s3.put(&at("a"), "abc").unwrap();
        let before = s3.head(&version).await.unwrap();
        assert!(s3.tamper_byte(&version, 1));
        assert!(!s3.tamper_byte(&version, 3));
        assert_eq!(s3.head(&version).await.unwrap(), before);
        assert_eq!(read(&s3, &version).await, b"acc");
    }
}

mod object_lock {
    use super::*;

    #[tokio::test]
    async fn compliance_can_only_grow() {
        let (s3, clock) = locked();
        let version = s3.put(&at("a"), "a").unwrap();
        s3.set_retention(&version, &retention(RetentionMode::Compliance, 10)).await.unwrap();
        s3.set_retention(&version, &retention(RetentionMode::Compliance, 11)).await.unwrap();
        for weaker in [retention(RetentionMode::Compliance, 10), retention(RetentionMode::Governance, 20)] {
            assert!(matches!(s3.set_retention(&version, &weaker).await, Err(StoreError::Denied { .. })));
            assert_eq!(s3.put_retention(&version, Some(weaker), true), Err(Refusal::ACCESS_DENIED));
        }
        assert_eq!(s3.put_retention(&version, None, true), Err(Refusal::ACCESS_DENIED));
        assert_eq!(s3.delete_version(&version, true), Err(Refusal::ACCESS_DENIED));
        clock.set(days_from_default(11));
        assert_eq!(s3.delete_version(&version, false), Ok(()));
        assert!(matches!(s3.head(&version).await, Err(StoreError::NotFound { .. })));
    }

    #[tokio::test]
    async fn governance_yields_to_the_bypass_only() {
        let (s3, _) = locked();
        let version = s3.put(&at("a"), "a").unwrap();
        s3.set_retention(&version, &retention(RetentionMode::Governance, 10)).await.unwrap();
        let shorter = retention(RetentionMode::Governance, 5);
        assert!(matches!(s3.set_retention(&version, &shorter).await, Err(StoreError::Denied { .. })));
        assert_eq!(s3.delete_version(&version, false), Err(Refusal::ACCESS_DENIED));
        assert_eq!(s3.put_retention(&version, Some(shorter), true), Ok(()));
        assert_eq!(s3.retention(&version).await.unwrap(), Some(shorter));
        assert_eq!(s3.delete_version(&version, true), Ok(()));
    }

    #[tokio::test]
    async fn a_legal_hold_yields_to_nobody() {
        let (s3, _) = locked();
        let version = s3.put(&at("a"), "a").unwrap();
        assert_eq!(s3.legal_hold(&version).await.unwrap(), None);
        s3.put_legal_hold(&version, LegalHold::On).unwrap();
        assert_eq!(s3.delete_version(&version, true), Err(Refusal::ACCESS_DENIED));
        s3.put_legal_hold(&version, LegalHold::Off).unwrap();
        assert_eq!(s3.legal_hold(&version).await.unwrap(), Some(LegalHold::Off));
        assert_eq!(s3.delete_version(&version, false), Ok(()));
    }

    #[tokio::test]
    async fn the_bucket_default_protects_new_versions() {
        let s3 = MemoryS3::default();
        let setting = LockSetting { default_mode: Some(RetentionMode::Governance), default_days: Some(2) };
        s3.create_locked_bucket(&names::bucket("lake-raw"), setting).unwrap();
        let version = s3.put(&at("a"), "a").unwrap();
        assert_eq!(s3.retention(&version).await.unwrap(), Some(retention(RetentionMode::Governance, 2)));
    }

    #[tokio::test]
    async fn a_delete_marker_goes_on_top_and_cannot_be_locked() {
        let (s3, _) = locked();
        let version = s3.put(&at("a"), "a").unwrap();
        s3.set_retention(&version, &retention(RetentionMode::Compliance, 1)).await.unwrap();
        let Deleted::Marker(marker) = s3.delete(&at("a")).unwrap() else { panic!("no marker") };
        let marker = at("a").version(marker);
        let lock = Some(retention(RetentionMode::Governance, 1));
        assert_eq!(s3.put_retention(&marker, lock, false), Err(Refusal::METHOD_NOT_ALLOWED));
        assert!(matches!(s3.retention(&marker).await, Err(StoreError::NotFound { .. })));
        assert!(matches!(s3.head(&marker).await, Err(StoreError::NotFound { .. })));
        assert_eq!(read(&s3, &version).await, b"a");
    }

    #[tokio::test]
    async fn dates_in_the_past_and_buckets_without_lock_are_refused() {
        let (s3, _) = locked();
        let version = s3.put(&at("a"), "a").unwrap();
        let past = Some(retention(RetentionMode::Governance, 0));
        assert_eq!(s3.put_retention(&version, past, true), Err(Refusal::INVALID_ARGUMENT));
        let s3 = versioned();
        let version = s3.put(&at("a"), "a").unwrap();
        let lock = retention(RetentionMode::Governance, 1);
        assert_eq!(s3.put_retention(&version, Some(lock), false), Err(Refusal::INVALID_REQUEST));
        assert_eq!(s3.delete_version(&version, true), Err(Refusal::INVALID_ARGUMENT));
        assert_eq!(s3.retention(&version).await.unwrap(), None);
    }
}

mod versions {
    use super::*;

    async fn pages(s3: &MemoryS3, prefix: &str) -> Vec<VersionPage> {
        let bucket = names::bucket("lake-raw");
        let mut pages = vec![s3.list_versions(&bucket, prefix, None).await.unwrap()];
        while let Some(from) = pages.last().unwrap().next.clone() {
            pages.push(s3.list_versions(&bucket, prefix, Some(&from)).await.unwrap());
        }
        pages
    }

    #[tokio::test]
    async fn newest_first_with_markers() {
        let s3 = versioned();
        let old = s3.put(&at("a"), "1").unwrap();
        let new = s3.put(&at("a"), "22").unwrap();
        s3.delete(&at("a")).unwrap();
        let entries = pages(&s3, "").await.remove(0).entries;
        let seen: Vec<_> = entries.iter().map(|e| (e.is_latest, e.is_delete_marker, e.size_bytes)).collect();
        assert_eq!(seen, [(true, true, 0), (false, false, 2), (false, false, 1)]);
        assert_eq!(entries[1].version_id, new.version_id.as_str());
        assert_eq!(entries[2].version_id, old.version_id.as_str());
    }

    #[tokio::test]
    async fn suspending_gives_null_versions_that_replace_each_other() {
        let s3 = versioned();
        let bucket = names::bucket("lake-raw");
        let kept = s3.put(&at("a"), "kept").unwrap();
        s3.put_versioning(&bucket, VersioningState::Suspended).unwrap();
        assert_eq!(s3.put_unversioned(&at("a"), "null 1").unwrap(), "null");
        assert_eq!(s3.put_unversioned(&at("a"), "null 2").unwrap(), "null");
        let entries = pages(&s3, "").await.remove(0).entries;
        let ids: Vec<_> = entries.iter().map(|entry| entry.version_id.as_str()).collect();
        assert_eq!(ids, ["null", kept.version_id.as_str()]);
        assert!(matches!(s3.current(&at("a")).await, Err(StoreError::Other { code, .. }) if code == "NoVersionId"));
    }

    #[tokio::test]
    async fn a_listing_resumes_where_a_version_was_deleted() {
        let s3 = versioned();
        s3.set_page_size(1);
        let versions: Vec<_> = (0..3).map(|i| s3.put(&at("a"), format!("{i}")).unwrap()).collect();
        let bucket = names::bucket("lake-raw");
        let first = s3.list_versions(&bucket, "", None).await.unwrap();
        s3.delete_version(&versions[2], false).unwrap();
        let second = s3.list_versions(&bucket, "", first.next.as_ref()).await.unwrap();
        assert_eq!(second.entries[0].version_id, versions[1].version_id.as_str());
    }

    #[tokio::test]
    async fn created_versions_are_announced_once() {
        let s3 = versioned();
        let version = s3.put(&at("a"), "1").unwrap();
        s3.delete(&at("a")).unwrap();
        assert_eq!(s3.drain_created(), [version]);
        assert!(s3.drain_created().is_empty());
    }

    proptest! {
        #[test]
        fn pages_join_to_the_whole(keys in proptest::collection::vec("[a-c😀+%]{1,3}", 1..30), rows in 1usize..7) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let s3 = versioned();
            for (i, key) in keys.iter().enumerate() {
                if i % 5 == 4 { s3.delete(&at(key)).unwrap(); } else { s3.put(&at(key), "x").unwrap(); }
            }
            let whole = runtime.block_on(pages(&s3, "a"));
            s3.set_page_size(rows);
            let paged = runtime.block_on(pages(&s3, "a"));
            prop_assert!(paged.iter().all(|page| page.entries.len() <= rows));
            let joined: Vec<_> = paged.into_iter().flat_map(|page| page.entries).collect();
            prop_assert_eq!(&joined, &whole[0].entries);
            prop_assert!(joined.windows(2).all(|pair| pair[0].key.as_str() <= pair[1].key.as_str()));
            let mut newest = std::collections::BTreeSet::new();
            prop_assert!(joined.iter().all(|entry| entry.is_latest == newest.insert(entry.key.as_str())));
        }
    }
}

mod settings {
    use super::*;

    #[tokio::test]
    async fn object_lock_needs_versioning_and_holds_it() {
        let s3 = MemoryS3::default();
        let bucket = names::bucket("lake-raw");
        s3.create_bucket(&bucket).unwrap();
        assert_eq!(s3.put_object_lock(&bucket, NO_DEFAULT), Err(Refusal::INVALID_BUCKET_STATE));
        s3.put_versioning(&bucket, VersioningState::Enabled).unwrap();
        s3.put_object_lock(&bucket, NO_DEFAULT).unwrap();
        assert_eq!(s3.put_versioning(&bucket, VersioningState::Suspended), Err(Refusal::INVALID_BUCKET_STATE));
        assert_eq!(s3.versioning(&bucket).await.unwrap(), VersioningState::Enabled);
    }

    #[tokio::test]
    async fn a_new_bucket_is_encrypted_and_closed() {
        let s3 = versioned();
        let posture = s3.posture(&names::bucket("lake-raw")).await.unwrap();
        assert!(posture.public_access_block.unwrap().is_complete());
        assert_eq!(posture.encryption.unwrap().algorithm, "AES256");
        assert!(matches!(s3.posture(&names::bucket("nowhere")).await, Err(StoreError::NotFound { .. })));
    }

    #[tokio::test]
    async fn settings_can_drift() {
        let s3 = versioned();
        let bucket = names::bucket("lake-raw");
        assert!(s3.force_posture(&bucket, |posture| posture.public_access_block = None));
        assert_eq!(s3.posture(&bucket).await.unwrap().public_access_block, None);
    }
}
