//! The quality function's binary: configuration, clients, then events.

use quality::{FunctionConfig, connect};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let (config, aws) = sluice_aws::start(FunctionConfig::read).await?;
    sluice_stage::lambda::serve(connect(config, &aws)).await
}
