//! The release function: questions about published data are answered with noise, within the dataset's privacy budget.
//!
//! | before | comes |
//! |---|---|
//! | anything is read | the request, held against the policy: bounds and categories are declared there, never taken from the data |
//! | noise is drawn | the cost, booked as the next write-once entry of the dataset's account: of two releases at once only one gets it |
//! | anything is answered | the statement of the answer |
//!
//! The same request again gives the same answer and costs nothing. A request that is refused leaves a statement too. After a
//! crash between booking and answering the budget is smaller and nothing was told, never the other way round; asking again
//! then uses the entry that is booked already.

mod answer;
mod config;
mod curated;
mod error;
mod refused;
mod request;

use std::fmt;
use std::sync::Arc;

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;
use sluice_aws::Aws;
use sluice_common::policy::{Dataset, ReleaseSpec};
use sluice_common::port::UserMetadata;
use sluice_common::privacy_loss::PrivacyLoss;
use sluice_common::{BucketName, Dispose as _, Disposition, ObjectPath, Sha256Digest};
use sluice_evidence::predicate::{Refusal, Release};
use sluice_evidence::{
    EvidenceError, Kept, Ledger, Predicate, ResourceDescriptor, Stage as StageName, Statement, canonical,
};
use sluice_release::budget::SignedBook;
use sluice_release::{Budget, BudgetError, Plan, ReleaseError};
use sluice_stage::context::{Ports, TrustAnchorError};
use sluice_stage::failure::raise_alarm;
use sluice_stage::lambda;
use sluice_stage::{Context, LoadedPolicy, PolicySource};

pub use answer::Answer;
pub use config::Config;
pub use error::ReleaseFunctionError;

use refused::Refused;
use request::Asked;

/// Answers questions with noise.
pub struct ReleaseFunction {
    context: Context,
    policy: PolicySource,
    curated_bucket: BucketName,
}

impl fmt::Debug for ReleaseFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReleaseFunction").field("curated_bucket", &self.curated_bucket).finish_non_exhaustive()
    }
}

/// Why a request got no answer.
enum Ended {
    Refused(Refused),
    Failed(ReleaseFunctionError),
}

impl From<Refused> for Ended {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<ReleaseFunctionError> for Ended {
    fn from(error: ReleaseFunctionError) -> Self {
        Self::Failed(error)
    }
}

impl From<EvidenceError> for Ended {
    fn from(error: EvidenceError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<TrustAnchorError> for Ended {
    fn from(error: TrustAnchorError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<BudgetError> for Ended {
    fn from(error: BudgetError) -> Self {
        match error {
            BudgetError::Exhausted { left, .. } => Self::Refused(Refused::exhausted(&error, left)),
            other => Self::Failed(ReleaseFunctionError::Budget(other)),
        }
    }
}

/// The function on AWS.
pub fn connect(config: Config, aws: &Aws) -> ReleaseFunction {
    let (signer, metrics) = (aws.signer(&config.signing.key_arn), aws.metrics(&config.metrics_namespace));
    ReleaseFunction::new(config, Ports::new(&Arc::new(aws.objects()), Arc::new(signer), Arc::new(metrics)))
}

/// Serves invocations until the sandbox ends.
///
/// # Errors
/// When the Runtime API cannot be reached.
pub async fn serve(function: ReleaseFunction) -> Result<(), lambda_runtime::Error> {
    let function = &function;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        lambda::answer("release", &event.context.request_id, function.answer(&event.payload)).await
    }))
    .await
}

impl ReleaseFunction {
    /// The function on any ports.
    pub fn new(config: Config, ports: Ports) -> Self {
        let policy_path = ObjectPath { bucket: config.evidence_bucket.clone(), key: config.policy_key };
        Self {
            policy: PolicySource::new(Arc::clone(&ports.reader), policy_path),
            context: Context::new(StageName::Release, config.evidence_bucket, ports).trusting(config.signing.retired),
            curated_bucket: config.curated_bucket,
        }
    }

    /// Answers a request or refuses it, and states which before it says so.
    ///
    /// # Errors
    /// When nothing could be decided, or the decision not be stated.
    pub async fn answer(&self, payload: &Value) -> Result<Answer, ReleaseFunctionError> {
        let request_sha256 = Sha256Digest::of(&canonical::to_vec(payload)?);
        let policy = self.policy.current().await?;
        let ended = match Asked::parse(payload) {
            Ok(asked) => match self.release(&policy, &asked, request_sha256).await {
                Ok(answer) => return Ok(answer),
                Err(ended) => ended,
            },
            Err(refused) => Ended::Refused(refused),
        };
        match ended {
            Ended::Refused(refused) => self.refuse(&policy, request_sha256, refused).await,
            Ended::Failed(error) => {
                if error.disposition() == Disposition::Alarm {
                    let refused = Refused::new(error.reason(), error.to_string());
                    self.refuse(&policy, request_sha256, refused).await?;
                    raise_alarm(&self.context, error.reason()).await;
                }
                Err(error)
            }
        }
    }

