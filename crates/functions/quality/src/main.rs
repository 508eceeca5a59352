//! The quality function's binary: configuration, clients, then events.

use quality::{Config, connect};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let (config, aws) = sluice_aws::start(Config::read).await?;
    sluice_stage::lambda::serve(connect(config, &aws)).await
}
