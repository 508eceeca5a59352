use sluice_common::config::{ConfigProblems, Environment};
use sluice_common::{BucketName, ObjectKey};

/// What the template tells this function.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the published objects are read.
    pub curated_bucket: BucketName,
    /// Where statements and the budgets' accounts are kept.
    pub evidence_bucket: BucketName,
    /// ARN of the statement signing key.
    pub signing_key_arn: String,
    /// Key of the pipeline policy in the evidence bucket.
    pub policy_key: ObjectKey,
    /// CloudWatch namespace.
    pub metrics_namespace: String,
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    /// Every problem at once.
    pub fn read(environment: &Environment) -> Result<Self, ConfigProblems> {
        let mut variables = environment.reader();
        let curated_bucket = variables.required("SLUICE_CURATED_BUCKET");
        let evidence_bucket = variables.required("SLUICE_EVIDENCE_BUCKET");
        let signing_key_arn = variables.required("SLUICE_SIGNING_KEY_ARN");
        let policy_key = variables.required("SLUICE_POLICY_KEY");
        let metrics_namespace = variables.or_default("SLUICE_METRICS_NAMESPACE", "Sluice".to_owned());
        variables.finish(|| {
            Some(Self {
                curated_bucket: curated_bucket?,
                evidence_bucket: evidence_bucket?,
                signing_key_arn: signing_key_arn?,
                policy_key: policy_key?,
                metrics_namespace: metrics_namespace?,
            })
        })
    }
}
