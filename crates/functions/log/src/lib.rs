//! The log function: every statement becomes a leaf of the Merkle log. It reads statements, writes below `log/` and signs
//! checkpoints. The only statements that it makes are findings, where the log shows that somebody meddles with it.
//!
//! A batch of messages is one append: one signature, one set of tiles. A message leaves its queue only when its statement
//! has a position under a signed checkpoint.

mod config;
mod error;
mod findings;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt as _, stream};
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::{Value, json};
use sluice_aws::Aws;
use sluice_common::event::{Delivery, Incoming, Message, Part};
use sluice_common::port::{
    Clock, Deadline, MessageSigner, Metrics, ObjectReader, ObjectWriter, Signer, SystemClock, VersionLister,
};
use sluice_common::telemetry::{Counting, Tally};
use sluice_common::{Dispose as _, Disposition, ObjectVersion};
use sluice_evidence::{Archive, Ledger, TrustedKeys};
use sluice_log::{Appender, BucketShelf, Leaf, LogError, LogKeys};
use sluice_stage::lambda;
use sluice_tlog::VerifierKey;
use tokio::sync::OnceCell;

pub use config::Config;
pub use error::LogFunctionError;

use findings::Found;

/// Statements read at once.
const PARALLEL_READS: usize = 16;
/// Kept to write the answer.
const RESERVED_FOR_ANSWER: Duration = Duration::from_secs(2);

/// What the function needs from the outside.
#[derive(Clone)]
pub struct Ports {
    /// Reads statements and the log.
    pub reader: Arc<dyn ObjectReader>,
    /// Writes the log.
    pub writer: Arc<dyn ObjectWriter>,
    /// Looks at the history of write-once keys.
    pub versions: Arc<dyn VersionLister>,
    /// Signs findings, and tells the key that signs statements.
    pub statement_signer: Arc<dyn Signer>,
    /// Signs checkpoints.
    pub checkpoint_signer: Arc<dyn MessageSigner>,
    /// Publishes metrics that outlive the log group.
    pub metrics: Arc<dyn Metrics>,
}

impl fmt::Debug for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ports")
    }
}

/// Appends the statements that events name.
pub struct LogFunction {
    config: Config,
    ports: Ports,
    clock: Arc<dyn Clock>,
    opened: OnceCell<Opened>,
}

/// What takes the public keys to have.
struct Opened {
    ledger: Ledger,
    appender: Appender,
}

impl fmt::Debug for LogFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogFunction").field("config", &self.config).finish_non_exhaustive()
    }
}

/// The function on AWS.
pub fn connect(config: Config, aws: &Aws) -> LogFunction {
    let objects = Arc::new(aws.objects());
    let ports = Ports {
        reader: Arc::clone(&objects) as _,
        writer: Arc::clone(&objects) as _,
        versions: objects,
        statement_signer: Arc::new(aws.signer(&config.signing.key_arn)),
        checkpoint_signer: Arc::new(aws.signer(&config.checkpoint_key_arn)),
        metrics: Arc::new(aws.metrics(&config.metrics_namespace)),
    };
    LogFunction::new(config, ports, Arc::new(SystemClock))
}

/// Serves invocations until the sandbox ends.
///
/// # Errors
/// When the Runtime API cannot be reached.
pub async fn serve(function: LogFunction) -> Result<(), lambda_runtime::Error> {
    let function = &function;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        let request_id = event.context.request_id.as_str();
        let work = Box::pin(function.serve(&event.payload, request_id, lambda::deadline(&event)));
        lambda::answer("log", request_id, work).await
    }))
    .await
}

/// A message and what became of it.
struct Fate<'m> {
    message: &'m Message,
    leaves: Vec<Vec<u8>>,
    failed: Option<LogFunctionError>,
}

impl LogFunction {
    /// The function on any ports.
    pub fn new(config: Config, ports: Ports, clock: Arc<dyn Clock>) -> Self {
        Self { config, ports, clock, opened: OnceCell::new() }
    }

