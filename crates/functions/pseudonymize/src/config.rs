use sluice_common::BucketName;
use sluice_common::config::{ConfigProblems, Environment};
use sluice_stage::StageConfig;

/// What the template tells this function.
#[derive(Debug, Clone)]
pub struct Config {
    /// What it tells every stage.
    pub stage: StageConfig,
    /// Where the result is published.
    pub curated_bucket: BucketName,
    /// Where wrapped domain keys are kept.
    pub vault_bucket: BucketName,
    /// ARN of the key that wraps domain keys.
    pub pseudonym_key_arn: String,
    /// The only Glue database in which tables may be registered.
    pub catalog_database: String,
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    /// Every problem at once.
    pub fn read(environment: &Environment) -> Result<Self, ConfigProblems> {
        let mut variables = environment.reader();
        let stage = StageConfig::part(&mut variables);
        let curated_bucket = variables.required("SLUICE_CURATED_BUCKET");
        let vault_bucket = variables.required("SLUICE_VAULT_BUCKET");
        let pseudonym_key_arn = variables.required("SLUICE_PSEUDONYM_KEY_ARN");
        let catalog_database = variables.required("SLUICE_CATALOG_DATABASE");
        variables.finish(|| {
            Some(Self {
                stage: stage?,
                curated_bucket: curated_bucket?,
                vault_bucket: vault_bucket?,
                pseudonym_key_arn: pseudonym_key_arn?,
                catalog_database: catalog_database?,
            })
        })
    }
}
