//! What an administrator does before a test: buckets, keys, and a client without our conditions.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use bytes::Bytes;
use futures::TryStreamExt as _;
use sluice_aws::{Aws, S3Objects};
use sluice_common::port::ObjectReader as _;
use sluice_common::{BucketName, ObjectKey, ObjectPath, ObjectVersion, VersionId};

/// One region for our adapters and for the clients that prepare the ground, whatever the environment says.
const REGION: &str = "us-east-1";

fn environment() -> BTreeMap<String, String> {
    let environment: BTreeMap<_, _> = std::env::vars().collect();
    assert!(environment.contains_key("AWS_ENDPOINT_URL"), "start LocalStack and set AWS_ENDPOINT_URL to it");
    environment
}

pub(crate) async fn aws() -> Aws {
    let environment = environment();
    let variable = |name: &str| match name {
        "AWS_REGION" => Some(REGION.to_owned()),
        _ => environment.get(name).cloned(),
    };
    Aws::connect(variable).await.unwrap()
}

fn http() -> aws_sdk_s3::config::SharedHttpClient {
    aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https()
}

pub(crate) fn kms_admin() -> aws_sdk_kms::Client {
    aws_sdk_kms::Client::from_conf(
        aws_sdk_kms::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .endpoint_url(&environment()["AWS_ENDPOINT_URL"])
            .http_client(http())
            .build(),
    )
}

pub(crate) fn sqs_admin() -> aws_sdk_sqs::Client {
    aws_sdk_sqs::Client::from_conf(
        aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .endpoint_url(&environment()["AWS_ENDPOINT_URL"])
            .http_client(http())
            .build(),
    )
}

pub(crate) fn s3_admin() -> aws_sdk_s3::Client {
    aws_sdk_s3::Client::from_conf(
        aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .endpoint_url(&environment()["AWS_ENDPOINT_URL"])
            .force_path_style(true)
            .http_client(http())
            .build(),
    )
}

pub(crate) fn unique(prefix: &str) -> String {
    format!("{prefix}-{:016x}", RandomState::new().build_hasher().finish())
}

/// A bucket of one test.
pub(crate) struct Bucket {
    pub(crate) name: BucketName,
    pub(crate) admin: aws_sdk_s3::Client,
    pub(crate) objects: S3Objects,
}

impl Bucket {
    async fn create(lock: bool) -> Self {
        let (name, admin) = (BucketName::new(unique("sluice")).unwrap(), s3_admin());
        let request = admin.create_bucket().bucket(name.as_str());
        let request = if lock { request.object_lock_enabled_for_bucket(true) } else { request };
        request.send().await.unwrap();
        Self { name, admin, objects: aws().await.objects() }
    }

    pub(crate) async fn unversioned() -> Self {
        Self::create(false).await
    }

    pub(crate) async fn locked() -> Self {
        Self::create(true).await
    }

    pub(crate) async fn versioned() -> Self {
        let bucket = Self::create(false).await;
        bucket.set_versioning(BucketVersioningStatus::Enabled).await;
        bucket
    }

    pub(crate) async fn set_versioning(&self, status: BucketVersioningStatus) {
        let versioning = VersioningConfiguration::builder().status(status).build();
        let request = self.admin.put_bucket_versioning().bucket(self.name.as_str());
        request.versioning_configuration(versioning).send().await.unwrap();
    }

    pub(crate) fn path(&self, key: &str) -> ObjectPath {
        ObjectPath { bucket: self.name.clone(), key: ObjectKey::new(key).unwrap() }
    }

    /// An upload without any condition.
    pub(crate) async fn put(&self, key: &str, body: &'static [u8]) -> ObjectVersion {
        let request = self.admin.put_object().bucket(self.name.as_str()).key(key);
        let answer = request.body(Bytes::from_static(body).into()).send().await.unwrap();
        self.path(key).version(VersionId::new(answer.version_id().unwrap()).unwrap())
    }

    /// A plain delete; the marker's version id.
    pub(crate) async fn delete(&self, key: &str) -> VersionId {
        let answer = self.admin.delete_object().bucket(self.name.as_str()).key(key).send().await.unwrap();
        VersionId::new(answer.version_id().unwrap()).unwrap()
    }

    pub(crate) async fn read(&self, at: &ObjectVersion) -> Vec<u8> {
        let body = self.objects.get(at).await.unwrap();
        body.stream.try_collect::<Vec<Bytes>>().await.unwrap().concat()
    }
}
