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
        let default_retention = || Some(RetentionSpec { mode: mode?, days: days? });
        variables.finish(|| Some(Self { stage: stage?, default_retention: default_retention()? }))
    }
}
