//! AWS, for the commands that are given `s3://` URIs or a KMS key.

use anyhow::{anyhow, bail};
use sluice_aws::{Aws, S3Objects};
use sluice_common::config::Environment;
use sluice_common::port::{ObjectReader, StoreError, VersionLister};
use sluice_common::{BucketName, ObjectKey, ObjectPath, ObjectVersion};
use tokio::runtime::Runtime;

/// Clients, and the runtime that they live in.
pub(crate) struct Cloud {
    pub(crate) runtime: Runtime,
    pub(crate) aws: Aws,
}

impl Cloud {
    /// Reads region, credentials and endpoints where the AWS CLI finds them, and makes no request.
    pub(crate) fn connect() -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let environment = Environment::from_process();
        let aws = Aws::connect(|name| environment.get(name).map(str::to_owned));
        let aws = runtime.block_on(Box::pin(aws))?;
        Ok(Self { runtime, aws })
    }

    pub(crate) fn objects(&self) -> S3Objects {
        self.aws.objects()
    }
}

/// Whether a location is in S3.
pub(crate) fn is_s3(location: &str) -> bool {
    location.starts_with("s3://")
}

/// `s3://bucket/key`, the key as it is written.
pub(crate) fn path_of(location: &str) -> anyhow::Result<ObjectPath> {
    let Some((bucket, key)) = location.strip_prefix("s3://").and_then(|rest| rest.split_once('/')) else {
        bail!("expected s3://bucket/key");
    };
    Ok(ObjectPath { bucket: BucketName::new(bucket)?, key: ObjectKey::new(key)? })
}

/// The version that a location names, or the one that is current now.
pub(crate) async fn version_of<S>(objects: &S, location: &str) -> anyhow::Result<ObjectVersion>
where
    S: ObjectReader + VersionLister,
{
    if location.contains("?versionId=") {
        return Ok(ObjectVersion::from_uri(location)?);
    }
    let path = path_of(location)?;
    match objects.current(&path).await {
        Ok(version) => Ok(version),
        Err(error) => Err(explain(objects, &path, error).await),
    }
}

/// What a person can do about it. S3 answers alike for a bucket and a key that are not there; a listing tells them apart.
pub(crate) async fn explain<S: VersionLister>(objects: &S, at: &ObjectPath, error: StoreError) -> anyhow::Error {
    let code = match &error {
        StoreError::Other { code, .. } => code.as_str(),
        _ => "",
    };
    let advice = match (&error, code) {
        (StoreError::NotFound { .. }, _) => match objects.list_versions(&at.bucket, at.key.as_str(), None).await {
            Err(StoreError::NotFound { .. }) => format!("there is no bucket {}", at.bucket),
            _ => "the bucket has no such object; keys are case-sensitive, and one in a URI with ?versionId= is \
                  percent-encoded"
                .to_owned(),
        },
        (StoreError::Denied { .. }, _) => "these credentials may not do that here".to_owned(),
        (_, "NoVersionId") => format!(
            "bucket {} keeps no versions, so nobody could say later which bytes this was about; turn versioning on, or \
             use a local copy",
            at.bucket
        ),
        (_, "NoConnection" | "Unknown" | "Timeout") => {
            "no answer: check that there are credentials (AWS_PROFILE, or AWS_ACCESS_KEY_ID and \
             AWS_SECRET_ACCESS_KEY), the region and the network"
                .to_owned()
        }
        (_, "HTTP301" | "PermanentRedirect" | "HTTP400") => {
            "the bucket may be in another region, or the credentials have expired; set AWS_REGION".to_owned()
        }
        _ => return error.into(),
    };
    anyhow::Error::new(error).context(anyhow!(advice))
}
