use std::fmt;
use std::str::FromStr;

use sluice_audit::access::{AccessPolicy, AccessPolicyError};
use sluice_audit::trail::TrailId;
use sluice_common::config::{ConfigProblems, Environment};
use sluice_common::{BucketName, ObjectKey};
use sluice_stage::Signing;

/// What the template tells this function.
#[derive(Debug, Clone)]
pub struct Config {
    /// The bucket that CloudTrail delivers to.
    pub trail_bucket: BucketName,
    /// Everything before `AWSLogs/` in it, with its slash; empty without a prefix.
    pub trail_key_prefix: String,
    /// The trail whose newest hours are looked for on a schedule.
    pub trail: TrailArn,
    /// The regions whose chains are looked for.
    pub regions: Regions,
    /// Where CloudTrail's public keys come from.
    pub keys: KeysFrom,
    /// By what records are judged.
    pub access_policy: InlinePolicy,
    /// Where statements are kept.
    pub evidence_bucket: BucketName,
    /// By which keys statements are signed and believed.
    pub signing: Signing,
    /// CloudWatch namespace.
    pub metrics_namespace: String,
}

/// A trail's ARN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrailArn {
    /// As it is written.
    pub arn: String,
    /// What it names.
    pub id: TrailId,
}

/// A text that is no trail's ARN.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("not a trail: expected arn:aws:cloudtrail:REGION:ACCOUNT:trail/NAME")]
pub struct TrailArnError;

impl FromStr for TrailArn {
    type Err = TrailArnError;
    fn from_str(arn: &str) -> Result<Self, TrailArnError> {
        TrailId::from_arn(arn).map(|id| Self { arn: arn.to_owned(), id }).ok_or(TrailArnError)
    }
}

/// Regions, a comma between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Regions(pub std::collections::BTreeSet<String>);

impl FromStr for Regions {
    type Err = std::convert::Infallible;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()))
    }
}

/// Where public keys come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeysFrom {
    /// `ListPublicKeys`, asked when they are needed.
    CloudTrail,
    /// An answer of `ListPublicKeys` that is kept in the evidence bucket, where only the policy editor may write: for
    /// trails of other accounts and partitions.
    Evidence(ObjectKey),
}

/// A text that is no source of keys.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("expected `cloudtrail`, or `evidence:` and a key under policy/")]
pub struct KeysFromError;

impl FromStr for KeysFrom {
    type Err = KeysFromError;
    fn from_str(text: &str) -> Result<Self, KeysFromError> {
        if text == "cloudtrail" {
            return Ok(Self::CloudTrail);
        }
        let key = text.strip_prefix("evidence:").filter(|key| key.starts_with("policy/")).ok_or(KeysFromError)?;
        Ok(Self::Evidence(ObjectKey::new(key).map_err(|_not_a_key| KeysFromError)?))
    }
}

/// An access policy in a variable.
#[derive(Clone, PartialEq, Eq)]
pub struct InlinePolicy(pub AccessPolicy);

impl fmt::Debug for InlinePolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InlinePolicy({})", self.0.digest())
    }
}

impl FromStr for InlinePolicy {
    type Err = AccessPolicyError;
    fn from_str(text: &str) -> Result<Self, AccessPolicyError> {
        AccessPolicy::from_json(text.as_bytes()).map(Self)
    }
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    /// Every problem at once.
    pub fn read(environment: &Environment) -> Result<Self, ConfigProblems> {
        let mut variables = environment.reader();
        let trail_bucket = variables.required("SLUICE_TRAIL_BUCKET");
        let trail_key_prefix = variables.or_default("SLUICE_TRAIL_KEY_PREFIX", String::new());
        let trail = variables.required("SLUICE_TRAIL_ARN");
        let regions = variables.required("SLUICE_TRAIL_REGIONS");
        let keys = variables.or_default("SLUICE_TRAIL_KEYS", KeysFrom::CloudTrail);
        let access_policy = variables.required("SLUICE_ACCESS_POLICY");
        let evidence_bucket = variables.required("SLUICE_EVIDENCE_BUCKET");
        let signing = Signing::part(&mut variables);
        let metrics_namespace = variables.or_default("SLUICE_METRICS_NAMESPACE", "Sluice".to_owned());
        variables.finish(|| {
            Some(Self {
                trail_bucket: trail_bucket?,
                trail_key_prefix: trail_key_prefix?,
                trail: trail?,
                regions: regions?,
                keys: keys?,
                access_policy: access_policy?,
                evidence_bucket: evidence_bucket?,
                signing: signing?,
                metrics_namespace: metrics_namespace?,
            })
        })
    }
}
