//! The audit function's binary: configuration, clients, then messages and schedules.

use audit::{Config, connect, serve};
use sluice_aws::Aws;
use sluice_common::config::Environment;
use sluice_common::telemetry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let environment = Environment::from_process();
    telemetry::init(&environment);
    let config = Config::read(&environment)?;
    let aws = Aws::connect(|name| environment.get(name).map(str::to_owned)).await?;
    Box::pin(serve(connect(config, &aws))).await
}
