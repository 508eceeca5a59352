//! The reidentify function: pseudonyms that an investigator names are turned back, for a case that somebody else approved.
//!
//! The statement goes to the evidence bucket, then the values to the vault bucket, and only then the answer to the caller,
//! which says where both are. A request that is refused leaves a statement too. The same request again gives the same objects.

mod answer;
mod config;
mod error;
mod refusal;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;
use sluice_aws::Aws;
use sluice_common::port::{Clock as _, DataKeys, StoreError, SystemClock, UserMetadata};
use sluice_common::{BucketName, Dispose as _, Disposition, ObjectKey, ObjectPath, ObjectVersion, Sha256Digest};
use sluice_evidence::predicate::{Decision, FormatPreservingSource, Reidentify};
use sluice_evidence::{Kept, ResourceDescriptor, Stage as StageName, Statement, canonical};
use sluice_privacy::keyring::{KeyUnwrapper, KeyringError};
use sluice_privacy::reidentify::{
    Admission, Answer as Opened, RateLimit, Refusal, ReidentifyRequest, RequestProblem, RequestProblems,
};
use sluice_stage::Context;
use sluice_stage::context::Ports;
use sluice_stage::failure::raise_alarm;
use sluice_stage::lambda;
use sluice_stage::policy::read_capped;
use zeroize::Zeroizing;

pub use answer::Answer;
pub use config::Config;
pub use error::ReidentifyFunctionError;

/// Turns pseudonyms back when asked.
pub struct ReidentifyFunction {
    context: Context,
    keys: KeyUnwrapper,
    limit: RateLimit,
    vault_bucket: BucketName,
}

/// Requests that one person may make on a day in UTC. Each opens a thousand pseudonyms at most.
const REQUESTS_PER_DAY: u16 = 100;

impl fmt::Debug for ReidentifyFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReidentifyFunction").field("vault_bucket", &self.vault_bucket).finish_non_exhaustive()
    }
}

/// The function on AWS.
pub fn connect(config: Config, aws: &Aws) -> ReidentifyFunction {
    let (signer, metrics) = (aws.signer(&config.signing.key_arn), aws.metrics(&config.metrics_namespace));
    let ports = Ports::new(&Arc::new(aws.objects()), Arc::new(signer), Arc::new(metrics));
    let data_keys = Arc::new(aws.data_keys(&config.pseudonym_key_arn));
    ReidentifyFunction::new(config, ports, data_keys)
}

/// Serves invocations until the sandbox ends.
///
/// # Errors
/// When the Runtime API cannot be reached.
pub async fn serve(function: ReidentifyFunction) -> Result<(), lambda_runtime::Error> {
    let function = &function;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        lambda::answer("reidentify", &event.context.request_id, function.answer(&event.payload)).await
    }))
    .await
}

impl ReidentifyFunction {
    /// The function on any ports.
    pub fn new(config: Config, ports: Ports, data_keys: Arc<dyn DataKeys>) -> Self {
        Self {
            keys: KeyUnwrapper::new(config.vault_bucket.clone(), Arc::clone(&ports.reader), data_keys),
            limit: RateLimit::new(
                config.vault_bucket.clone(),
                Arc::clone(&ports.reader),
                Arc::clone(&ports.writer),
                REQUESTS_PER_DAY,
            ),
            context: Context::new(StageName::Reidentify, config.evidence_bucket, ports)
                .trusting(config.signing.retired),
            vault_bucket: config.vault_bucket,
        }
    }

    /// Decides about a request, and states the decision before it is answered.
    ///
    /// # Errors
    /// When nothing could be decided, or the decision not be stated.
    pub async fn answer(&self, payload: &Value) -> Result<Answer, ReidentifyFunctionError> {
        let json = Zeroizing::new(canonical::to_vec(payload)?);
        let request_sha256 = Sha256Digest::of(&json);
        let answer = match ReidentifyRequest::parse(&json) {
            Ok(request) => match self.admit(&request).await? {
                Ok(()) => match self.fpe_refusal(&request).await? {
                    None => self.grant(&request).await?,
                    Some(refusal) => {
                        let problem = RequestProblem::FpeRefused(refusal);
                        self.refuse(payload, request_sha256, &RequestProblems(vec![problem])).await?
                    }
                },
                Err(problem) => self.refuse(payload, request_sha256, &RequestProblems(vec![problem])).await?,
            },
            Err(problems) => self.refuse(payload, request_sha256, &problems).await?,
        };
        match &answer {
            Answer::Granted { opened, refused, .. } => tracing::info!(%request_sha256, opened, refused, "granted"),
            Answer::Denied { reason, .. } => tracing::warn!(%request_sha256, reason, "denied"),
        }
        Ok(answer)
    }

