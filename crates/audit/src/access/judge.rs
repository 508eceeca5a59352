//! One record, one judgement.

use std::collections::{HashSet, VecDeque};

use serde_json::Value;
use sluice_common::Sha256Digest;
use sluice_evidence::predicate::Severity;

use super::policy::{AccessPolicy, BucketAccess, KeyPurpose, Zone};
use super::principal::{Entry, Listed, Principal, glob};
use super::record::Record;
use super::rule::Rule;
use super::settings;

/// A rule that a record breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The rule.
    pub rule: &'static str,
    /// How bad.
    pub severity: Severity,
    /// The record's id.
    pub event_id: Option<String>,
    /// Its time, as CloudTrail writes it.
    pub time: Option<String>,
    /// The operation, `service:Name`.
    pub operation: String,
    /// What kind of principal it was.
    pub principal_kind: String,
    /// SHA-256 of its ARN: names of people stay out of statements.
    pub principal_sha256: Sha256Digest,
}

/// Ids that are remembered: CloudTrail delivers a record twice within minutes, if ever.
const MAX_REMEMBERED: usize = 100_000;

/// Judges records by a policy, each once.
#[derive(Debug)]
pub struct Judge<'p> {
    policy: &'p AccessPolicy,
    seen: HashSet<String>,
    order: VecDeque<String>,
}

impl<'p> Judge<'p> {
    /// A judge who has seen nothing.
    pub fn new(policy: &'p AccessPolicy) -> Self {
        Self { policy, seen: HashSet::new(), order: VecDeque::new() }
    }

    /// The gravest rule that a record breaks. A record that was seen before breaks none.
    pub fn judge(&mut self, value: &Value) -> Option<Judgement> {
        let record = Record::new(value);
        if record.event_id().is_some_and(|id| !self.remember(id)) {
            return None;
        }
        let principal = Principal::of(&record);
        let rule = broken(self.policy, record, &principal)?;
        let is_denied = record.error_code().is_some();
        let (name, severity) = if is_denied { (rule.denied, rule.denied_severity) } else { (rule.name, rule.severity) };
        Some(Judgement {
            rule: name,
            severity,
            event_id: record.event_id().map(str::to_owned),
            time: record.time().map(str::to_owned),
            operation: format!("{}:{}", record.service().unwrap_or_default(), record.name()),
            principal_kind: principal.kind().to_owned(),
            principal_sha256: Sha256Digest::of(principal.id().as_bytes()),
        })
    }

    fn remember(&mut self, id: &str) -> bool {
        if !self.seen.insert(id.to_owned()) {
            return false;
        }
        self.order.push_back(id.to_owned());
        if self.order.len() > MAX_REMEMBERED {
            self.order.pop_front().map(|oldest| self.seen.remove(&oldest));
        }
        true
    }
}

/// A record, its caller, and the accounts that are ours.
struct Case<'a> {
    policy: &'a AccessPolicy,
    record: Record<'a>,
    principal: &'a Principal<'a>,
    ours: Vec<&'a str>,
}

fn broken<'a>(policy: &'a AccessPolicy, record: Record<'a>, principal: &'a Principal<'a>) -> Option<Rule> {
    let ours = if policy.accounts.is_empty() {
        record.recipient_account().into_iter().collect()
    } else {
        policy.accounts.iter().map(String::as_str).collect()
    };
    let case = Case { policy, record, principal, ours };
    if principal.is_root() {
        return Some(Rule::ROOT_ACTIVITY);
    }
    match record.service()? {
        "s3" => case.bucket().or_else(|| case.account_setting()),
        "kms" => case.key_use().or_else(|| case.account_setting()),
        "sts" => case.assumed_role(),
        _ => case.account_setting(),
    }
}

