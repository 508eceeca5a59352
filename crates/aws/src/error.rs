//! What went wrong, told by the error's code and the HTTP status. Messages are dropped: they may quote a key.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
#[cfg(feature = "comprehend")]
use sluice_common::port::TextEntitiesError;
use sluice_common::port::{CatalogError, KeyError, MetricsError, QueueError, StoreError};

/// A failed call, without the words of the service.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The service's code, or one of ours for what never reached it.
    pub code: String,
    status: Option<u16>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// An answer that says no.
#[derive(Debug, thiserror::Error)]
#[error("{code}, HTTP status {status}, request id {request_id}")]
struct ErrorAnswer {
    code: String,
    status: u16,
    request_id: String,
}

const THROTTLING_CODES: [&str; 9] = [
    "BandwidthLimitExceeded",
    "LimitExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
];

impl<E> From<SdkError<E, HttpResponse>> for Failure
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    fn from(error: SdkError<E, HttpResponse>) -> Self {
        let ours = |code: &str| code.to_owned();
        match &error {
            SdkError::ServiceError(context) => Self::answered(context.err().code(), context.raw()),
            SdkError::ResponseError(context) => Self::answered(Some("UnreadableAnswer"), context.raw()),
            // Its source may quote an argument.
            SdkError::ConstructionFailure(_) => Self { code: ours("InvalidArguments"), status: None, source: None },
            SdkError::TimeoutError(_) => Self::unanswered("Timeout", error),
            SdkError::DispatchFailure(failure) if failure.is_timeout() => Self::unanswered("Timeout", error),
            SdkError::DispatchFailure(_) => Self::unanswered("NoConnection", error),
            _ => Self { code: ours("Unknown"), status: None, source: None },
        }
    }
}

impl Failure {
    fn answered(code: Option<&str>, answer: &HttpResponse) -> Self {
        let status = answer.status().as_u16();
        // Answers to HEAD have no body and so no code.
        let code = code.map_or_else(|| format!("HTTP{status}"), str::to_owned);
        let headers = answer.headers();
        let request_id = headers.get("x-amz-request-id").or_else(|| headers.get("x-amzn-requestid"));
        let request_id = request_id.unwrap_or("unknown").to_owned();
        let source = ErrorAnswer { code: code.clone(), status, request_id };
        Self { code, status: Some(status), source: Some(Box::new(source)) }
    }

    fn unanswered<E>(code: &str, error: SdkError<E, HttpResponse>) -> Self
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        Self { code: code.to_owned(), status: None, source: error.into_source().ok() }
    }

    fn is_throttling(&self) -> bool {
        self.status == Some(429) || THROTTLING_CODES.contains(&self.code.as_str())
    }

    /// As an error of S3.
    pub(crate) fn store(self, operation: &'static str) -> StoreError {
        match (self.status, self.code.as_str()) {
            (Some(503), _) => StoreError::Throttled { operation },
            _ if self.is_throttling() => StoreError::Throttled { operation },
            // 405 answers a read of a delete marker by its version id: there is no such object.
            (Some(404 | 405), _) => StoreError::NotFound { operation },
            (Some(403), _) => StoreError::Denied { operation },
            (Some(412), _) => StoreError::Exists { operation },
            (Some(409), "ConditionalRequestConflict" | "OperationAborted") => StoreError::Conflict { operation },
            _ => StoreError::Other { operation, code: self.code, source: self.source },
        }
    }

    /// As an error of KMS.
    pub(crate) fn key(self, operation: &'static str) -> KeyError {
        match self.code.as_str() {
            "AccessDeniedException" => KeyError::Denied { operation },
            "InvalidCiphertextException" | "IncorrectKeyException" => KeyError::InvalidCiphertext { operation },
            "DisabledException"
            | "InvalidKeyUsageException"
            | "KMSInvalidStateException"
            | "KeyUnavailableException"
            | "NotFoundException" => KeyError::Unusable { operation, code: self.code },
            _ if self.is_throttling() => KeyError::Throttled { operation },
            _ => KeyError::Other { operation, code: self.code, source: self.source },
        }
    }

    /// As an error of Glue about a database, a table or a ruleset.
    pub(crate) fn catalog(self, operation: &'static str, what: &str) -> CatalogError {
        match self.code.as_str() {
            "EntityNotFoundException" => CatalogError::NotFound { operation, what: what.to_owned() },
            "AccessDeniedException" => CatalogError::Denied { operation },
            _ => CatalogError::Other { operation, code: self.code, source: self.source },
        }
    }

    /// As an error of Comprehend.
    #[cfg(feature = "comprehend")]
    pub(crate) fn text_entities(self) -> TextEntitiesError {
        match self.code.as_str() {
            "AccessDeniedException" => TextEntitiesError::Denied,
            _ if self.is_throttling() => TextEntitiesError::Throttled,
            _ => TextEntitiesError::Other { code: self.code, source: self.source },
        }
    }

    /// As an error of CloudWatch.
    pub(crate) fn metrics(self) -> MetricsError {
        MetricsError { code: self.code, source: self.source }
    }

    /// As an error of SQS.
    pub(crate) fn queue(self) -> QueueError {
        QueueError { code: self.code, source: self.source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(status: u16, code: &str) -> Failure {
        Failure { code: code.to_owned(), status: Some(status), source: None }
    }

    #[test]
    fn s3_answers_by_status_and_code() {
        let operation = "PutObject";
        for (status, code, expected) in [
            (404, "NoSuchKey", "object_not_found"),
            (404, "HTTP404", "object_not_found"),
            (405, "MethodNotAllowed", "object_not_found"),
            (412, "PreconditionFailed", "key_taken"),
            (409, "ConditionalRequestConflict", "concurrent_write"),
            (409, "InvalidBucketState", "store_failed"),
            (403, "AccessDenied", "access_denied"),
            (403, "HTTP403", "access_denied"),
            (503, "SlowDown", "throttled"),
            (429, "TooManyRequests", "throttled"),
            (400, "ThrottlingException", "throttled"),
            (500, "InternalError", "store_failed"),
            (400, "InvalidArgument", "store_failed"),
        ] {
            let error = failure(status, code).store(operation);
            assert_eq!(sluice_common::Dispose::reason(&error), expected, "{status} {code}");
        }
    }

    #[test]
    fn kms_answers_by_code() {
        for (code, expected) in [
            ("AccessDeniedException", "key_access_denied"),
            ("InvalidCiphertextException", "wrapped_key_altered"),
            ("IncorrectKeyException", "wrapped_key_altered"),
            ("DisabledException", "key_unusable"),
            ("KMSInvalidStateException", "key_unusable"),
            ("ThrottlingException", "key_throttled"),
            ("KMSInternalException", "key_failed"),
        ] {
            assert_eq!(sluice_common::Dispose::reason(&failure(400, code).key("Sign")), expected, "{code}");
        }
    }
}
