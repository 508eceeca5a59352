//! What LocalStack cannot be made to say: broken bodies, lost answers, codes of real S3.

use bytes::Bytes;
use futures::TryStreamExt as _;
use sluice_common::digest::{ChecksumAlgorithm, ChecksumType};
use sluice_common::port::{
    BucketInspector as _, ObjectLock as _, ObjectReader as _, ObjectWriter as _, StoreError, UserMetadata,
    VersionLister as _,
};
use sluice_common::{BucketName, ObjectKey, ObjectPath, ObjectVersion, Sha256Digest, VersionId};

use crate::replay::{Answer, Replay};

fn path(key: &str) -> ObjectPath {
    ObjectPath { bucket: BucketName::new("lake-raw").unwrap(), key: ObjectKey::new(key).unwrap() }
}

fn version(key: &str) -> ObjectVersion {
    path(key).version(VersionId::new("v1").unwrap())
}

fn refusal(status: u16, code: &str) -> Answer {
    let message = "words that quote patients/jane-doe.csv";
    Answer::new(status, format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>"))
}

fn object(body: &str, announced: usize) -> Answer {
    Answer::new(200, body)
        .header("content-length", announced.to_string())
        .header("etag", "\"e\"")
        .header("last-modified", "Thu, 01 Jan 2026 00:00:00 GMT")
}

#[tokio::test]
async fn get_names_the_version_and_asks_for_checksums() {
    let answer = object("abc", 3)
        .header("x-amz-checksum-crc32", "5FRUiw==-3")
        .header("x-amz-checksum-type", "COMPOSITE")
        .header("x-amz-server-side-encryption", "aws:kms")
        .header("x-amz-server-side-encryption-aws-kms-key-id", "arn:aws:kms:us-east-1:111122223333:key/k")
        .header("x-amz-server-side-encryption-bucket-key-enabled", "true")
        .header("x-amz-meta-origin", "till 4");
    let replay = Replay::new([answer]);
    let body = replay.aws().objects().get(&version("a b+c.csv")).await.unwrap();
    let checksum = &body.facts.checksums[0];
    assert_eq!((checksum.algorithm, checksum.checksum_type), (ChecksumAlgorithm::Crc32, ChecksumType::Composite));
    assert_eq!(checksum.value_base64, "5FRUiw==");
    assert!(body.facts.encryption.as_ref().unwrap().bucket_key);
    assert_eq!(body.facts.metadata["origin"], "till 4");
    assert_eq!(body.stream.try_collect::<Vec<Bytes>>().await.unwrap().concat(), b"abc");
    let sent = &replay.sent()[0];
    assert_eq!(sent.header("x-amz-checksum-mode"), Some("ENABLED"));
    assert!(sent.header("authorization").unwrap().contains("x-amz-checksum-mode"), "the header is signed");
    assert!(sent.uri.contains("/a%20b%2Bc.csv?") && sent.uri.contains("versionId=v1"), "{}", sent.uri);
}

/// The SDK would end such a body with an error that looks like the network's; the seal must see it and say "damaged".
#[tokio::test]
async fn a_body_that_differs_from_its_checksum_is_delivered_for_the_caller_to_judge() {
    let answer =
        object("abc", 3).header("x-amz-checksum-crc32", "AAAAAA==").header("x-amz-checksum-type", "FULL_OBJECT");
    let body = Replay::new([answer]).aws().objects().get(&version("a")).await.unwrap();
    assert_eq!(body.facts.checksums[0].value_base64, "AAAAAA==");
    assert_eq!(body.stream.try_collect::<Vec<Bytes>>().await.unwrap().concat(), b"abc");
}

#[tokio::test]
async fn a_body_that_ends_early_or_late_is_an_error() {
    let short = Replay::new([object("abc", 5)]).aws().objects().get(&version("a")).await.unwrap();
    let error = short.stream.try_collect::<Vec<Bytes>>().await.unwrap_err();
    assert!(matches!(error, StoreError::Truncated { got: 3, expected: 5, .. }));
    let long = Replay::new([object("abcdef", 5)]).aws().objects().get(&version("a")).await.unwrap();
    let error = long.stream.try_collect::<Vec<Bytes>>().await.unwrap_err();
    assert!(matches!(error, StoreError::Other { code, .. } if code == "BodyTooLong"));
}

#[tokio::test]
async fn put_is_conditional_and_verified() {
    let replay = Replay::new([Answer::new(200, "").header("x-amz-version-id", "v7")]);
    let metadata = UserMetadata::from([("origin".to_owned(), "seal".to_owned())]);
    let id = replay.aws().objects().put_new(&path("a"), Bytes::from_static(b"x"), &metadata).await.unwrap();
    assert_eq!(id.as_str(), "v7");
    let sent = &replay.sent()[0];
    assert_eq!(sent.header("if-none-match"), Some("*"));
    assert_eq!(sent.header("x-amz-checksum-sha256"), Some(Sha256Digest::of(b"x").to_base64().as_str()));
    assert_eq!(sent.header("x-amz-meta-origin"), Some("seal"));
}

#[tokio::test]
async fn answers_to_put_are_told_apart_without_their_words() {
    for (answer, expected) in [
        (refusal(412, "PreconditionFailed"), "key_taken"),
        (refusal(409, "ConditionalRequestConflict"), "concurrent_write"),
        (refusal(403, "AccessDenied"), "access_denied"),
    ] {
        let objects = Replay::new([answer]).aws().objects();
        let error = objects.put_new(&path("a"), Bytes::new(), &UserMetadata::new()).await.unwrap_err();
        assert_eq!(sluice_common::Dispose::reason(&error), expected);
        assert!(!format!("{error:?}").contains("jane"), "{error:?}");
    }
}

#[tokio::test]
async fn metadata_beyond_ascii_never_leaves() {
    let replay = Replay::new([]);
    for metadata in [("who", "Zoë"), ("who", "line\nbreak"), ("wer-ä", "x")] {
        let metadata = UserMetadata::from([(metadata.0.to_owned(), metadata.1.to_owned())]);
        let refused = replay.aws().objects().put_new(&path("a"), Bytes::new(), &metadata).await;
        assert!(matches!(refused, Err(StoreError::Other { code, .. }) if code == "MetadataNotAscii"));
    }
    assert!(replay.sent().is_empty());
}

fn begun() -> Answer {
    Answer::new(200, "<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>")
}

fn part() -> Answer {
    Answer::new(200, "").header("etag", "\"p\"").header("x-amz-checksum-crc64nvme", "AAAAAAAAAAA=")
}

async fn completed(after: impl IntoIterator<Item = Answer>) -> (Replay, Result<VersionId, StoreError>) {
    let replay = Replay::new([begun(), part()].into_iter().chain(after));
    let mut upload = replay.aws().objects().upload_new(&path("a"), &UserMetadata::new()).await.unwrap();
    upload.write(Bytes::from_static(b"abc")).await.unwrap();
    let outcome = upload.complete().await;
    (replay, outcome)
}

#[tokio::test]
async fn completion_is_conditional_and_names_parts_checksums_and_size() {
    let done = "<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>";
    let (replay, outcome) = completed([Answer::new(200, done).header("x-amz-version-id", "v9")]).await;
    assert_eq!(outcome.unwrap().as_str(), "v9");
    let sent = replay.sent();
    assert_eq!(sent[0].header("x-amz-checksum-algorithm"), Some("CRC64NVME"));
    assert_eq!(sent[0].header("x-amz-checksum-type"), Some("FULL_OBJECT"));
    assert!(sent[1].header("x-amz-checksum-crc64nvme").is_some());
    let last = sent.last().unwrap();
    assert_eq!(last.header("if-none-match"), Some("*"));
    assert_eq!(last.header("x-amz-mp-object-size"), Some("3"));
    assert!(last.body.contains("<ChecksumCRC64NVME>AAAAAAAAAAA=</ChecksumCRC64NVME>"), "{}", last.body);
}

#[tokio::test]
async fn a_completion_whose_answer_was_lost_lets_the_caller_compare() {
    let current = object("", 0).header("x-amz-version-id", "v9");
    let (_, taken) = completed([refusal(404, "NoSuchUpload"), current]).await;
    assert!(matches!(taken, Err(StoreError::Exists { .. })));
    let (_, gone) = completed([refusal(404, "NoSuchUpload"), Answer::new(404, "")]).await;
    assert!(matches!(gone, Err(StoreError::Conflict { .. })));
}

#[tokio::test]
async fn a_completion_that_lost_removes_its_parts() {
    let (replay, outcome) = completed([refusal(412, "PreconditionFailed"), Answer::new(204, "")]).await;
    assert!(matches!(outcome, Err(StoreError::Exists { .. })));
    assert_eq!(replay.sent().last().unwrap().method, "DELETE");
}

#[tokio::test]
async fn no_lock_is_told_apart_from_may_not_look() {
    for (answer, expected) in [
        (refusal(404, "NoSuchObjectLockConfiguration"), Ok(None)),
        (refusal(400, "InvalidRequest"), Ok(None)),
        (refusal(403, "AccessDenied"), Err("access_denied")),
        (refusal(404, "NoSuchVersion"), Err("object_not_found")),
        (refusal(405, "MethodNotAllowed"), Err("object_not_found")),
    ] {
        let outcome = Replay::new([answer]).aws().objects().retention(&version("a")).await;
        assert_eq!(outcome.map_err(|error| sluice_common::Dispose::reason(&error)), expected);
    }
}

#[tokio::test]
async fn an_unknown_versioning_state_is_not_taken_for_off() {
    let answer = Answer::new(200, "<VersioningConfiguration><Status>Paused</Status></VersioningConfiguration>");
    let outcome = Replay::new([answer]).aws().objects().versioning(&path("a").bucket).await;
    assert!(matches!(outcome, Err(StoreError::Other { code, .. }) if code == "UnknownVersioning"));
}

#[tokio::test]
async fn parts_are_read_page_by_page() {
    let page = |rest: &str, part: &str| {
        Answer::new(
            200,
            format!(
                "<GetObjectAttributesResponse><Checksum><ChecksumType>COMPOSITE</ChecksumType></Checksum>\
                 <ObjectParts><PartsCount>2</PartsCount>{rest}<Part>{part}</Part></ObjectParts></GetObjectAttributesResponse>"
            ),
        )
    };
    let replay = Replay::new([
        page(
            "<IsTruncated>true</IsTruncated><NextPartNumberMarker>1</NextPartNumberMarker>",
            "<PartNumber>1</PartNumber><Size>5</Size><ChecksumCRC32>AAAAAA==</ChecksumCRC32>",
        ),
        page(
            "<IsTruncated>false</IsTruncated><NextPartNumberMarker>2</NextPartNumberMarker>",
            "<PartNumber>2</PartNumber><Size>3</Size><ChecksumCRC32>AQAAAA==</ChecksumCRC32>",
        ),
    ]);
    let parts = replay.aws().objects().parts(&version("a")).await.unwrap();
    assert_eq!(parts.iter().map(|part| part.size_bytes).collect::<Vec<_>>(), [5, 3]);
    assert_eq!(parts[1].checksum.as_ref().unwrap().value_base64, "AQAAAA==");
    assert_eq!(replay.sent()[1].header("x-amz-part-number-marker"), Some("1"));
}

fn listing(next_key: &str) -> Answer {
    Answer::new(
        200,
        format!(
            "<ListVersionsResult><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>\
             <NextKeyMarker>{next_key}</NextKeyMarker><NextVersionIdMarker>v1</NextVersionIdMarker>\
             <Version><Key>{next_key}</Key><VersionId>v1</VersionId><IsLatest>true</IsLatest><Size>1</Size>\
             <LastModified>2026-01-01T00:00:00.000Z</LastModified></Version></ListVersionsResult>"
        ),
    )
}

#[tokio::test]
async fn a_listing_goes_on_behind_the_decoded_marker_and_never_stands_still() {
    let replay = Replay::new([listing("a+b%2Bc%25"), listing("a+b%2Bc%25")]);
    let objects = replay.aws().objects();
    let bucket = path("a").bucket;
    let page = objects.list_versions(&bucket, "", None).await.unwrap();
    assert_eq!(page.entries[0].key.as_str(), "a b+c%");
    let next = page.next.unwrap();
    assert_eq!((next.key_marker.as_str(), next.version_id_marker.as_deref()), ("a b+c%", Some("v1")));
    let stuck = objects.list_versions(&bucket, "", Some(&next)).await;
    assert!(matches!(stuck, Err(StoreError::Other { code, .. }) if code == "ListingStandsStill"));
    assert!(replay.sent()[1].uri.contains("key-marker=a%20b%2Bc%25"), "{}", replay.sent()[1].uri);
}
