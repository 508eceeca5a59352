use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{
    Credentials, ResponseChecksumValidation, SharedCredentialsProvider, StalledStreamProtectionConfig,
};

use crate::{CloudWatchMetrics, GlueCatalog, KmsDataKeys, KmsInspector, KmsSigner, S3Objects, SqsQueue, http};

/// A connection is up in milliseconds or not at all.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// From the request's first byte to the answer's first: room for a part of an upload on a slow line.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// One attempt up to the answer's head; bodies that stream afterwards are watched by the stalled-stream protection.
const ATTEMPT_TIMEOUT: Duration = Duration::from_mins(1);
/// All attempts together.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(150);
/// How long a body may stand still.
const STALL_GRACE: Duration = Duration::from_secs(20);
/// Attempts, the first included.
const MAX_ATTEMPTS: u32 = 3;

/// Why there is no connection to AWS.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// Nobody says where.
    #[error("no AWS region: set AWS_REGION, or `region` in the profile")]
    NoRegion,
}

/// The clients of one process: one HTTP client, one set of credentials, each service's client made when first asked for.
#[derive(Debug)]
pub struct Aws {
    config: SdkConfig,
    endpoints: BTreeMap<String, String>,
    s3: OnceLock<aws_sdk_s3::Client>,
    kms: OnceLock<aws_sdk_kms::Client>,
    glue: OnceLock<aws_sdk_glue::Client>,
    cloudwatch: OnceLock<aws_sdk_cloudwatch::Client>,
    sqs: OnceLock<aws_sdk_sqs::Client>,
}

impl Aws {
    /// Reads region, credentials and endpoints from a snapshot of the environment, and makes no request.
    ///
    /// Where region and keys stand in the environment, as in Lambda, nothing else is looked at: no profile file, no
    /// metadata service. Elsewhere, as for the command line tool, the SDK's whole chain is asked.
    ///
    /// Honoured: `AWS_REGION`, `AWS_DEFAULT_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`,
    /// `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_S3` and so on for each service, `AWS_USE_FIPS_ENDPOINT`,
    /// `AWS_USE_DUALSTACK_ENDPOINT`. With an endpoint of its own, S3 is addressed by path.
    ///
    /// # Errors
    /// [`ConnectError::NoRegion`].
    pub async fn connect(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConnectError> {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let endpoints = endpoints(&variable);
        let config = if let Some(config) = from_environment(&variable) {
            config
        } else {
            let loader = aws_config::defaults(BehaviorVersion::latest()).http_client(http::client());
            Box::pin(loader.load()).await
        };
        Self::with_config(config, endpoints)
    }

    fn with_config(config: SdkConfig, endpoints: BTreeMap<String, String>) -> Result<Self, ConnectError> {
        if config.region().is_none() {
            return Err(ConnectError::NoRegion);
        }
        let config = config
            .into_builder()
            .retry_config(RetryConfig::standard().with_max_attempts(MAX_ATTEMPTS))
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(CONNECT_TIMEOUT)
                    .read_timeout(READ_TIMEOUT)
                    .operation_attempt_timeout(ATTEMPT_TIMEOUT)
                    .operation_timeout(OPERATION_TIMEOUT)
                    .build(),
            )
            .stalled_stream_protection(
                StalledStreamProtectionConfig::enabled().upload_enabled(true).grace_period(STALL_GRACE).build(),
            )
            // Bodies are compared with S3's checksums by our own pass, which can say what differs. The SDK's comparison
            // would cost a second pass and turn damage into an error that looks like the network's.
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .build();
        Ok(Self {
            config,
            endpoints,
            s3: OnceLock::new(),
            kms: OnceLock::new(),
            glue: OnceLock::new(),
            cloudwatch: OnceLock::new(),
            sqs: OnceLock::new(),
        })
    }

    /// Clients that talk to a recorded conversation.
    #[cfg(test)]
    pub(crate) fn replaying(client: aws_sdk_s3::config::SharedHttpClient) -> Self {
        let config = from_environment(&|_name| Some("us-east-1".to_owned())).unwrap();
        let config = config.into_builder().http_client(client).use_fips(false).use_dual_stack(false).build();
        Self::with_config(config, BTreeMap::new()).unwrap()
    }

