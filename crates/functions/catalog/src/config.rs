use sluice_common::config::{ConfigProblems, Environment};
use sluice_common::{BucketName, ObjectKey};
use sluice_stage::Signing;

/// What the template tells this function.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the published objects are listed; none is read.
    pub curated_bucket: BucketName,
    /// Where statements and what was measured are kept.
    pub evidence_bucket: BucketName,
    /// By which keys statements are believed.
    pub signing: Signing,
    /// Key of the pipeline policy in the evidence bucket.
    pub policy_key: ObjectKey,
    /// The only Glue database whose tables are told anything.
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
        let curated_bucket = variables.required("SLUICE_CURATED_BUCKET");
        let evidence_bucket = variables.required("SLUICE_EVIDENCE_BUCKET");
        let signing = Signing::part(&mut variables);
        let policy_key = variables.required("SLUICE_POLICY_KEY");
        let catalog_database = variables.required("SLUICE_CATALOG_DATABASE");
        let metrics_namespace = variables.or_default("SLUICE_METRICS_NAMESPACE", "Sluice".to_owned());
        variables.finish(|| {
            Some(Self {
                curated_bucket: curated_bucket?,
                evidence_bucket: evidence_bucket?,
                signing: signing?,
                policy_key: policy_key?,
                catalog_database: catalog_database?,
                metrics_namespace: metrics_namespace?,
            })
        })
    }
}
