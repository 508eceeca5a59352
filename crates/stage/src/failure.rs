//! What is known of an object when its run fails, and the signed statement that says so.
//!
//! The work of a message is done when a statement exists. For a message that cannot be processed that statement is a
//! `quarantine` (the object is at fault) or a `finding` (evidence contradicts itself or someone meddles).

use std::fmt;

use sluice_common::port::{Metric, MetricUnit, UserMetadata};
use sluice_common::{Dispose, Disposition, ObjectPath, ObjectVersion, Sha256Digest};
use sluice_evidence::predicate::{Finding, FindingEvidence, PolicyRef, Quarantine, Severity};
use sluice_evidence::{EvidenceError, Predecessor, ResourceDescriptor, Statement, StatementKey};

use crate::context::{Context, TrustAnchorError};

/// What is known of a run's object so far. A run fills it in as it learns.
#[derive(Debug, Clone)]
pub struct About {
    /// The version the run is about: at first the one that the event names, then the raw object behind it.
    pub version: ObjectVersion,
    /// Digest of its bytes, once they were hashed or a verified statement gave it.
    pub sha256: Option<Sha256Digest>,
    /// The verified statement before this run.
    pub predecessor: Option<Predecessor>,
    /// The policy under which it runs.
    pub policy: Option<PolicyRef>,
    /// What to look at when it is a finding.
    pub evidence: Vec<FindingEvidence>,
}

impl About {
    /// Notes that the object's bytes are not the ones that were signed, and what they are.
    pub fn note_bytes_found(&mut self, sha256: Sha256Digest) {
        self.evidence.push(FindingEvidence { uri: self.version.uri(), sha256: Some(sha256) });
    }

    /// What an event names.
    pub fn named_by_event(version: &ObjectVersion) -> Self {
        let evidence = vec![FindingEvidence { uri: version.uri(), sha256: None }];
        Self { version: version.clone(), sha256: None, predecessor: None, policy: None, evidence }
    }

    fn subject(&self) -> ResourceDescriptor {
        self.sha256.map_or_else(
            || ResourceDescriptor::unread_object(&self.version),
            |sha256| ResourceDescriptor::object(&self.version, sha256),
        )
    }
}

/// A failed run.
#[derive(Debug)]
pub struct Failure<E> {
    /// What is known of its object.
    pub about: Box<About>,
    /// Why it failed.
    pub error: E,
}

impl<E> Failure<E> {
    /// A failure of a run about an object.
    pub fn new(about: About, error: E) -> Self {
        Self { about: Box::new(about), error }
    }
}

impl<E: fmt::Display> fmt::Display for Failure<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<E: std::error::Error + 'static> std::error::Error for Failure<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.source()
    }
}

impl<E: Dispose + 'static> Dispose for Failure<E> {
    fn disposition(&self) -> Disposition {
        self.error.disposition()
    }

    fn reason(&self) -> &'static str {
        self.error.reason()
    }
}

/// The evidence bucket could not be used to say so. The message goes back to its queue.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// The trust anchor is missing.
    #[error(transparent)]
    TrustAnchor(#[from] TrustAnchorError),
    /// The evidence bucket said no.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
}

