//! Operations that change a protection, by service.

use serde_json::Value;

use super::record::Record;
use super::rule::Rule;

/// Changes of one bucket's settings. CloudTrail's names differ from the API's; both are known.
pub(super) fn of_bucket(record: Record<'_>) -> Option<Rule> {
    let rule = match record.name() {
        "PutBucketVersioning" => {
            let configuration = record.parameter("VersioningConfiguration");
            let field = |name: &str| configuration.and_then(|it| it.get(name)).and_then(Value::as_str);
            let is_enabled = field("Status") == Some("Enabled") && field("MfaDelete") != Some("Disabled");
            return (!is_enabled).then_some(Rule::VERSIONING_SUSPENDED);
        }
        "PutBucketObjectLockConfiguration" | "PutObjectLockConfiguration" => Rule::OBJECT_LOCK_CONFIG_CHANGED,
        "PutBucketPolicy" | "DeleteBucketPolicy" => Rule::BUCKET_POLICY_CHANGED,
        "PutBucketPublicAccessBlock"
        | "DeleteBucketPublicAccessBlock"
        | "PutPublicAccessBlock"
        | "DeletePublicAccessBlock" => Rule::PUBLIC_ACCESS_BLOCK_CHANGED,
        "PutBucketAcl" => Rule::BUCKET_ACL_CHANGED,
        "PutBucketNotification" | "PutBucketNotificationConfiguration" => Rule::NOTIFICATION_CHANGED,
        "PutBucketEncryption" | "DeleteBucketEncryption" => Rule::ENCRYPTION_CHANGED,
        "PutBucketLifecycle"
        | "PutBucketLifecycleConfiguration"
        | "DeleteBucketLifecycle"
        | "DeleteBucketLifecycleConfiguration" => Rule::LIFECYCLE_CHANGED,
        "PutBucketReplication" | "DeleteBucketReplication" => Rule::REPLICATION_CHANGED,
        "PutBucketLogging" => Rule::LOGGING_CHANGED,
        "PutBucketOwnershipControls" | "DeleteBucketOwnershipControls" => Rule::OWNERSHIP_CHANGED,
        "DeleteBucket" => Rule::BUCKET_DELETED,
        "CreateAccessPoint"
        | "DeleteAccessPoint"
        | "PutAccessPointPolicy"
        | "DeleteAccessPointPolicy"
        | "CreateAccessPointForObjectLambda" => Rule::ACCESS_POINT_CHANGED,
        "PutBucketCors"
        | "DeleteBucketCors"
        | "PutBucketWebsite"
        | "DeleteBucketWebsite"
        | "PutBucketRequestPayment"
        | "PutBucketAbac"
        | "PutBucketInventoryConfiguration"
        | "DeleteBucketInventoryConfiguration"
        | "PutAccelerateConfiguration" => Rule::BUCKET_CONFIG_CHANGED,
        _ => return None,
    };
    Some(rule)
}

/// Changes of anything else on which the pipeline rests.
pub(super) fn of_account(record: Record<'_>) -> Option<Rule> {
    let name = without_api_date(record.name());
    match record.service()? {
        "s3" | "s3-control" => match name {
            "PutAccountPublicAccessBlock" | "DeleteAccountPublicAccessBlock" => Some(Rule::PUBLIC_ACCESS_BLOCK_CHANGED),
            _ => None,
        },
        "cloudtrail" => match name {
            "StopLogging"
            | "DeleteTrail"
            | "UpdateTrail"
            | "PutEventSelectors"
            | "PutInsightSelectors"
            | "StopEventDataStoreIngestion"
            | "DeleteEventDataStore" => Some(Rule::TRAIL_TAMPERED),
            _ => None,
        },
        "kms" => match name {
            "ScheduleKeyDeletion" | "DisableKey" | "DeleteImportedKeyMaterial" => Some(Rule::KMS_KEY_LOST),
            "PutKeyPolicy"
            | "DisableKeyRotation"
            | "UpdateAlias"
            | "DeleteAlias"
            | "ReplicateKey"
            | "UpdatePrimaryRegion"
            | "ImportKeyMaterial" => Some(Rule::KMS_KEY_CHANGED),
            "CreateGrant" => Some(Rule::KMS_GRANT_CREATED),
            _ => None,
        },
        "lambda" => of_function(name),
        "iam" => of_role(name),
        "sqs" => match name {
            "PurgeQueue" | "DeleteQueue" | "SetQueueAttributes" | "AddPermission" | "RemovePermission" => {
                Some(Rule::QUEUE_CHANGED)
            }
            _ => None,
        },
        "events" | "scheduler" | "pipes" => match name {
            "PutRule"
            | "DeleteRule"
            | "DisableRule"
            | "PutTargets"
            | "RemoveTargets"
            | "UpdateSchedule"
            | "DeleteSchedule"
            | "DeleteScheduleGroup" => Some(Rule::TRIGGER_CHANGED),
            _ => None,
        },
        "monitoring" | "sns" => match name {
            "DeleteAlarms"
            | "DisableAlarmActions"
            | "PutMetricAlarm"
            | "DeleteTopic"
            | "SetTopicAttributes"
            | "Unsubscribe" => Some(Rule::ALARM_CHANGED),
            _ => None,
        },
        _ => None,
    }
}

