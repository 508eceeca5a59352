use std::fmt;

use sluice_common::port::StoreError;

/// An error answer of S3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The error's code.
    pub code: &'static str,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, self.code)
    }
}

impl std::error::Error for Refusal {}

macro_rules! refusals {
    ($($name:ident = $status:literal $code:literal;)*) => {
        #[allow(missing_docs)] // the codes are S3's
        impl Refusal { $(pub const $name: Self = Self { status: $status, code: $code };)* }
    };
}

refusals! {
    ACCESS_DENIED = 403 "AccessDenied";
    BAD_DIGEST = 400 "BadDigest";
    BUCKET_ALREADY_OWNED = 409 "BucketAlreadyOwnedByYou";
    CONDITIONAL_CONFLICT = 409 "ConditionalRequestConflict";
    INVALID_ARGUMENT = 400 "InvalidArgument";
    INVALID_BUCKET_STATE = 409 "InvalidBucketState";
    INVALID_REQUEST = 400 "InvalidRequest";
    MALFORMED_XML = 400 "MalformedXML";
    METADATA_TOO_LARGE = 400 "MetadataTooLarge";
    METHOD_NOT_ALLOWED = 405 "MethodNotAllowed";
    NO_SUCH_BUCKET = 404 "NoSuchBucket";
    NO_SUCH_KEY = 404 "NoSuchKey";
    NO_SUCH_LOCK_CONFIGURATION = 404 "NoSuchObjectLockConfiguration";
    NO_SUCH_UPLOAD = 404 "NoSuchUpload";
    NO_SUCH_VERSION = 404 "NoSuchVersion";
    PRECONDITION_FAILED = 412 "PreconditionFailed";
}

impl Refusal {
    /// The port's error for this answer, as `sluice-aws` maps it.
    pub fn of(self, operation: &'static str) -> StoreError {
        match self {
            // A delete marker answers 405 when it is read by its version id.
            Self { status: 404 | 405, .. } => StoreError::NotFound { operation },
            Self { status: 403, .. } => StoreError::Denied { operation },
            Self { status: 412, .. } => StoreError::Exists { operation },
            Self::CONDITIONAL_CONFLICT => StoreError::Conflict { operation },
            Self { code, .. } => StoreError::Other { operation, code: code.into(), source: None },
        }
    }
}
