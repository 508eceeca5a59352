use sluice_common::config::{ConfigProblems, Environment, EnvironmentReader};
use sluice_common::{BucketName, ObjectKey};

/// What the template tells every stage.
#[derive(Debug, Clone)]
pub struct StageConfig {
    /// The only bucket whose objects are worked on.
    pub raw_bucket: BucketName,
    /// Where statements and reports are kept.
    pub evidence_bucket: BucketName,
    /// ARN of the statement signing key.
    pub signing_key_arn: String,
    /// Key of the pipeline policy in the evidence bucket.
    pub policy_key: ObjectKey,
    /// CloudWatch namespace.
    pub metrics_namespace: String,
}

impl StageConfig {
    /// Reads the environment of a stage that is told nothing else.
    ///
    /// # Errors
    /// Every problem at once.
    pub fn read(environment: &Environment) -> Result<Self, ConfigProblems> {
        let mut variables = environment.reader();
        let stage = Self::part(&mut variables);
        variables.finish(|| stage)
    }

    /// Reads the part of a stage's environment that all of them share.
    pub fn part(variables: &mut EnvironmentReader<'_>) -> Option<Self> {
        let raw_bucket = variables.required("SLUICE_RAW_BUCKET");
        let evidence_bucket = variables.required("SLUICE_EVIDENCE_BUCKET");
        let signing_key_arn = variables.required("SLUICE_SIGNING_KEY_ARN");
        let policy_key = variables.required("SLUICE_POLICY_KEY");
        let metrics_namespace = variables.or_default("SLUICE_METRICS_NAMESPACE", "Sluice".to_owned());
        Some(Self {
            raw_bucket: raw_bucket?,
            evidence_bucket: evidence_bucket?,
            signing_key_arn: signing_key_arn?,
            policy_key: policy_key?,
            metrics_namespace: metrics_namespace?,
        })
    }
}
