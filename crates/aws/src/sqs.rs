//! `SendMessage`.

use async_trait::async_trait;
use sluice_common::port::{Queue, QueueError};

use crate::error::Failure;

/// One SQS queue.
#[derive(Debug, Clone)]
pub struct SqsQueue {
    client: aws_sdk_sqs::Client,
    url: String,
}

impl SqsQueue {
    pub(crate) fn new(client: aws_sdk_sqs::Client, url: String) -> Self {
        Self { client, url }
    }
}

#[async_trait]
impl Queue for SqsQueue {
    async fn send(&self, body: String) -> Result<(), QueueError> {
        let request = self.client.send_message().queue_url(self.url.as_str()).message_body(body);
        request.send().await.map(|_answer| ()).map_err(|error| Failure::from(error).queue())
    }
}
