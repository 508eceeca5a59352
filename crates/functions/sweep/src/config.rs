use std::str::FromStr;

use sluice_common::config::{ConfigProblems, Environment};
use sluice_common::policy::RetentionSpec;
use sluice_common::port::RetentionMode;
use sluice_common::{BucketName, ObjectKey};
use sluice_stage::Signing;

/// The longest retention that S3 takes: 100 years, in days.
const MAX_DAYS: u32 = 36_500;

/// What the template tells this function.
#[derive(Debug, Clone)]
pub struct Config {
    /// The bucket in which uploads land.
    pub raw_bucket: BucketName,
    /// Uploads land under this prefix of it; empty for all of it.
    pub raw_key_prefix: String,
    /// The bucket of published tables.
    pub curated_bucket: BucketName,
    /// Where statements are kept.
    pub evidence_bucket: BucketName,
    /// By which keys statements are signed and believed.
    pub signing: Signing,
    /// Key of the pipeline policy in the evidence bucket.
    pub policy_key: ObjectKey,
    /// The least default retention of the raw bucket.
    pub raw_retention: RetentionSpec,
    /// The least default retention of the evidence bucket.
    pub evidence_retention: RetentionSpec,
    /// The seal function's queue, which unsealed versions are sent to.
    pub seal_queue_url: String,
    /// The same queue as the raw bucket's notification must name it.
    pub seal_queue_arn: String,
    /// The quality function's queue. Without it a missing verdict is found, not healed.
    pub quality_queue_url: Option<String>,
    /// The pseudonymize function's queue, likewise.
    pub pseudonymize_queue_url: Option<String>,
    /// ARNs of the keys that encrypt and sign; a key whose material KMS can renew must renew it.
    pub key_arns: CommaList,
    /// ARN of the trail; without it its settings are not looked at.
    pub trail_arn: Option<String>,
    /// The buckets whose objects the trail records.
    pub trail_buckets: CommaList,
    /// CloudWatch namespace.
    pub metrics_namespace: String,
}

/// Names with commas between them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommaList(pub Vec<String>);

impl FromStr for CommaList {
    type Err = std::convert::Infallible;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()))
    }
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    /// Every problem at once.
    pub fn read(environment: &Environment) -> Result<Self, ConfigProblems> {
        let mut variables = environment.reader();
        let raw_bucket = variables.required("SLUICE_RAW_BUCKET");
        let raw_key_prefix = variables.or_default("SLUICE_RAW_KEY_PREFIX", String::new());
        let curated_bucket = variables.required("SLUICE_CURATED_BUCKET");
        let evidence_bucket = variables.required("SLUICE_EVIDENCE_BUCKET");
        let signing = Signing::part(&mut variables);
        let policy_key = variables.required("SLUICE_POLICY_KEY");
        let mode = variables.or_default("SLUICE_DEFAULT_RETENTION_MODE", RetentionMode::Governance);
        let raw_days = variables.bounded("SLUICE_DEFAULT_RETENTION_DAYS", 1, 1..=MAX_DAYS);
        let evidence_days = variables.bounded("SLUICE_EVIDENCE_RETENTION_DAYS", 1, 1..=MAX_DAYS);
        let seal_queue_url = variables.required("SLUICE_SEAL_QUEUE_URL");
        let seal_queue_arn = variables.required("SLUICE_SEAL_QUEUE_ARN");
        let quality_queue_url = variables.optional("SLUICE_QUALITY_QUEUE_URL");
        let pseudonymize_queue_url = variables.optional("SLUICE_PSEUDONYMIZE_QUEUE_URL");
        let key_arns = variables.or_default("SLUICE_KEY_ARNS", CommaList::default());
        let trail_arn = variables.optional("SLUICE_TRAIL_ARN");
        let trail_buckets = variables.or_default("SLUICE_TRAIL_OBJECTS_OF", CommaList::default());
        let metrics_namespace = variables.or_default("SLUICE_METRICS_NAMESPACE", "Sluice".to_owned());
        variables.finish(|| {
            let mode = mode?;
            Some(Self {
                raw_bucket: raw_bucket?,
                raw_key_prefix: raw_key_prefix?,
                curated_bucket: curated_bucket?,
                evidence_bucket: evidence_bucket?,
                signing: signing?,
                policy_key: policy_key?,
                raw_retention: RetentionSpec { mode, days: raw_days? },
                evidence_retention: RetentionSpec { mode, days: evidence_days? },
                seal_queue_url: seal_queue_url?,
                seal_queue_arn: seal_queue_arn?,
                quality_queue_url: quality_queue_url?,
                pseudonymize_queue_url: pseudonymize_queue_url?,
                key_arns: key_arns?,
                trail_arn: trail_arn?,
                trail_buckets: trail_buckets?,
                metrics_namespace: metrics_namespace?,
            })
        })
    }
}
