//! The pseudonymize function: a version whose verdict lets it through is read once, hashed again on the way, rewritten
//! under its dataset's transforms and published; one whose verdict does not is withheld, and that is stated too.

mod config;
mod curated;
mod error;
mod publish;
mod rewrite;
mod table;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use sluice_aws::Aws;
use sluice_common::event::{Item, UnversionedItem};
use sluice_common::port::{Catalog, DataKeys, Deadline, SystemClock};
use sluice_common::runner::{Done, Runner, Stage};
use sluice_common::{BucketName, Disposition, ObjectPath, ObjectVersion};
use sluice_evidence::Stage as StageName;
use sluice_evidence::predicate::Outcome;
use sluice_privacy::keyring::Keyring;
use sluice_stage::arrival::resolve;
use sluice_stage::context::Ports;
use sluice_stage::failure::{settle, settle_unresolved};
use sluice_stage::{About, Context, Failure, PolicySource, StageError};

pub use config::Config;
pub use error::PublishError;

use publish::Settled;

/// Publishes or withholds the versions whose verdicts events name.
pub struct PseudonymizeFunction {
    context: Context,
    policy: PolicySource,
    keyring: Keyring,
    catalog: Arc<dyn Catalog>,
    catalog_database: String,
    raw_bucket: BucketName,
    curated_bucket: BucketName,
}

impl fmt::Debug for PseudonymizeFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PseudonymizeFunction").field("raw_bucket", &self.raw_bucket).finish_non_exhaustive()
    }
}

/// The function on AWS.
pub fn connect(config: Config, aws: &Aws) -> Runner<PseudonymizeFunction> {
    let objects = Arc::new(aws.objects());
    let ports = Ports {
        reader: Arc::clone(&objects) as _,
        writer: Arc::clone(&objects) as _,
        versions: objects,
        signer: Arc::new(aws.signer(&config.signing_key_arn)),
        metrics: Arc::new(aws.metrics(&config.metrics_namespace)),
    };
    let data_keys = Arc::new(aws.data_keys(&config.pseudonym_key_arn));
    let namespace = config.metrics_namespace.clone();
    let function = PseudonymizeFunction::new(config, ports, data_keys, Arc::new(aws.catalog()));
    Runner::new("pseudonymize", function, Arc::new(SystemClock), namespace)
}

impl PseudonymizeFunction {
    /// The function on any ports.
    pub fn new(config: Config, ports: Ports, data_keys: Arc<dyn DataKeys>, catalog: Arc<dyn Catalog>) -> Self {
        let policy_path = ObjectPath { bucket: config.evidence_bucket.clone(), key: config.policy_key };
        let (reader, writer, versions) =
            (Arc::clone(&ports.reader), Arc::clone(&ports.writer), Arc::clone(&ports.versions));
        Self {
            policy: PolicySource::new(Arc::clone(&ports.reader), policy_path),
            context: Context::new(StageName::Pseudonymize, config.evidence_bucket, ports),
            keyring: Keyring::new(config.vault_bucket, reader, writer, versions, data_keys),
            catalog,
            catalog_database: config.catalog_database,
            raw_bucket: config.raw_bucket,
            curated_bucket: config.curated_bucket,
        }
    }
}

#[async_trait]
impl Stage for PseudonymizeFunction {
    type Error = StageError<PublishError>;

    async fn handle(&self, item: &Item, _deadline: Deadline) -> Result<Done, Self::Error> {
        let mut about = About::named_by_event(&item.object);
        match self.publish(&item.object, &mut about).await {
            Ok(Settled { statement, bytes_read }) => {
                let stated = statement.kept().statement().predicate();
                let outcome = match stated.outcome {
                    Outcome::Published => "published",
                    Outcome::Withheld { .. } => "withheld",
                };
                Ok(Done::new(outcome, bytes_read).with_rows(stated.stats.rows_read))
            }
            Err(error) => Err(Failure::new(about, error).into()),
        }
    }

    async fn resolve(&self, path: &ObjectPath) -> Result<Option<ObjectVersion>, Self::Error> {
        resolve(&self.context, path).await
    }

    async fn settle(&self, _item: &Item, error: &Self::Error, _disposition: Disposition) -> Result<(), Self::Error> {
        settle(&self.context, error).await
    }

    async fn settle_unversioned(&self, _item: &UnversionedItem, error: &Self::Error) -> Result<bool, Self::Error> {
        settle_unresolved(&self.context, error).await
    }
}