    async fn release(
        &self,
        policy: &LoadedPolicy,
        asked: &Asked,
        request_sha256: Sha256Digest,
    ) -> Result<Answer, Ended> {
        let (dataset, spec) = allowed(policy, asked)?;
        let ledger = self.context.ledger().await?;
        let account = || SignedBook::new(ledger.clone(), dataset.name.as_str());
        let budget = Budget::new(account(), spec.budget);
        if let Some(given) = given_before(ledger, dataset, asked, request_sha256).await? {
            return Ok(told(&given, budget.left().await?, true));
        }
        let plan = Plan::new(spec, &asked.request).map_err(Refused::from)?;
        let published = self.published(asked).await?;
        let mut tallies = plan.tallies().map_err(Refused::from)?;
        for object in &published {
            tallies = self.count(tallies, object, dataset).await?;
        }
        let entry = budget.spend_once(request_sha256, plan.cost()).await?;
        let booked = account().statement(entry.number).await?.ok_or(ReleaseFunctionError::EntryGone)?.link();
        let answer = tallies.release().map_err(ReleaseFunctionError::Release)?;
        let stated = Release {
            policy: policy.reference(Some(dataset)),
            dataset: dataset.name.clone(),
            id: asked.request.id.clone(),
            request_sha256,
            inputs: published.iter().map(|one| ResourceDescriptor::object(&one.at, one.sha256)).collect(),
            cost: plan.cost(),
            budget: booked,
            answer: serde_json::to_value(&answer).map_err(ReleaseFunctionError::from)?,
        };
        let given = keep(ledger, stated).await?;
        tracing::info!(%request_sha256, dataset = dataset.name, cost = %plan.cost(), "released");
        Ok(told(&given, budget.left().await?, false))
    }

    async fn refuse(
        &self,
        policy: &LoadedPolicy,
        request_sha256: Sha256Digest,
        refused: Refused,
    ) -> Result<Answer, ReleaseFunctionError> {
        let Refused { reason, detail, left } = refused;
        let stated = Refusal { policy: policy.reference(None), request_sha256, reason: reason.to_owned(), left };
        let kept = record(self.context.ledger().await?, Refusal::subject(request_sha256), stated).await?;
        tracing::warn!(%request_sha256, reason, "refused");
        Ok(Answer::Refused { statement: kept.at().uri(), request_sha256, reason, detail })
    }
}

/// The dataset that is asked about, and what may be released of it.
fn allowed<'p>(policy: &'p LoadedPolicy, asked: &Asked) -> Result<(&'p Dataset, &'p ReleaseSpec), Refused> {
    let Some(dataset) = policy.policy.dataset(&asked.dataset) else {
        return Err(Refused::new("no_dataset", "the policy has no dataset of that name"));
    };
    let spec = dataset.release.as_ref();
    Ok((dataset, spec.ok_or_else(|| ReleaseError::NotAllowed { dataset: dataset.name.clone() })?))
}

/// The answer that was given under the request's id. An id names one request for good.
async fn given_before(
    ledger: &Ledger,
    dataset: &Dataset,
    asked: &Asked,
    request_sha256: Sha256Digest,
) -> Result<Option<Kept<Release>>, Ended> {
    let given = ledger.archive().find::<Release>(&Release::key(&dataset.name, &asked.request.id)).await?;
    match given {
        Some(given) if given.statement().predicate().request_sha256 != request_sha256 => {
            Err(Refused::new("id_taken", "a release of this id answered another request; choose another id").into())
        }
        given => Ok(given),
    }
}

/// Keeps the statement of an answer. The same request, answered at the same moment elsewhere with other noise, stands; then
/// its answer is the one that is given.
async fn keep(ledger: &Ledger, stated: Release) -> Result<Kept<Release>, Ended> {
    let (request_sha256, key) = (stated.request_sha256, Release::key(&stated.dataset, &stated.id));
    let subject = Release::subject(&stated.dataset, &stated.id, request_sha256);
    let statement = Statement::new(vec![subject], stated).map_err(ReleaseFunctionError::from)?;
    let same_request = |other: &Statement<Release>| other.predicate().request_sha256 == request_sha256;
    match ledger.record_unless(&statement, &UserMetadata::new(), same_request).await {
        Ok(recorded) => Ok(recorded.into_kept()),
        // Another request took the id a moment ago.
        Err(EvidenceError::Contradiction { .. }) if ledger.archive().find::<Release>(&key).await?.is_some() => {
            Err(Refused::new("id_taken", "a release of this id answered another request; choose another id").into())
        }
        Err(error) => Err(error.into()),
    }
}

async fn record<P: Predicate>(
    ledger: &Ledger,
    subject: ResourceDescriptor,
    stated: P,
) -> Result<Kept<P>, ReleaseFunctionError> {
    let statement = Statement::new(vec![subject], stated)?;
    Ok(ledger.record(&statement, &UserMetadata::new()).await?.into_kept())
}

fn told(given: &Kept<Release>, left: PrivacyLoss, again: bool) -> Answer {
    let stated = given.statement().predicate();
    Answer::Released {
        statement: given.at().uri(),
        request_sha256: stated.request_sha256,
        again,
        left,
        answer: stated.answer.clone(),
    }
}