    /// Whether the approval still holds, and the requester has requests left today.
    async fn admit(&self, request: &ReidentifyRequest) -> Result<Result<(), RequestProblem>, ReidentifyFunctionError> {
        let now = SystemClock.now();
        if let Err(problem) = request.check_time(now) {
            return Ok(Err(problem));
        }
        Ok(match self.limit.admit(request, now).await? {
            Admission::Admitted(_) => Ok(()),
            Admission::Exhausted => Err(RequestProblem::RateLimited),
        })
    }

    /// Why the values of `fpe` cannot be opened, if so.
    async fn fpe_refusal(&self, request: &ReidentifyRequest) -> Result<Option<Refusal>, ReidentifyFunctionError> {
        match sluice_privacy::reidentify::fpe_refusal(request, &self.keys).await {
            Ok(refusal) => Ok(refusal),
            Err(error) => Err(self.key_failed(request, error).await?),
        }
    }

    async fn refuse(
        &self,
        payload: &Value,
        request_sha256: Sha256Digest,
        problems: &RequestProblems,
    ) -> Result<Answer, ReidentifyFunctionError> {
        let kept = self.state(refusal::denied(payload, request_sha256, problems)).await?;
        Ok(Answer::Denied {
            statement: kept.at().uri(),
            reason: refusal::reason(problems),
            problems: problems.0.iter().map(ToString::to_string).collect(),
            request_sha256,
        })
    }

    async fn grant(&self, request: &ReidentifyRequest) -> Result<Answer, ReidentifyFunctionError> {
        let opened = match sluice_privacy::reidentify::reidentify(request, &self.keys).await {
            Ok(opened) => opened,
            Err(error) => return Err(self.key_failed(request, error).await?),
        };
        let json = opened.to_json()?;
        let result_sha256 = Opened::digest(&json);
        // Before the values exist anywhere outside this process, it is stated that they will.
        let kept = self.state(described(request, Decision::Granted, Some(result_sha256))).await?;
        let result = self.keep(request.digest, result_sha256, &json).await?;
        Ok(Answer::Granted {
            statement: kept.at().uri(),
            result: result.uri(),
            opened: opened.opened(),
            refused: opened.results().len().saturating_sub(opened.opened()),
            request_sha256: request.digest,
        })
    }

    /// A key could not be had: states and raises what that takes, and gives the error back.
    async fn key_failed(
        &self,
        request: &ReidentifyRequest,
        error: KeyringError,
    ) -> Result<ReidentifyFunctionError, ReidentifyFunctionError> {
        if error.disposition() != Disposition::Retry {
            self.state(described(request, Decision::Denied { reason: error.reason().to_owned() }, None)).await?;
        }
        if error.disposition() == Disposition::Alarm {
            raise_alarm(&self.context, error.reason()).await;
        }
        Ok(error.into())
    }

    /// Puts an answer into the vault, under a key that its content decides. An earlier attempt may have put it there.
    async fn keep(
        &self,
        request: Sha256Digest,
        result: Sha256Digest,
        json: &[u8],
    ) -> Result<ObjectVersion, ReidentifyFunctionError> {
        let key = ObjectKey::new(format!("results/{}/{}.json", request.to_hex(), result.to_hex()))
            .map_err(|_never_too_long| ReidentifyFunctionError::ResultConflict)?;
        let path = ObjectPath { bucket: self.vault_bucket.clone(), key };
        let ports = &self.context.ports;
        match ports.writer.put_new(&path, Bytes::copy_from_slice(json), &UserMetadata::new()).await {
            Ok(version_id) => Ok(path.version(version_id)),
            Err(StoreError::Exists { .. }) => {
                let at = ports.reader.current(&path).await?;
                match read_capped(ports.reader.as_ref(), &at, json.len() as u64).await.map(Zeroizing::new) {
                    Ok(stored) if Sha256Digest::of(&stored) == result => Ok(at),
                    Ok(_) | Err(StoreError::TooLarge { .. }) => Err(ReidentifyFunctionError::ResultConflict),
                    Err(error) => Err(error.into()),
                }
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn state(&self, decided: Reidentify) -> Result<Kept<Reidentify>, ReidentifyFunctionError> {
        let name = format!("request:sha256:{}", decided.request_sha256.to_hex());
        let subject = ResourceDescriptor::named(name, decided.request_sha256);
        let statement = Statement::new(vec![subject], decided)?;
        let ledger = self.context.ledger().await?;
        Ok(ledger.record(&statement, &UserMetadata::new()).await?.into_kept())
    }
}

/// A request in order, and what was decided about it.
fn described(request: &ReidentifyRequest, decision: Decision, result_sha256: Option<Sha256Digest>) -> Reidentify {
    Reidentify {
        request_sha256: request.digest,
        requester: request.requester.to_string(),
        approver: request.approver.to_string(),
        case_id: request.case_id.clone(),
        purpose: request.reason.clone(),
        record_count: request.tokens.len() as u64,
        format_preserving: request
            .fpe
            .as_ref()
            .zip(request.column.as_ref())
            .map(|(source, column)| FormatPreservingSource { column: column.clone(), mark: source.mark.to_string() }),
        result_sha256,
        decision,
    }
}
