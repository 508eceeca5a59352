use async_trait::async_trait;

/// Puts messages into one queue: SQS `SendMessage`.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Sends a body.
    async fn send(&self, body: String) -> Result<(), QueueError>;
}

/// A message could not be sent.
#[derive(Debug, thiserror::Error)]
#[error("SendMessage: {code}")]
pub struct QueueError {
    /// The error's code.
    pub code: String,
    /// The cause.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}
