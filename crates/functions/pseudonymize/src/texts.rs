//! What Amazon Comprehend answered about an object's texts: asked once, kept write-once, and named by the statement. A replay takes
//! what is kept, so that the same event gives the same statement although the service's model changes.

use std::sync::Arc;

use bytes::Bytes;
use sluice_common::policy::Dataset;
use sluice_common::port::{StoreError, UserMetadata};
use sluice_common::{ObjectKey, ObjectPath, Sha256Digest};
use sluice_evidence::EvidenceError;
use sluice_evidence::predicate::TextDetection;
use sluice_privacy::pseudonymize::{PseudonymizeError, TextAnswers, TextService, Waiter, asks_service};
use sluice_stage::FrameError;
use sluice_stage::policy::read_capped;
use tokio::runtime::Handle;

use crate::PseudonymizeFunction;
use crate::error::PublishError;
use crate::publish::{Cleared, ENGINE};

/// A service to ask, and where its answers are kept.
#[derive(Clone)]
pub(crate) struct Texts {
    pub(crate) service: TextService,
    path: ObjectPath,
}

impl PseudonymizeFunction {
    /// Where the policy asks about texts: whom, with what was answered before.
    pub(crate) async fn texts(&self, cleared: &Cleared, dataset: &Dataset) -> Result<Option<Texts>, PublishError> {
        if !asks_service(&dataset.privacy) {
            return Ok(None);
        }
        let port = self.text_entities.clone().ok_or(PseudonymizeError::TextServiceNeeded)?;
        let path = self.answers_path(cleared, dataset)?;
        let kept = match self.kept_answers(&path).await? {
            Some(json) => Some(TextAnswers::from_json(&json).map_err(|_format| PseudonymizeError::AnswersOfOthers)?),
            None => None,
        };
        let runtime = Handle::current();
        let wait: Waiter = Arc::new(move |future| runtime.block_on(future));
        Ok(Some(Texts { service: TextService::new(port, wait, kept), path }))
    }

    /// Keeps what was answered, before anything that follows from it is visible.
    pub(crate) async fn keep_answers(&self, texts: &Texts) -> Result<TextDetection, PublishError> {
        let answers = texts.service.answers();
        let json = answers.to_json().map_err(|_never| PseudonymizeError::AnswersOfOthers)?;
        let answers_sha256 = Sha256Digest::of(&json);
        let writer = self.frame.ports().writer.as_ref();
        match writer.put_new(&texts.path, Bytes::from(json.clone()), &UserMetadata::new()).await {
            Ok(_version) => {}
            Err(StoreError::Exists { .. }) => {
                // This attempt's own, or those of one that was faster: then its answers count, and this one begins again.
                if self.kept_answers(&texts.path).await?.as_ref() != Some(&json) {
                    return Err(PublishError::OtherAnswersKept);
                }
            }
            Err(error) => return Err(unreadable(error).into()),
        }
        Ok(TextDetection { service: "comprehend".to_owned(), units: answers.units(), answers_sha256 })
    }

    async fn kept_answers(&self, path: &ObjectPath) -> Result<Option<Vec<u8>>, PublishError> {
        let reader = self.frame.ports().reader.as_ref();
        let at = match reader.current(path).await {
            Ok(at) => at,
            Err(StoreError::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(unreadable(error).into()),
        };
        Ok(Some(read_capped(reader, &at, TextAnswers::MAX_BYTES).await.map_err(unreadable)?))
    }

    /// `report/text/<2 digits>/<version>/<configuration and engine>.json` of the evidence bucket.
    fn answers_path(&self, cleared: &Cleared, dataset: &Dataset) -> Result<ObjectPath, PublishError> {
        let id = cleared.version.id().to_string();
        let head: String = id.chars().take(2).collect();
        let run = Sha256Digest::of(format!("{}\n{ENGINE}", dataset.privacy_digest()).as_bytes());
        let key = ObjectKey::new(format!("report/text/{head}/{id}/{run}.json"));
        let key = key.map_err(|_never_too_long| PseudonymizeError::AnswersOfOthers)?;
        Ok(ObjectPath { bucket: self.frame.context.evidence_bucket().clone(), key })
    }
}

fn unreadable(error: StoreError) -> FrameError {
    FrameError::from(EvidenceError::Store(error))
}