    /// The endpoint that the environment gives a service, such as `S3`.
    fn endpoint(&self, service: &str) -> Option<&String> {
        self.endpoints.get(service)
    }

    /// The store ports.
    pub fn objects(&self) -> S3Objects {
        let client = self.s3.get_or_init(|| {
            let endpoint = self.endpoint("S3");
            let config = aws_sdk_s3::config::Builder::from(&self.config)
                .force_path_style(endpoint.is_some() || self.config.endpoint_url().is_some());
            aws_sdk_s3::Client::from_conf(match endpoint {
                Some(url) => config.endpoint_url(url).build(),
                None => config.build(),
            })
        });
        S3Objects::new(client.clone())
    }

    /// Signs with one asymmetric KMS key, by ARN.
    pub fn signer(&self, key_arn: impl Into<String>) -> KmsSigner {
        KmsSigner::new(self.kms().clone(), key_arn.into())
    }

    /// Makes and opens data keys under one symmetric KMS key, by ARN.
    pub fn data_keys(&self, key_arn: impl Into<String>) -> KmsDataKeys {
        KmsDataKeys::new(self.kms().clone(), key_arn.into())
    }

    /// The Glue Data Catalog and the rulesets of Glue Data Quality.
    pub fn catalog(&self) -> GlueCatalog {
        let client = self.glue.get_or_init(|| {
            let config = aws_sdk_glue::config::Builder::from(&self.config);
            aws_sdk_glue::Client::from_conf(match self.endpoint("GLUE") {
                Some(url) => config.endpoint_url(url).build(),
                None => config.build(),
            })
        });
        GlueCatalog::new(client.clone())
    }

    /// CloudWatch metrics in one namespace.
    pub fn metrics(&self, namespace: impl Into<String>) -> CloudWatchMetrics {
        let client = self.cloudwatch.get_or_init(|| {
            let config = aws_sdk_cloudwatch::config::Builder::from(&self.config);
            aws_sdk_cloudwatch::Client::from_conf(match self.endpoint("CLOUDWATCH") {
                Some(url) => config.endpoint_url(url).build(),
                None => config.build(),
            })
        });
        CloudWatchMetrics::new(client.clone(), namespace.into())
    }

    /// One SQS queue, by URL.
    pub fn queue(&self, url: impl Into<String>) -> SqsQueue {
        let client = self.sqs.get_or_init(|| {
            let config = aws_sdk_sqs::config::Builder::from(&self.config);
            aws_sdk_sqs::Client::from_conf(match self.endpoint("SQS") {
                Some(url) => config.endpoint_url(url).build(),
                None => config.build(),
            })
        });
        SqsQueue::new(client.clone(), url.into())
    }

    /// Jobs of S3 Batch Operations in the account of a role, run as that role.
    #[cfg(feature = "batch")]
    pub fn checksum_jobs(&self, role_arn: impl Into<String>) -> crate::S3ChecksumJobs {
        let config = aws_sdk_s3control::config::Builder::from(&self.config);
        let client = aws_sdk_s3control::Client::from_conf(match self.endpoint("S3_CONTROL") {
            Some(url) => config.endpoint_url(url).build(),
            None => config.build(),
        });
        crate::S3ChecksumJobs::new(client, role_arn.into())
    }

    /// Personal data in free text, found by Amazon Comprehend.
    #[cfg(feature = "comprehend")]
    pub fn text_entities(&self) -> crate::ComprehendEntities {
        let config = aws_sdk_comprehend::config::Builder::from(&self.config);
        crate::ComprehendEntities::new(aws_sdk_comprehend::Client::from_conf(match self.endpoint("COMPREHEND") {
            Some(url) => config.endpoint_url(url).build(),
            None => config.build(),
        }))
    }

