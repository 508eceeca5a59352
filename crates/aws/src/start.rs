use std::error::Error;

use sluice_common::config::{ConfigProblems, Environment};
use sluice_common::telemetry;

use crate::Aws;

/// How a function's binary begins: logs, configuration, clients. Nothing is called before the first event needs it.
///
/// # Errors
/// Every problem of the configuration at once, or what keeps the clients from being made.
pub async fn start<C>(
    read: impl FnOnce(&Environment) -> Result<C, ConfigProblems>,
) -> Result<(C, Aws), Box<dyn Error + Send + Sync>> {
    let environment = Environment::from_process();
    telemetry::init(&environment);
    let config = read(&environment)?;
    let aws = Aws::connect(|name| environment.get(name).map(str::to_owned)).await?;
    Ok((config, aws))
}
