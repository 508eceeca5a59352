//! The binary of the quality function with an SQL engine: configuration, clients, then events.

use quality_sql::connect;
use sluice_stage::StageConfig;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let (config, aws) = sluice_aws::start(StageConfig::read).await?;
    sluice_stage::lambda::serve(connect(config, &aws)).await
}
