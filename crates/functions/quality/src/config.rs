use sluice_common::config::{ConfigProblems, Environment};
use sluice_stage::StageConfig;

/// What the template tells the quality function.
#[derive(Debug, Clone)]
pub struct FunctionConfig {
    /// What it tells every stage.
    pub stage: StageConfig,
    /// The queue of the function that has an SQL engine, when it is deployed.
    pub sql_queue_url: Option<String>,
}

impl FunctionConfig {
    /// Reads the environment.
    ///
    /// # Errors
    /// Every problem at once.
    pub fn read(environment: &Environment) -> Result<Self, ConfigProblems> {
        let mut variables = environment.reader();
        let stage = StageConfig::part(&mut variables);
        let sql_queue_url = variables.optional("SLUICE_SQL_QUEUE_URL");
        variables.finish(|| Some(Self { stage: stage?, sql_queue_url: sql_queue_url? }))
    }
}
