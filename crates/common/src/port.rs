//! What the functions need from the outside, as traits as narrow as their uses.
//!
//! `crates/aws` implements them on the AWS SDK, `crates/testkit` in memory with faults on demand. They are object-safe:
//! a boxed future a network call costs nothing beside the call, and `Arc<dyn …>` keeps every signature readable.

mod catalog;
mod checksum_jobs;
mod clock;
mod erase;
mod key_posture;
mod keys;
mod metrics;
mod posture;
mod quality_runs;
mod queue;
mod range;
mod retention;
mod store;
mod table_catalog;
mod text_entities;
mod trail;
mod trail_posture;
mod versions;

pub use catalog::{
    Catalog, CatalogError, CatalogTable, ColumnStatistics, Extent, KnownTable, RulesetSource, StatisticsData,
    TableColumn, TableFormat, TableName, TableStatistics,
};
pub use checksum_jobs::{ChecksumJob, ChecksumJobs};
pub use clock::{Clock, Deadline, SystemClock};
pub use erase::VersionEraser;
pub use key_posture::{KeyInspector, KeyPosture};
pub use keys::{
    DataKey, DataKeys, Ed25519Signature, EncryptionContext, KeyError, MessageSigner, SignatureDer, Signer, SpkiDer,
};
pub use metrics::{Metric, MetricUnit, Metrics, MetricsError};
pub use posture::{
    BucketInspector, BucketPosture, EncryptionSetting, LifecycleRule, LockSetting, Notification, PublicAccessBlock,
    ReplicationRule, VersioningState,
};
pub use quality_runs::{QualityRunRequest, QualityRunResult, QualityRunRule, QualityRunStatus, QualityRuns};
pub use queue::{Queue, QueueError};
pub use range::{ParallelReader, RangeReader};
pub use retention::{LegalHold, ObjectLock, Retention, RetentionMode, RetentionModeError};
pub use store::{
    ByteStream, Encryption, ObjectBody, ObjectFacts, ObjectPart, ObjectReader, ObjectWriter, StoreError, UserMetadata,
    WriteOnceUpload,
};
pub use table_catalog::{StorageFormat, TableCatalog, TablePlace, TableStorage};
pub use text_entities::{MAX_TEXT_BYTES, TextEntities, TextEntitiesError, TextEntity};
pub use trail::{TrailKeyError, TrailKeys, TrailPublicKey};
pub use trail_posture::{TrailInspector, TrailPosture, TrailSettingsError};
pub use versions::{ListCursor, VersionEntry, VersionLister, VersionPage};
