use std::str::FromStr;

use sluice_common::BucketName;
use sluice_common::config::{ConfigProblems, Environment};
use sluice_stage::Signing;
use sluice_tlog::{KeyError, VerifierKey};

/// What the template tells this function.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where statements and the log are kept.
    pub evidence_bucket: BucketName,
    /// By which keys statements are believed.
    pub signing: Signing,
    /// ARN of the key that signs checkpoints.
    pub checkpoint_key_arn: String,
    /// The log's name, which stands in every checkpoint.
    pub log_origin: String,
    /// Checkpoint keys of before, whose checkpoints the log still rests on.
    pub retired_checkpoint_keys: Vec<VerifierKey>,
    /// A bucket out of the operator's reach that receives every checkpoint.
    pub anchor_bucket: Option<BucketName>,
    /// CloudWatch namespace.
    pub metrics_namespace: String,
}

/// Verifier keys with commas between; none in an empty text.
#[derive(Default)]
struct CheckpointKeys(Vec<VerifierKey>);

impl FromStr for CheckpointKeys {
    type Err = KeyError;
    fn from_str(text: &str) -> Result<Self, KeyError> {
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        items.map(VerifierKey::parse).collect::<Result<_, _>>().map(Self)
    }
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    /// Every problem at once.
    pub fn read(environment: &Environment) -> Result<Self, ConfigProblems> {
        let mut variables = environment.reader();
        let evidence_bucket = variables.required("SLUICE_EVIDENCE_BUCKET");
        let signing = Signing::part(&mut variables);
        let checkpoint_key_arn = variables.required("SLUICE_CHECKPOINT_KEY_ARN");
        let log_origin = variables.required("SLUICE_LOG_ORIGIN");
        let checkpoint = variables.or_default("SLUICE_RETIRED_CHECKPOINT_KEYS", CheckpointKeys::default());
        let anchor_bucket = variables.optional("SLUICE_ANCHOR_BUCKET");
        let metrics_namespace = variables.or_default("SLUICE_METRICS_NAMESPACE", "Sluice".to_owned());
        variables.finish(|| {
            Some(Self {
                evidence_bucket: evidence_bucket?,
                signing: signing?,
                checkpoint_key_arn: checkpoint_key_arn?,
                log_origin: log_origin?,
                retired_checkpoint_keys: checkpoint?.0,
                anchor_bucket: anchor_bucket?,
                metrics_namespace: metrics_namespace?,
            })
        })
    }
}
