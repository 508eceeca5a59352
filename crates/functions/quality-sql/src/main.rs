//! The binary of the quality function with an SQL engine: configuration, clients, then events.

use quality_sql::{connect, read};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let ((config, memory_mib), aws) = sluice_aws::start(read).await?;
    sluice_stage::lambda::serve(connect(config, memory_mib, &aws)).await
}
