use sluice_common::BucketName;
use sluice_common::config::{ConfigProblems, Environment};
use sluice_common::policy::RetentionSpec;
use sluice_stage::StageConfig;

/// What the template tells this function.
#[derive(Debug, Clone)]
pub struct Config {
    /// What it tells every stage.
    pub stage: StageConfig,
    /// The least retention of a version whose dataset names none, or that belongs to no dataset.
    pub default_retention: RetentionSpec,
    /// Who hashes what is too large for one invocation; without it such a version is given back until it lies in the
    /// dead-letter queue.
    pub handover: Option<HandoverConfig>,
}

/// S3 Batch Operations, when the template allows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandoverConfig {
    /// The bucket of manifests and reports.
    pub bucket: BucketName,
    /// The role that Batch Operations works in.
    pub role_arn: String,
    /// What one invocation hashes at least: a version that would take longer than the time left is handed over.
    pub mib_per_second: u32,
    /// A smaller version is never handed over: it waits for an invocation of its own.
    pub at_least_mib: u32,
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    /// Every problem at once.
    pub fn read(environment: &Environment) -> Result<Self, ConfigProblems> {
        let mut variables = environment.reader();
        let stage = StageConfig::part(&mut variables);
        let mode = variables.required("SLUICE_DEFAULT_RETENTION_MODE");
        let days = variables.bounded("SLUICE_DEFAULT_RETENTION_DAYS", 30, 1..=36_500);
        let bucket = variables.optional::<BucketName>("SLUICE_BATCH_BUCKET");
        let role_arn = match &bucket {
            Some(Some(_)) => variables.required::<String>("SLUICE_BATCH_ROLE_ARN"),
            _ => variables.or_default("SLUICE_BATCH_ROLE_ARN", String::new()),
        };
        let mib_per_second = variables.bounded("SLUICE_HASH_MIB_PER_SECOND", 64, 1..=4096);
        let at_least_mib = variables.bounded("SLUICE_HANDOVER_AT_LEAST_MIB", 5120, 0..=1 << 26);
        let handover = || {
            let (role_arn, mib_per_second, at_least_mib) = (role_arn?, mib_per_second?, at_least_mib?);
            Some(bucket?.map(|bucket| HandoverConfig { bucket, role_arn, mib_per_second, at_least_mib }))
        };
        let default_retention = || Some(RetentionSpec { mode: mode?, days: days? });
        variables
            .finish(|| Some(Self { stage: stage?, default_retention: default_retention()?, handover: handover()? }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEEDED: [(&str, &str); 6] = [
        ("SLUICE_RAW_BUCKET", "lake-raw"),
        ("SLUICE_EVIDENCE_BUCKET", "lake-evidence"),
        ("SLUICE_SIGNING_KEY_ARN", "arn:aws:kms:eu-central-1:111122223333:key/k"),
        ("SLUICE_POLICY_KEY", "policy/pipeline.yaml"),
        ("SLUICE_DEFAULT_RETENTION_MODE", "GOVERNANCE"),
        ("SLUICE_BATCH_BUCKET", ""),
    ];

    fn read(more: &[(&str, &str)]) -> Result<Config, ConfigProblems> {
        Config::read(&Environment::from_pairs(NEEDED.iter().chain(more).copied()))
    }

    #[test]
    fn nothing_is_handed_over_unless_bucket_and_role_are_named() {
        assert_eq!(read(&[]).unwrap().handover, None);
        let bucket = ("SLUICE_BATCH_BUCKET", "lake-batch");
        assert!(read(&[bucket]).is_err());
        let handover = read(&[bucket, ("SLUICE_BATCH_ROLE_ARN", "arn:aws:iam::111122223333:role/b")]).unwrap().handover;
        assert_eq!(handover.unwrap().mib_per_second, 64);
    }
}
