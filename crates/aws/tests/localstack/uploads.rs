use aws_sdk_s3::types::{ChecksumAlgorithm as SdkAlgorithm, CompletedMultipartUpload, CompletedPart};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use sluice_common::digest::{ChecksumAlgorithm, ChecksumType};
use sluice_common::port::{ObjectReader as _, ObjectWriter as _, StoreError, UserMetadata};
use sluice_common::{ObjectVersion, VersionId};

use super::setup::Bucket;

const MIB: usize = 1024 * 1024;

fn bytes(length: usize) -> Bytes {
    (0..length).map(|i| u8::try_from(i * 7 % 251).unwrap()).collect::<Vec<u8>>().into()
}

#[tokio::test]
async fn a_large_object_goes_up_in_parts_and_comes_back_whole() {
    let bucket = Bucket::versioned().await;
    let (at, body) = (bucket.path("curated/large.bin"), bytes(20 * MIB + 13));
    let metadata = UserMetadata::from([("stage".to_owned(), "pseudonymize".to_owned())]);
    let mut upload = bucket.objects.upload_new(&at, &metadata).await.unwrap();
    for chunk in body.chunks(3 * MIB + 1) {
        upload.write(Bytes::copy_from_slice(chunk)).await.unwrap();
    }
    assert!(matches!(bucket.objects.current(&at).await, Err(StoreError::NotFound { .. })), "invisible until complete");
    let version = at.version(upload.complete().await.unwrap());
    assert!(bucket.read(&version).await == body, "the bytes");
    let facts = bucket.objects.head(&version).await.unwrap();
    assert_eq!(facts.metadata, metadata);
    let checksum = &facts.checksums[0];
    assert_eq!((checksum.algorithm, checksum.checksum_type), (ChecksumAlgorithm::Crc64Nvme, ChecksumType::FullObject));
    let crc = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Nvme, &body);
    assert_eq!(checksum.value_base64, BASE64.encode(crc.to_be_bytes()));
}

#[tokio::test]
async fn an_empty_upload_gives_an_empty_object() {
    let bucket = Bucket::versioned().await;
    let upload = bucket.objects.upload_new(&bucket.path("empty"), &UserMetadata::new()).await.unwrap();
    let version = bucket.path("empty").version(upload.complete().await.unwrap());
    assert_eq!(bucket.read(&version).await, b"");
}

#[tokio::test]
async fn completion_loses_to_an_object_put_meanwhile_and_leaves_no_parts() {
    let bucket = Bucket::versioned().await;
    let mut upload = bucket.objects.upload_new(&bucket.path("a"), &UserMetadata::new()).await.unwrap();
    upload.write(Bytes::from_static(b"late")).await.unwrap();
    let early = bucket.put("a", b"early").await;
    assert!(matches!(upload.complete().await, Err(StoreError::Exists { .. })));
    assert_eq!(bucket.objects.current(&bucket.path("a")).await.unwrap(), early);
    let left = bucket.admin.list_multipart_uploads().bucket(bucket.name.as_str()).send().await.unwrap();
    assert!(left.uploads().is_empty());
}

#[tokio::test]
async fn an_aborted_upload_leaves_nothing() {
    let bucket = Bucket::versioned().await;
    let mut upload = bucket.objects.upload_new(&bucket.path("a"), &UserMetadata::new()).await.unwrap();
    upload.write(bytes(9 * MIB)).await.unwrap();
    upload.abort().await.unwrap();
    let left = bucket.admin.list_multipart_uploads().bucket(bucket.name.as_str()).send().await.unwrap();
    assert!(left.uploads().is_empty());
    assert!(matches!(bucket.objects.current(&bucket.path("a")).await, Err(StoreError::NotFound { .. })));
}

/// What another uploader does who asks for SHA-256, which S3 keeps as a composite.
async fn put_composite(bucket: &Bucket, key: &str, parts: &[Bytes]) -> ObjectVersion {
    let (admin, name) = (&bucket.admin, bucket.name.as_str());
    let begun = admin.create_multipart_upload().bucket(name).key(key).checksum_algorithm(SdkAlgorithm::Sha256);
    let upload_id = begun.send().await.unwrap().upload_id().unwrap().to_owned();
    let mut completed = CompletedMultipartUpload::builder();
    for (number, part) in (1..).zip(parts) {
        let request = admin.upload_part().bucket(name).key(key).upload_id(&upload_id).part_number(number);
        let request = request.checksum_algorithm(SdkAlgorithm::Sha256).body(part.clone().into());
        let sent = request.send().await.unwrap();
        let part = CompletedPart::builder().part_number(number).e_tag(sent.e_tag().unwrap());
        completed = completed.parts(part.checksum_sha256(sent.checksum_sha256().unwrap()).build());
    }
    let request = admin.complete_multipart_upload().bucket(name).key(key).upload_id(&upload_id);
    let done = request.multipart_upload(completed.build()).send().await.unwrap();
    bucket.path(key).version(VersionId::new(done.version_id().unwrap()).unwrap())
}

#[tokio::test]
async fn a_composite_checksum_comes_with_its_parts() {
    let bucket = Bucket::versioned().await;
    let parts = [bytes(5 * MIB), bytes(7)];
    let version = put_composite(&bucket, "composite", &parts).await;
    let digests: Vec<[u8; 32]> = parts.iter().map(|part| Sha256::digest(part).into()).collect();
    let facts = bucket.objects.head(&version).await.unwrap();
    let checksum = &facts.checksums[0];
    assert_eq!((checksum.algorithm, checksum.checksum_type), (ChecksumAlgorithm::Sha256, ChecksumType::Composite));
    assert_eq!(checksum.value_base64, BASE64.encode(Sha256::digest(digests.concat())));
    let listed = bucket.objects.parts(&version).await.unwrap();
    assert_eq!(listed.iter().map(|part| part.size_bytes).collect::<Vec<_>>(), [5 * 1024 * 1024, 7]);
    for (part, digest) in listed.iter().zip(&digests) {
        assert_eq!(part.checksum.as_ref().unwrap().value_base64, BASE64.encode(digest));
    }
}