/// What a stage gives its runner: a failed run, or a failed attempt to state one.
#[derive(Debug, thiserror::Error)]
pub enum StageError<E: Dispose + 'static> {
    /// The run failed.
    #[error(transparent)]
    Run(#[from] Failure<E>),
    /// The statement about a failed run could not be kept.
    #[error(transparent)]
    Settle(#[from] SettleError),
    /// An event names no version, and its key's history gives none that can be believed.
    #[error("{source}")]
    Unresolved {
        /// What the event names.
        path: ObjectPath,
        /// Why.
        #[source]
        source: EvidenceError,
    },
}

impl<E: Dispose + 'static> Dispose for StageError<E> {
    fn disposition(&self) -> Disposition {
        match self {
            Self::Run(failure) => failure.disposition(),
            Self::Settle(_) => Disposition::Retry,
            Self::Unresolved { source, .. } => source.disposition(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Run(failure) => failure.reason(),
            Self::Settle(SettleError::TrustAnchor(error)) => error.reason(),
            Self::Settle(SettleError::Evidence(error)) => error.reason(),
            Self::Unresolved { source, .. } => source.reason(),
        }
    }
}

/// Keeps the statement that ends a failed run, and raises the alarm for a finding.
///
/// # Errors
/// When the statement cannot be kept.
pub async fn settle<E: Dispose + Sync + 'static>(
    context: &Context,
    error: &StageError<E>,
) -> Result<(), StageError<E>> {
    let StageError::Run(failure) = error else {
        return Ok(()); // a retry: there is nothing to state
    };
    let settled = match failure.disposition() {
        Disposition::Retry => Ok(()),
        Disposition::Quarantine => quarantine(context, failure).await,
        Disposition::Alarm => {
            let about = &failure.about;
            let predicate = Finding {
                rule: failure.reason().to_owned(),
                severity: Severity::Critical,
                detail: failure.error.to_string(),
                evidence: about.evidence.clone(),
            };
            find(context, about.subject(), predicate, failure.reason()).await
        }
    };
    Ok(settled?)
}

/// Keeps the finding about an event whose version cannot be found out, and raises the alarm. Whether there was something
/// to state.
///
/// # Errors
/// When the statement cannot be kept.
pub async fn settle_unresolved<E: Dispose + Sync + 'static>(
    context: &Context,
    error: &StageError<E>,
) -> Result<bool, StageError<E>> {
    let StageError::Unresolved { path, source } = error else {
        return Ok(false);
    };
    // No version can be named: the subject is the bucket, by the digest of the key.
    let bucket = format!("s3://{}", path.bucket);
    let subject = ResourceDescriptor::named(bucket.as_str(), Sha256Digest::of(path.key.as_str().as_bytes()));
    // A statement's key holds nothing of an uploader's; another key may hold anything.
    let is_statement = path.key.as_str().parse::<StatementKey>().is_ok();
    let uri = if is_statement { format!("{bucket}/{}", path.key) } else { bucket };
    let predicate = Finding {
        rule: source.reason().to_owned(),
        severity: Severity::Critical,
        detail: source.to_string(),
        evidence: vec![FindingEvidence { uri, sha256: None }],
    };
    find(context, subject, predicate, source.reason()).await?;
    Ok(true)
}

async fn quarantine<E: Dispose + Sync + 'static>(context: &Context, failure: &Failure<E>) -> Result<(), SettleError> {
    let about = &failure.about;
    let predicate = Quarantine {
        stage: context.stage,
        reason: failure.reason().to_owned(),
        detail: Some(failure.error.to_string()),
        policy: about.policy.clone(),
        predecessor: about.predecessor.clone(),
    };
    let statement = Statement::new(vec![about.subject()], predicate).map_err(EvidenceError::from)?;
    context.ledger().await?.record(&statement, &UserMetadata::new()).await?;
    count(context, "Quarantined", failure.reason()).await;
    Ok(())
}

async fn find(
    context: &Context,
    subject: ResourceDescriptor,
    predicate: Finding,
    reason: &'static str,
) -> Result<(), SettleError> {
    let statement = Statement::new(vec![subject], predicate).map_err(EvidenceError::from)?;
    context.ledger().await?.record(&statement, &UserMetadata::new()).await?;
    raise_alarm(context, reason).await;
    Ok(())
}

/// Raises the alarm about something that was stated.
pub async fn raise_alarm(context: &Context, reason: &'static str) {
    count(context, "Alarms", reason).await;
}

/// Publishes a count without dimensions: an alarm cannot sum over them. Stage and reason stand in the statement.
async fn count(context: &Context, name: &'static str, reason: &'static str) {
    let once = Metric { name, value: 1.0, unit: MetricUnit::Count, dimensions: Vec::new() };
    // The statement is kept already; a metric that is lost with CloudWatch down must not undo it.
    if let Err(error) = context.ports.metrics.put(&[once]).await {
        tracing::error!(%error, metric = name, reason, "metric lost");
    }
}
