//! Amazon Comprehend: personal data in free text, by a model.

use async_trait::async_trait;
use aws_sdk_comprehend::types::{LanguageCode, PiiEntity};
use sluice_common::policy::TextLanguage;
use sluice_common::port::{TextEntities, TextEntitiesError, TextEntity};

use crate::error::Failure;

/// `DetectPiiEntities`.
#[derive(Debug, Clone)]
pub struct ComprehendEntities {
    client: aws_sdk_comprehend::Client,
}

impl ComprehendEntities {
    pub(crate) fn new(client: aws_sdk_comprehend::Client) -> Self {
        Self { client }
    }
}

#[async_trait]
impl TextEntities for ComprehendEntities {
    async fn detect(&self, text: &str, language: TextLanguage) -> Result<Vec<TextEntity>, TextEntitiesError> {
        let language = match language {
            TextLanguage::English => LanguageCode::En,
            TextLanguage::Spanish => LanguageCode::Es,
        };
        let call = self.client.detect_pii_entities().text(text).language_code(language);
        let answer = call.send().await.map_err(|error| Failure::from(error).text_entities())?;
        // Without the list nothing was told of the text: that is not the same as an empty one.
        let found = answer.entities.ok_or_else(incomplete)?;
        found.iter().map(|entity| read(entity).ok_or_else(incomplete)).collect()
    }
}

/// Every field must be there: a span without its end must not count as none.
fn read(entity: &PiiEntity) -> Option<TextEntity> {
    let offset = |offset: Option<i32>| usize::try_from(offset?).ok();
    let (begin, end) = (offset(entity.begin_offset)?, offset(entity.end_offset)?);
    let kind = entity.r#type.as_ref()?.as_str().to_owned();
    let score = f64::from(entity.score?);
    (begin < end).then_some(TextEntity { kind, score, begin, end })
}

fn incomplete() -> TextEntitiesError {
    TextEntitiesError::Other { code: "IncompleteAnswer".to_owned(), source: None }
}

#[cfg(test)]
mod tests {
    use sluice_common::{Dispose as _, Disposition};

    use super::*;
    use crate::replay::{Answer, Replay};

    /// As in the API reference's example of `DetectPiiEntities`, with an offset behind a character outside the BMP.
    const ANSWER: &str = r#"{"Entities":[
        {"Score":0.9996,"Type":"NAME","BeginOffset":2,"EndOffset":5},
        {"Score":0.87,"Type":"ADDRESS","BeginOffset":9,"EndOffset":21}]}"#;

    #[tokio::test]
    async fn asks_and_reads_as_the_service_speaks() {
        let replay = Replay::new([Answer::new(200, ANSWER).header("content-type", "application/x-amz-json-1.1")]);
        let found = replay
            .aws()
            .text_entities()
            .detect("\u{1F600} Zoë at 1 Main St, Ulm", TextLanguage::English)
            .await
            .unwrap();
        let spans: Vec<_> = found.iter().map(|one| (one.kind.as_str(), one.begin, one.end)).collect();
        assert_eq!(spans, [("NAME", 2, 5), ("ADDRESS", 9, 21)]);
        assert!((found[0].score - 0.9996).abs() < 1e-6);
        let sent = replay.sent();
        assert_eq!(sent[0].header("x-amz-target"), Some("Comprehend_20171127.DetectPiiEntities"));
        assert_eq!(sent[0].json()["LanguageCode"], "en");
        assert_eq!(sent[0].json()["Text"], "\u{1F600} Zoë at 1 Main St, Ulm");
        assert!(sent[0].uri.contains("comprehend.us-east-1"), "{}", sent[0].uri);
    }

    #[tokio::test]
    async fn refusals_are_told_apart_and_never_mean_nothing_found() {
        let answer = |status, code: &str| Answer::new(status, format!(r#"{{"__type":"{code}"}}"#));
        for (answers, reason) in [
            (vec![answer(400, "AccessDeniedException")], "comprehend_denied"),
            (vec![answer(400, "ThrottlingException"); 3], "comprehend_throttled"),
            (vec![answer(400, "TooManyRequestsException"); 3], "comprehend_throttled"),
            (vec![answer(400, "TextSizeLimitExceededException")], "comprehend_failed"),
            (vec![answer(500, "InternalServerException"); 3], "comprehend_failed"),
            (vec![Answer::new(200, "{}")], "comprehend_failed"),
            (
                vec![Answer::new(200, r#"{"Entities":[{"Score":1,"Type":"NAME","BeginOffset":3}]}"#)],
                "comprehend_failed",
            ),
            (
                vec![Answer::new(200, r#"{"Entities":[{"Score":1,"Type":"NAME","BeginOffset":-1,"EndOffset":2}]}"#)],
                "comprehend_failed",
            ),
        ] {
            let replay = Replay::new(answers);
            let error = replay.aws().text_entities().detect("Ada", TextLanguage::Spanish).await.unwrap_err();
            assert_eq!((error.reason(), error.disposition()), (reason, Disposition::Retry));
        }
    }
}
