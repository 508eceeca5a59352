use sluice_common::BucketName;
use sluice_common::config::{ConfigProblems, Environment};
use sluice_stage::Signing;

/// What the template tells this function.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where wrapped domain keys are read and answers are written.
    pub vault_bucket: BucketName,
    /// Where statements are kept.
    pub evidence_bucket: BucketName,
    /// By which keys statements are signed and believed.
    pub signing: Signing,
    /// ARN of the key that wraps domain keys.
    pub pseudonym_key_arn: String,
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
        let vault_bucket = variables.required("SLUICE_VAULT_BUCKET");
        let evidence_bucket = variables.required("SLUICE_EVIDENCE_BUCKET");
        let signing = Signing::part(&mut variables);
        let pseudonym_key_arn = variables.required("SLUICE_PSEUDONYM_KEY_ARN");
        let metrics_namespace = variables.or_default("SLUICE_METRICS_NAMESPACE", "Sluice".to_owned());
        variables.finish(|| {
            Some(Self {
                vault_bucket: vault_bucket?,
                evidence_bucket: evidence_bucket?,
                signing: signing?,
                pseudonym_key_arn: pseudonym_key_arn?,
                metrics_namespace: metrics_namespace?,
            })
        })
    }
}
