//! The release function's binary: configuration, clients, then requests.

use release::{Config, connect, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let (config, aws) = sluice_aws::start(Config::read).await?;
    Box::pin(serve(connect(config, &aws))).await
}