    /// Handles an invocation and writes its counters.
    ///
    /// # Errors
    /// When the payload is not understood, or a direct delivery did not succeed.
    pub async fn serve(
        &self,
        payload: &Value,
        request_id: &str,
        deadline: Deadline,
    ) -> Result<Value, LogFunctionError> {
        let counting = Counting::begin(self.clock.as_ref(), &self.config.metrics_namespace, "log", request_id);
        let mut tally = Tally::default();
        let answer = self.answer(payload, deadline, &mut tally).await;
        counting.end(&tally);
        answer
    }

    /// Handles an invocation and counts what it did.
    ///
    /// # Errors
    /// As [`Self::serve`].
    pub async fn answer(
        &self,
        payload: &Value,
        deadline: Deadline,
        tally: &mut Tally,
    ) -> Result<Value, LogFunctionError> {
        let incoming = Incoming::decode(payload)?;
        let time = deadline.left(self.clock.now()).saturating_sub(RESERVED_FOR_ANSWER);
        let mut fates: Vec<Fate<'_>> = incoming.messages.iter().map(Fate::new).collect();
        // Cut off, the append may have happened: the messages come again and find their leaves in place.
        let worked = tokio::time::timeout(time, self.work(&mut fates, tally)).await;
        if worked.is_err() {
            for fate in &mut fates {
                fate.fail(LogFunctionError::OutOfTime);
            }
        }
        for fate in &fates {
            count(fate, tally);
        }
        respond(&incoming.delivery, fates)
    }

    async fn work(&self, fates: &mut [Fate<'_>], tally: &mut Tally) {
        let opened = match self.opened().await {
            Ok(opened) => opened,
            Err(error) => {
                let reason = error.reason();
                tracing::error!(reason, %error, "keys cannot be read");
                return fates.iter_mut().for_each(|fate| fate.fail(LogFunctionError::OutOfTime));
            }
        };
        let loads = fates.iter().map(|fate| leaves_of(opened.ledger.archive(), fate.message));
        let loaded: Vec<_> = stream::iter(loads).buffered(PARALLEL_READS).collect().await;
        for (fate, loaded) in fates.iter_mut().zip(loaded) {
            match loaded {
                Ok(leaves) => fate.leaves = leaves,
                Err(error) => fate.fail(error),
            }
        }
        let leaves: Vec<Vec<u8>> = fates.iter().flat_map(|fate| fate.leaves.iter().cloned()).collect();
        if leaves.is_empty() {
            return;
        }
        match opened.appender.append(&leaves).await {
            Ok(appended) => {
                tally.processed = tally.processed.saturating_add(appended.added);
                tracing::info!(added = appended.added, size = appended.size, "appended");
                let bucket = &self.config.evidence_bucket;
                let void = appended.void_intents.iter().map(|intent| Found::of_void(intent, bucket)).collect();
                self.state(opened, void, tally).await;
            }
            Err(error) => {
                let (reason, alarm) = (error.reason(), error.disposition() == Disposition::Alarm);
                tracing::error!(reason, alarm, %error, "nothing was appended");
                tally.alarms = tally.alarms.saturating_add(u64::from(alarm));
                let (bucket, anchor) = (&self.config.evidence_bucket, self.config.anchor_bucket.as_ref());
                let found = Found::of_error(&error, bucket, anchor);
                self.state(opened, found.into_iter().collect(), tally).await;
                for fate in fates.iter_mut().filter(|fate| !fate.leaves.is_empty()) {
                    fate.fail(LogFunctionError::Log(LogError::Busy(0)));
                }
            }
        }
    }

    /// Signs findings. One that cannot be signed is an alarm all the same.
    async fn state(&self, opened: &Opened, found: Vec<Found>, tally: &mut Tally) {
        let rules: Vec<&'static str> = found.iter().map(Found::rule).collect();
        if rules.is_empty() {
            return;
        }
        for (finding, rule) in found.into_iter().zip(&rules) {
            if let Err(error) = finding.sign(&opened.ledger).await {
                tally.alarms = tally.alarms.saturating_add(1);
                tracing::error!(rule, reason = error.reason(), %error, "a finding was not signed");
            }
        }
        Found::count(&rules, self.ports.metrics.as_ref()).await;
    }

    async fn opened(&self) -> Result<&Opened, LogFunctionError> {
        self.opened
            .get_or_try_init(|| async {
                let (config, ports) = (&self.config, &self.ports);
                let current = ports.statement_signer.public_key().await?;
                let keys = TrustedKeys::from_spki_der([&current])?.with_retired(&config.signing.retired)?;
                let bucket = config.evidence_bucket.clone();
                let archive =
                    Archive::new(bucket.clone(), Arc::clone(&ports.reader), Arc::clone(&ports.versions), keys.clone());
                let spki = ports.checkpoint_signer.message_key().await?;
                let key = VerifierKey::from_spki_der(&config.log_origin, &spki.0);
                let key = key.map_err(|_no_key| LogError::WrongKey)?;
                let all = std::iter::once(key).chain(config.retired_checkpoint_keys.iter().cloned()).collect();
                let log_keys = LogKeys::new(all).ok_or(LogError::WrongKey)?;
                let shelf = |bucket| {
                    let (reader, writer) = (Arc::clone(&ports.reader), Arc::clone(&ports.writer));
                    Arc::new(BucketShelf::new(bucket, reader, writer, Arc::clone(&ports.versions)))
                };
                let signer = Arc::clone(&ports.checkpoint_signer);
                let mut appender = Appender::new(shelf(bucket), signer, log_keys, Arc::new(keys));
                if let Some(anchor) = &config.anchor_bucket {
                    appender = appender.with_anchor(shelf(anchor.clone()));
                }
                let (writer, signer) = (Arc::clone(&ports.writer), Arc::clone(&ports.statement_signer));
                Ok(Opened { ledger: Ledger::new(archive, writer, signer), appender })
            })
            .await
    }
}

impl<'m> Fate<'m> {
    fn new(message: &'m Message) -> Self {
        Self { message, leaves: Vec::new(), failed: None }
    }

