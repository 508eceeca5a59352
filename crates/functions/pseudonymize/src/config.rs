use sluice_common::config::{ConfigProblems, Environment};
use sluice_common::{BucketName, ObjectKey};

/// What the template tells this function.
#[derive(Debug, Clone)]
pub struct Config {
    /// The only bucket whose objects are read.
    pub raw_bucket: BucketName,
    /// Where the result is published.
    pub curated_bucket: BucketName,
    /// Where statements are kept.
    pub evidence_bucket: BucketName,
    /// Where wrapped domain keys are kept.
    pub vault_bucket: BucketName,
    /// ARN of the statement signing key.
    pub signing_key_arn: String,
    /// ARN of the key that wraps domain keys.
    pub pseudonym_key_arn: String,
    /// Key of the pipeline policy in the evidence bucket.
    pub policy_key: ObjectKey,
    /// The only Glue database in which tables may be registered.
    pub catalog_database: String,
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
        let raw_bucket = variables.required("SLUICE_RAW_BUCKET");
        let curated_bucket = variables.required("SLUICE_CURATED_BUCKET");
        let evidence_bucket = variables.required("SLUICE_EVIDENCE_BUCKET");
        let vault_bucket = variables.required("SLUICE_VAULT_BUCKET");
        let signing_key_arn = variables.required("SLUICE_SIGNING_KEY_ARN");
        let pseudonym_key_arn = variables.required("SLUICE_PSEUDONYM_KEY_ARN");
        let policy_key = variables.required("SLUICE_POLICY_KEY");
        let catalog_database = variables.required("SLUICE_CATALOG_DATABASE");
        let metrics_namespace = variables.or_default("SLUICE_METRICS_NAMESPACE", "Sluice".to_owned());
        variables.finish(|| {
            Some(Self {
                raw_bucket: raw_bucket?,
                curated_bucket: curated_bucket?,
                evidence_bucket: evidence_bucket?,
                vault_bucket: vault_bucket?,
                signing_key_arn: signing_key_arn?,
                pseudonym_key_arn: pseudonym_key_arn?,
                policy_key: policy_key?,
                catalog_database: catalog_database?,
                metrics_namespace: metrics_namespace?,
            })
        })
    }
}
