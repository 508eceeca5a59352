//! `ListPublicKeys`.

use async_trait::async_trait;
use jiff::Timestamp;
use sluice_common::port::{TrailKeyError, TrailKeys, TrailPublicKey};

use crate::error::Failure;
use crate::time::{date_time_rounded_up, timestamp};

/// CloudTrail's public keys.
#[derive(Debug, Clone)]
pub struct CloudTrailKeys {
    client: aws_sdk_cloudtrail::Client,
}

impl CloudTrailKeys {
    pub(crate) fn new(client: aws_sdk_cloudtrail::Client) -> Self {
        Self { client }
    }
}

#[async_trait]
impl TrailKeys for CloudTrailKeys {
    async fn public_keys(&self, from: Timestamp, to: Timestamp) -> Result<Vec<TrailPublicKey>, TrailKeyError> {
        let mut keys = Vec::new();
        let mut token = None;
        loop {
            let request = self.client.list_public_keys();
            let request = request.start_time(date_time_rounded_up(from)).end_time(date_time_rounded_up(to));
            let answer = request.set_next_token(token.take()).send().await;
            let answer = answer.map_err(|error| TrailKeyError { code: Failure::from(error).code })?;
            let incomplete = || TrailKeyError { code: "IncompleteKey".to_owned() };
            for key in answer.public_key_list() {
                keys.push(TrailPublicKey {
                    der: key.value().ok_or_else(incomplete)?.as_ref().to_vec(),
                    valid_from: key.validity_start_time().and_then(timestamp).ok_or_else(incomplete)?,
                    valid_to: key.validity_end_time().and_then(timestamp).ok_or_else(incomplete)?,
                });
            }
            token = answer.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(keys);
            }
        }
    }
}