    fn fail(&mut self, error: LogFunctionError) {
        self.failed.get_or_insert(error);
    }
}

/// The leaves of a message's statements.
async fn leaves_of(archive: &Archive, message: &Message) -> Result<Vec<Vec<u8>>, LogFunctionError> {
    let mut leaves = Vec::new();
    for part in &message.parts {
        let at: ObjectVersion = match part {
            Part::Object(item) => item.object.clone(),
            Part::Unversioned(item) => archive.resolve(&item.path).await?.ok_or(LogFunctionError::NotUnderstood)?,
            Part::Acknowledge(_) => continue,
            Part::Undecodable(_) => return Err(LogFunctionError::NotUnderstood),
        };
        let leaf = Leaf::of(&archive.load_any(&at).await?);
        leaves.push(leaf.to_bytes().ok_or(LogError::LeafTooLong(usize::MAX))?);
    }
    Ok(leaves)
}

fn count(fate: &Fate<'_>, tally: &mut Tally) {
    let Some(error) = &fate.failed else {
        tally.acknowledged = tally.acknowledged.saturating_add(u64::from(fate.leaves.is_empty()));
        return;
    };
    let reason = error.reason();
    match error.disposition() {
        Disposition::Retry => {
            tally.retries = tally.retries.saturating_add(1);
            tracing::warn!(message_id = fate.message.id, reason, %error, "statement given back");
        }
        Disposition::Quarantine | Disposition::Alarm => {
            tally.alarms = tally.alarms.saturating_add(1);
            tracing::error!(message_id = fate.message.id, reason, %error, "not a statement that can be logged");
        }
    }
}

/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>; whoever calls directly learns of the first
/// failure.
fn respond(delivery: &Delivery, fates: Vec<Fate<'_>>) -> Result<Value, LogFunctionError> {
    if *delivery == Delivery::Sqs {
        let failed = fates.iter().filter(|fate| fate.failed.is_some());
        let failures: Vec<Value> = failed.map(|fate| json!({"itemIdentifier": fate.message.id})).collect();
        return Ok(json!({"batchItemFailures": failures}));
    }
    let done = fates.len();
    match fates.into_iter().find_map(|fate| fate.failed) {
        Some(error) => Err(error),
        None => Ok(json!({"outcomes": vec!["logged"; done]})),
    }
}