fn of_function(name: &str) -> Option<Rule> {
    let verbs = ["Update", "Delete", "Add", "Remove", "Create", "Put", "Publish"];
    let things = ["Function", "Permission", "EventSourceMapping", "Alias", "Layer", "CodeSigning", "RuntimeManagement"];
    let rest = verbs.into_iter().find_map(|verb| name.strip_prefix(verb))?;
    things.into_iter().any(|thing| rest.starts_with(thing)).then_some(Rule::FUNCTION_CHANGED)
}

fn of_role(name: &str) -> Option<Rule> {
    matches!(
        name,
        "UpdateAssumeRolePolicy"
            | "UpdateRole"
            | "DeleteRole"
            | "PutRolePolicy"
            | "DeleteRolePolicy"
            | "AttachRolePolicy"
            | "DetachRolePolicy"
            | "PutRolePermissionsBoundary"
            | "DeleteRolePermissionsBoundary"
            | "CreatePolicyVersion"
            | "SetDefaultPolicyVersion"
            | "DeletePolicy"
    )
    .then_some(Rule::ROLE_CHANGED)
}

/// Lambda's names carry the date of the API: `UpdateFunctionCode20150331v2`.
fn without_api_date(name: &str) -> &str {
    let is_date = |byte: u8| byte.is_ascii_digit() || byte == b'v';
    let tail = name.bytes().rev().take_while(|byte| is_date(*byte)).count();
    if tail < 8 { name } else { name.get(..name.len() - tail).unwrap_or(name) }
}

/// The names and ARNs of what an operation was about.
pub(super) fn subjects(record: Record<'_>) -> Vec<&str> {
    const NAMES: [&str; 20] = [
        "functionName",
        "roleName",
        "keyId",
        "targetKeyId",
        "aliasName",
        "name",
        "trailName",
        "eventDataStore",
        "queueUrl",
        "queueName",
        "rule",
        "ruleName",
        "policyArn",
        "topicArn",
        "alarmName",
        "scheduleName",
        "eventSourceArn",
        "groupName",
        "subscriptionArn",
        "resourceArn",
    ];
    let mut found: Vec<&str> = NAMES.into_iter().filter_map(|name| record.text_parameter(name)).collect();
    let alarms = record.parameter("alarmNames").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    found.extend(alarms.iter().filter_map(Value::as_str));
    found.extend(record.resources());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn api_dates_are_taken_off() {
        for (name, bare) in [
            ("UpdateFunctionCode20150331v2", "UpdateFunctionCode"),
            ("AddPermission20150331v2", "AddPermission"),
            ("DeleteFunction20150331", "DeleteFunction"),
            ("PutObject", "PutObject"),
            ("X2", "X2"),
            ("", ""),
        ] {
            assert_eq!(without_api_date(name), bare);
        }
        assert_eq!(of_function("GetFunction"), None);
        assert_eq!(of_function("UpdateEventSourceMapping"), Some(Rule::FUNCTION_CHANGED));
    }
}
