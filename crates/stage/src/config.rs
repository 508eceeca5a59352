use sluice_common::config::{ConfigProblems, Environment, EnvironmentReader};
use sluice_common::{BucketName, ObjectKey};
use sluice_evidence::verify::RetiredKeys;

/// What the template tells every stage.
#[derive(Debug, Clone)]
pub struct StageConfig {
    /// The only bucket whose objects are worked on.
    pub raw_bucket: BucketName,
    /// Where statements and reports are kept.
    pub evidence_bucket: BucketName,
    /// By which keys statements are signed and believed.
    pub signing: Signing,
    /// Key of the pipeline policy in the evidence bucket.
    pub policy_key: ObjectKey,
    /// CloudWatch namespace.
    pub metrics_namespace: String,
}

/// The key that signs statements and those that did before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signing {
    /// ARN of the key that signs.
    pub key_arn: String,
    /// Keys of before, whose statements still count.
    pub retired: RetiredKeys,
}

impl Signing {
    /// Reads the part of an environment that every function which signs or believes statements has.
    pub fn part(variables: &mut EnvironmentReader<'_>) -> Option<Self> {
        let key_arn = variables.required("SLUICE_SIGNING_KEY_ARN");
        let retired = variables.or_default("SLUICE_RETIRED_SIGNING_KEYS", RetiredKeys::default());
        Some(Self { key_arn: key_arn?, retired: retired? })
    }

    /// A key that none was before.
    pub fn by(key_arn: &str) -> Self {
        Self { key_arn: key_arn.to_owned(), retired: RetiredKeys::default() }
    }
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
        let signing = Signing::part(variables);
        let policy_key = variables.required("SLUICE_POLICY_KEY");
        let metrics_namespace = variables.or_default("SLUICE_METRICS_NAMESPACE", "Sluice".to_owned());
        Some(Self {
            raw_bucket: raw_bucket?,
            evidence_bucket: evidence_bucket?,
            signing: signing?,
            policy_key: policy_key?,
            metrics_namespace: metrics_namespace?,
        })
    }
}
