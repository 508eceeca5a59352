//! The pseudonymize function: a version whose verdict lets it through is read once, hashed again on the way, rewritten
//! under its dataset's transforms and published; one whose verdict does not is withheld, and that is stated too.

mod config;
mod curated;
mod dropping;
mod error;
mod measure;
mod publish;
mod rewrite;
mod risk_gate;
mod risk_page;
mod subjects;
mod table;
mod table_lists;
mod texts;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use sluice_aws::Aws;
use sluice_common::port::{Catalog, DataKeys, Deadline, SystemClock, TextEntities};
use sluice_common::runner::{Done, Runner};
use sluice_common::{BucketName, ObjectVersion};
use sluice_evidence::Stage as StageName;
use sluice_evidence::predicate::Outcome;
use sluice_privacy::keyring::Keyring;
use sluice_stage::context::Ports;
use sluice_stage::{About, Context, Frame, OnStatement, Work};

pub use config::Config;
pub use error::PublishError;

use publish::Settled;

/// Publishes or withholds the versions whose verdicts events name.
pub struct PseudonymizeFunction {
    frame: Frame,
    keyring: Keyring,
    catalog: Arc<dyn Catalog>,
    text_entities: Option<Arc<dyn TextEntities>>,
    catalog_database: String,
    curated_bucket: BucketName,
}

impl fmt::Debug for PseudonymizeFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PseudonymizeFunction").field("frame", &self.frame).finish_non_exhaustive()
    }
}

/// The function on AWS.
pub fn connect(config: Config, aws: &Aws) -> Runner<OnStatement<PseudonymizeFunction>> {
    let stage = &config.stage;
    let (signer, metrics) = (aws.signer(&stage.signing.key_arn), aws.metrics(&stage.metrics_namespace));
    let ports = Ports::new(&Arc::new(aws.objects()), Arc::new(signer), Arc::new(metrics));
    let data_keys = Arc::new(aws.data_keys(&config.pseudonym_key_arn));
    let namespace = stage.metrics_namespace.clone();
    let function = PseudonymizeFunction::new(config, ports, data_keys, Arc::new(aws.catalog()));
    let function = function.asking(Arc::new(aws.text_entities()));
    Runner::new("pseudonymize", OnStatement(function), Arc::new(SystemClock), namespace)
}

impl PseudonymizeFunction {
    /// The function on any ports.
    pub fn new(config: Config, ports: Ports, data_keys: Arc<dyn DataKeys>, catalog: Arc<dyn Catalog>) -> Self {
        let (reader, writer, versions) =
            (Arc::clone(&ports.reader), Arc::clone(&ports.writer), Arc::clone(&ports.versions));
        Self {
            frame: Frame::new(StageName::Pseudonymize, config.stage, ports),
            keyring: Keyring::new(config.vault_bucket, reader, writer, versions, data_keys),
            catalog,
            text_entities: None,
            catalog_database: config.catalog_database,
            curated_bucket: config.curated_bucket,
        }
    }

    /// The same, with a service to ask about texts where the policy wants it.
    #[must_use]
    pub fn asking(mut self, text_entities: Arc<dyn TextEntities>) -> Self {
        self.text_entities = Some(text_entities);
        self
    }
}

#[async_trait]
impl Work for PseudonymizeFunction {
    type Error = PublishError;

    fn context(&self) -> &Context {
        &self.frame.context
    }

    async fn work(&self, at: &ObjectVersion, about: &mut About, _deadline: Deadline) -> Result<Done, PublishError> {
        let Settled { statement, bytes_read } = self.publish(at, about).await?;
        let stated = statement.kept().statement().predicate();
        let outcome = match stated.outcome {
            Outcome::Published => "published",
            Outcome::Withheld { .. } => "withheld",
        };
        Ok(Done::new(outcome, bytes_read).with_rows(stated.stats.rows_read))
    }
}
