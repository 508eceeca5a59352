use async_trait::async_trait;

use crate::disposition::{Dispose, Disposition};
use crate::policy::TextLanguage;

/// The most bytes of UTF-8 that one call takes ("Guidelines and quotas", Amazon Comprehend: 100 KB).
pub const MAX_TEXT_BYTES: usize = 100_000;

/// A piece of personal data in a text, as a service found it.
#[derive(Debug, Clone, PartialEq)]
pub struct TextEntity {
    /// The service's name of its kind, such as `NAME`.
    pub kind: String,
    /// How sure it is, 0 to 1.
    pub score: f64,
    /// Where it begins: code points from the text's start, not bytes.
    pub begin: usize,
    /// Where it ends, exclusive.
    pub end: usize,
}

/// Finds names, addresses and the like in free text by a model that is not ours: Amazon Comprehend's `DetectPiiEntities`. What it
/// answers may change with its model, so answers are kept, and the kept ones count.
#[async_trait]
pub trait TextEntities: Send + Sync {
    /// The entities of a text of at most [`MAX_TEXT_BYTES`].
    async fn detect(&self, text: &str, language: TextLanguage) -> Result<Vec<TextEntity>, TextEntitiesError>;
}

/// What can go wrong. Nothing was told of the text then, so nothing of it may be published. No message quotes the text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TextEntitiesError {
    /// The role may not.
    #[error(
        "comprehend:DetectPiiEntities: access denied; set the template's parameter Comprehend to on, or take `comprehend` out of \
         the policy"
    )]
    Denied,
    /// The service asks for less.
    #[error("comprehend:DetectPiiEntities: throttled; lower the function's concurrency, or raise the quota")]
    Throttled,
    /// Anything else: the network, a refusal, an answer that we do not understand.
    #[error("comprehend:DetectPiiEntities: {code}")]
    Other {
        /// The error's code, never its message.
        code: String,
        /// The cause.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}

impl Dispose for TextEntitiesError {
    fn disposition(&self) -> Disposition {
        Disposition::Retry
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Denied => "comprehend_denied",
            Self::Throttled => "comprehend_throttled",
            Self::Other { .. } => "comprehend_failed",
        }
    }
}
