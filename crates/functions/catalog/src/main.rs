//! The catalog function's binary: configuration, clients, then schedules.

use catalog::{Config, connect, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let (config, aws) = sluice_aws::start(Config::read).await?;
    serve(connect(config, &aws)).await
}