impl Case<'_> {
    fn listed(&self, list: &[Entry]) -> Listed {
        self.principal.listed(list, &self.ours)
    }

    fn is_administrator(&self) -> bool {
        self.listed(&self.policy.administrators) == Listed::Yes
    }

    fn account_setting(&self) -> Option<Rule> {
        let rule = settings::of_account(self.record)?;
        (!self.principal.is_service() && !self.is_administrator() && self.is_ours()).then_some(rule)
    }

    /// Whether the operation is about something of ours. What cannot be told is ours.
    fn is_ours(&self) -> bool {
        let Some(resources) = &self.policy.resources else { return true };
        let subjects = settings::subjects(self.record);
        let fits = |subject: &str| {
            let name = subject.rsplit(['/', ':']).next().unwrap_or(subject);
            resources.iter().any(|pattern| glob(pattern, subject) || glob(pattern, name))
        };
        subjects.is_empty() || subjects.into_iter().any(fits)
    }

    fn key_use(&self) -> Option<Rule> {
        const USES: [&str; 8] = [
            "Decrypt",
            "Encrypt",
            "Sign",
            "GenerateMac",
            "VerifyMac",
            "DeriveSharedSecret",
            "ReEncrypt",
            "GenerateDataKey",
        ];
        let name = self.record.name();
        if !USES.into_iter().any(|operation| name == operation || name.starts_with("GenerateDataKey")) {
            return None;
        }
        let context = self.record.parameter("encryptionContext");
        let mut arns = self.record.resources().chain(self.record.text_parameter("keyId"));
        let arns: Vec<&str> = arns.by_ref().collect();
        let key = self.policy.keys.iter().find(|key| {
            let by_arn = key.arns.iter().any(|pattern| arns.iter().any(|arn| glob(pattern, arn)));
            let has = |(name, value): (&String, &String)| {
                context.and_then(|context| context.get(name)).and_then(Value::as_str) == Some(value)
            };
            let by_context = !key.encryption_context.is_empty() && key.encryption_context.iter().all(has);
            by_arn || by_context
        })?;
        let outside = match key.purpose {
            KeyPurpose::Pseudonym => Rule::REID_KEY_USE,
            KeyPurpose::Signing => Rule::SIGNING_KEY_USE,
            KeyPurpose::Data => Rule::DATA_KEY_USE,
        };
        match self.listed(&key.users) {
            Listed::Yes => None,
            Listed::OtherSession => Some(Rule::ROLE_USED_OUTSIDE_LAMBDA),
            Listed::No => Some(outside),
        }
    }

    /// A role that only a function may use was assumed by somebody else than Lambda.
    fn assumed_role(&self) -> Option<Rule> {
        if !self.record.name().starts_with("AssumeRole") || self.principal.is_service() {
            return None;
        }
        let arn = self.record.text_parameter("roleArn")?;
        let name = arn.rsplit_once('/').map_or(arn, |(_, name)| name);
        let buckets = self.policy.buckets.values();
        let lists = buckets.flat_map(|bucket| bucket.readers.iter().chain(&bucket.writers).chain([&bucket.retainers]));
        let keys = self.policy.keys.iter().map(|key| &key.users);
        let is_bound =
            |entry: &Entry| entry.bound().is_some_and(|(role, _)| role != "*" && (glob(role, arn) || glob(role, name)));
        lists.chain(keys).flatten().any(is_bound).then_some(Rule::ROLE_ASSUMED)
    }

    fn bucket(&self) -> Option<Rule> {
        self.copy_out().or_else(|| {
            let access = self.policy.buckets.get(self.bucket_name()?)?;
            self.of_bucket(access)
        })
    }

    fn bucket_name(&self) -> Option<&str> {
        let of_arn =
            |arn: &'_ str| arn.split_once(":::").map(|(_, rest)| rest.split('/').next().unwrap_or(rest).to_owned());
        let named = self.record.text_parameter("bucketName").or_else(|| self.record.text_parameter("bucket"));
        named.or_else(|| {
            let name = self.record.resources().find_map(of_arn)?;
            self.policy.buckets.keys().find(|known| **known == name).map(String::as_str)
        })
    }

    /// A raw or vault object was copied into a bucket of another zone, or one that is not ours.
    fn copy_out(&self) -> Option<Rule> {
        if !matches!(self.record.name(), "CopyObject" | "UploadPartCopy") || self.principal.is_anonymous() {
            return None;
        }
        let target = self.bucket_name();
        let source = self.record.text_parameter("x-amz-copy-source").map(|source| {
            let source = source.trim_start_matches('/');
            source.split(['/', '?']).next().unwrap_or(source)
        });
        let of_resources = self.record.resources().filter_map(|arn| arn.split_once(":::")?.1.split('/').next());
        let is_closed = |name: &str| {
            let zone = self.policy.buckets.get(name).map(|access| access.zone);
            matches!(zone, Some(Zone::Raw | Zone::Vault)) && Some(name) != target
        };
        source.into_iter().chain(of_resources).any(is_closed).then_some(Rule::RAW_COPY_OUT)
    }

    fn of_bucket(&self, access: &BucketAccess) -> Option<Rule> {
        if self.principal.is_anonymous() {
            return Some(Rule::ANONYMOUS_ACCESS);
        }
        if let Some(rule) = settings::of_bucket(self.record) {
            return (!self.principal.is_service() && !self.is_administrator()).then_some(rule);
        }
        self.deletion(access).or_else(|| self.protection(access)).or_else(|| self.data(access))
    }

    fn deletion(&self, access: &BucketAccess) -> Option<Rule> {
        let is_bypassed = match self.record.parameter("x-amz-bypass-governance-retention") {
            Some(Value::String(text)) => text.eq_ignore_ascii_case("true"),
            Some(Value::Bool(bypassed)) => *bypassed,
            _ => false,
        };
        if is_bypassed {
            return Some(Rule::GOVERNANCE_BYPASS);
        }
        let rule = match self.record.name() {
            "DeleteObjects" => Rule::BULK_DELETE,
            "DeleteObject" | "DeleteObjectVersion" if self.record.parameter("versionId").is_some() => {
                Rule::VERSION_DELETED
            }
            "DeleteObject" => Rule::DELETE_MARKER,
            _ => return None,
        };
        (self.listed(&access.erasers) != Listed::Yes).then_some(rule)
    }

    fn protection(&self, access: &BucketAccess) -> Option<Rule> {
        let rule = match self.record.name() {
            "PutObjectRetention" => Rule::RETENTION_CHANGED,
            "PutObjectLegalHold" => Rule::LEGAL_HOLD_CHANGED,
            "PutObjectAcl" => Rule::OBJECT_ACL_CHANGED,
            "UpdateObjectEncryption" => Rule::OBJECT_ENCRYPTION_CHANGED,
            _ => return None,
        };
        (self.listed(&access.retainers) != Listed::Yes).then_some(rule)
    }

    fn data(&self, access: &BucketAccess) -> Option<Rule> {
        let is_read = matches!(self.record.name(), "GetObject" | "GetObjectTorrent" | "SelectObjectContent");
        let is_write = matches!(
            self.record.name(),
            "PutObject"
                | "PostObject"
                | "CopyObject"
                | "CreateMultipartUpload"
                | "UploadPart"
                | "UploadPartCopy"
                | "CompleteMultipartUpload"
                | "RestoreObject"
                | "RenameObject"
        );
        let (list, outside) = match (is_read, is_write) {
            (true, _) => (&access.readers, outside_reader(access.zone)),
            (_, true) => (&access.writers, outside_writer(access.zone)),
            _ => return self.transport(),
        };
        let how = list.as_ref().map_or(Listed::Yes, |list| self.listed(list));
        if how == Listed::No {
            // CloudTrail's own deliveries need not be listed.
            let is_delivery = is_write && access.zone == Zone::Trail && self.principal.is_service();
            let rule = if self.principal.is_foreign(&self.ours) { Rule::CROSS_ACCOUNT_ACCESS } else { outside };
            return (!is_delivery).then_some(rule);
        }
        if self.principal.is_service() {
            return None;
        }
        let is_closed = matches!((access.zone, is_read), (Zone::Raw | Zone::Vault, true) | (Zone::Evidence, false));
        let transport = self.transport();
        transport.or_else(|| {
            if is_read && access.zone == Zone::Raw && self.record.is_presigned() {
                Some(Rule::PRESIGNED_READ)
            } else if how == Listed::OtherSession {
                Some(Rule::ROLE_USED_OUTSIDE_LAMBDA)
            } else if is_closed && self.is_outside_network() {
                Some(Rule::ACCESS_OUTSIDE_VPCE)
            } else if is_closed && self.record.is_from_console() {
                Some(Rule::CONSOLE_ACCESS)
            } else {
                None
            }
        })
    }

    fn is_outside_network(&self) -> bool {
        let is_in = |endpoint: &str| self.policy.vpc_endpoints.iter().any(|known| known == endpoint);
        !self.policy.vpc_endpoints.is_empty()
            && !self.principal.is_through_service()
            && !self.record.vpc_endpoint().is_some_and(is_in)
    }

    fn transport(&self) -> Option<Rule> {
        let is_internal = self.record.source() == Some("AWS Internal") || self.principal.is_through_service();
        if self.principal.is_service() || is_internal {
            return None;
        }
        match self.record.tls_version() {
            _ if !self.record.has_tls() => Some(Rule::NO_TLS),
            Some("TLSv1" | "TLSv1.0" | "TLSv1.1" | "SSLv3" | "SSLv2") => Some(Rule::WEAK_TLS),
            _ => None,
        }
    }
}

const fn outside_reader(zone: Zone) -> Rule {
    match zone {
        Zone::Raw => Rule::RAW_READ,
        Zone::Vault => Rule::VAULT_READ,
        Zone::Curated | Zone::Evidence | Zone::Trail => Rule::OTHER_READ,
    }
}

const fn outside_writer(zone: Zone) -> Rule {
    match zone {
        Zone::Raw => Rule::RAW_WRITE,
        Zone::Evidence => Rule::EVIDENCE_WRITE,
        Zone::Trail => Rule::TRAIL_WRITE,
        Zone::Curated | Zone::Vault => Rule::OTHER_WRITE,
    }
}