    /// Reads the settings of KMS keys.
    pub fn key_inspector(&self) -> KmsInspector {
        KmsInspector::new(self.kms().clone())
    }

    /// CloudTrail's public keys and the settings of trails.
    #[cfg(feature = "cloudtrail")]
    pub fn trail_keys(&self) -> crate::CloudTrailKeys {
        let config = aws_sdk_cloudtrail::config::Builder::from(&self.config);
        crate::CloudTrailKeys::new(aws_sdk_cloudtrail::Client::from_conf(match self.endpoint("CLOUDTRAIL") {
            Some(url) => config.endpoint_url(url).build(),
            None => config.build(),
        }))
    }

    fn kms(&self) -> &aws_sdk_kms::Client {
        self.kms.get_or_init(|| {
            let config = aws_sdk_kms::config::Builder::from(&self.config);
            aws_sdk_kms::Client::from_conf(match self.endpoint("KMS") {
                Some(url) => config.endpoint_url(url).build(),
                None => config.build(),
            })
        })
    }
}

/// The endpoint of each service that the environment gives one: its own, else the common one.
fn endpoints(variable: &impl Fn(&str) -> Option<String>) -> BTreeMap<String, String> {
    let common = variable("AWS_ENDPOINT_URL");
    let endpoint = |service: &str| {
        let own = variable(&format!("AWS_ENDPOINT_URL_{service}")).or_else(|| common.clone());
        own.map(|url| (service.to_owned(), url))
    };
    ["S3", "S3_CONTROL", "KMS", "GLUE", "CLOUDTRAIL", "CLOUDWATCH", "COMPREHEND", "SQS"]
        .into_iter()
        .filter_map(endpoint)
        .collect()
}

/// The configuration of an environment that names region and keys.
fn from_environment(variable: &impl Fn(&str) -> Option<String>) -> Option<SdkConfig> {
    let is_on = |name: &str| variable(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let region = variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION"))?;
    let credentials = Credentials::new(
        variable("AWS_ACCESS_KEY_ID")?,
        variable("AWS_SECRET_ACCESS_KEY")?,
        variable("AWS_SESSION_TOKEN"),
        None,
        "environment",
    );
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(http::client());
    if is_on("AWS_USE_FIPS_ENDPOINT") {
        config.set_use_fips(Some(true));
    }
    if is_on("AWS_USE_DUALSTACK_ENDPOINT") {
        config.set_use_dual_stack(Some(true));
    }
    Some(config.build())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAMBDA: [(&str, &str); 4] = [
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_SESSION_TOKEN", "token"),
    ];

    fn environment(pairs: &[(&str, &str)]) -> impl Fn(&str) -> Option<String> {
        move |wanted| pairs.iter().find(|(name, _)| *name == wanted).map(|(_, value)| (*value).to_owned())
    }

    #[tokio::test]
    async fn lambda_needs_nothing_but_its_environment() {
        let aws = Aws::connect(environment(&LAMBDA)).await.unwrap();
        assert_eq!(aws.config.region().unwrap().as_ref(), "eu-central-1");
        assert_eq!(aws.endpoint("S3"), None);
    }

    #[test]
    fn without_region_or_keys_the_environment_is_not_enough() {
        assert!(from_environment(&environment(&LAMBDA[..2])).is_none());
        assert!(from_environment(&environment(&LAMBDA[1..])).is_none());
    }

    #[test]
    fn a_service_has_its_own_endpoint_before_the_common_one() {
        let urls = [("AWS_ENDPOINT_URL", "http://127.0.0.1:1"), ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:2")];
        let endpoints = endpoints(&environment(&urls));
        assert_eq!(endpoints["S3"], "http://127.0.0.1:2");
        assert_eq!(endpoints["KMS"], "http://127.0.0.1:1");
    }

    #[tokio::test]
    async fn debug_shows_no_secret() {
        let aws = Aws::connect(environment(&LAMBDA)).await.unwrap();
        let shown = format!("{aws:?}");
        assert!(!shown.contains("\"secret\"") && !shown.contains("\"token\""), "{shown}");
    }
}
