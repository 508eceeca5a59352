use serde_json::{Map, Value};
use sluice_common::port::BucketPosture;

use super::{BucketCheck, DesiredBucket, Rule};

/// The bucket policy denies everybody everything that does not come over TLS.
///
/// Only statements that can be read without doubt count: `Deny`, all principals, all S3 actions, the bucket and its
/// objects, and `aws:SecureTransport` = false as the only condition. Any further condition would narrow the denial.
///
/// Source: "How to require HTTPS", AWS re:Post; IAM JSON policy elements reference.
pub(super) struct TlsOnly;

impl BucketCheck for TlsOnly {
    fn rule(&self) -> Rule {
        Rule::BucketTlsOnly
    }

    fn problem(&self, desired: &DesiredBucket, found: &BucketPosture) -> Option<String> {
        let is_denied =
            found.policy.as_deref().is_some_and(|policy| denies_plain_http(policy, desired.bucket.as_str()));
        (desired.tls_only && !is_denied).then(|| {
            "the bucket policy does not deny all access without TLS: add a Deny on aws:SecureTransport = false"
                .to_owned()
        })
    }
}

fn denies_plain_http(policy: &str, bucket: &str) -> bool {
    let Ok(policy) = serde_json::from_str::<Value>(policy) else { return false };
    let statements = policy.get("Statement").map(one_or_many).unwrap_or_default();
    let mut covered = Covered::default();
    for statement in statements.iter().filter_map(|one| one.as_object()) {
        if denies_everybody_everything(statement) && has_only_tls_condition(statement) {
            covered.add(statement, bucket);
        }
    }
    covered.bucket && covered.objects
}

#[derive(Default)]
struct Covered {
    bucket: bool,
    objects: bool,
}

impl Covered {
    /// Several statements may share the work.
    fn add(&mut self, statement: &Map<String, Value>, bucket: &str) {
        for resource in texts(statement.get("Resource")) {
            // `arn:aws:s3:::name`, in any partition.
            let name = if resource == "*" { "*" } else { resource.splitn(6, ':').nth(5).unwrap_or_default() };
            let is_pattern_for_both = name == "*" || name.strip_suffix('*') == Some(bucket);
            self.bucket |= is_pattern_for_both || name == bucket;
            self.objects |= is_pattern_for_both || name.strip_suffix("/*") == Some(bucket);
        }
    }
}

fn denies_everybody_everything(statement: &Map<String, Value>) -> bool {
    let everybody = match statement.get("Principal") {
        Some(Value::String(all)) => all == "*",
        Some(Value::Object(kinds)) => texts(kinds.get("AWS")).contains(&"*"),
        _ => false,
    };
    let actions = texts(statement.get("Action"));
    let everything = actions.iter().any(|action| *action == "*" || action.eq_ignore_ascii_case("s3:*"));
    statement.get("Effect").and_then(Value::as_str) == Some("Deny") && everybody && everything
}

fn has_only_tls_condition(statement: &Map<String, Value>) -> bool {
    let Some(operators) = statement.get("Condition").and_then(Value::as_object) else {
        // A Deny without a condition denies plain HTTP as well.
        return statement.get("Condition").is_none();
    };
    let is_tls = |(operator, keys): (&String, &Value)| {
        let is_bool = operator.eq_ignore_ascii_case("Bool") || operator.eq_ignore_ascii_case("BoolIfExists");
        let keys = keys.as_object();
        is_bool && keys.is_some_and(|keys| keys.len() == 1 && keys.iter().all(is_insecure_transport))
    };
    operators.len() == 1 && operators.iter().all(is_tls)
}

fn is_insecure_transport((key, value): (&String, &Value)) -> bool {
    let values = one_or_many(value);
    let is_false = |value: &&Value| match value {
        Value::Bool(value) => !value,
        Value::String(value) => value.eq_ignore_ascii_case("false"),
        _ => false,
    };
    key.eq_ignore_ascii_case("aws:SecureTransport") && values.len() == 1 && values.iter().all(is_false)
}

fn one_or_many(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(many) => many.iter().collect(),
        one => vec![one],
    }
}

fn texts(value: Option<&Value>) -> Vec<&str> {
    value.map(one_or_many).unwrap_or_default().into_iter().filter_map(Value::as_str).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn deny() -> Value {
        json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*",
            "Resource": ["arn:aws:s3:::lake-raw", "arn:aws:s3:::lake-raw/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}}})
    }

    fn with(field: &str, value: Value) -> Value {
        let mut statement = deny();
        statement[field] = value;
        statement
    }

    fn holds(statements: &Value) -> bool {
        denies_plain_http(&json!({"Version": "2012-10-17", "Statement": statements}).to_string(), "lake-raw")
    }

    #[test]
    fn every_spelling_of_the_denial_counts() {
        for statements in [
            deny(),
            json!([{"Effect": "Allow"}, deny()]),
            with("Principal", json!({"AWS": "*"})),
            with("Principal", json!({"AWS": ["*"]})),
            with("Action", json!(["*"])),
            with("Action", json!("S3:*")),
            with("Resource", json!("*")),
            with("Resource", json!("arn:aws-cn:s3:::lake-raw*")),
            with("Condition", json!({"Bool": {"aws:securetransport": false}})),
            with("Condition", json!({"BoolIfExists": {"aws:SecureTransport": ["false"]}})),
            json!([
                with("Resource", json!("arn:aws:s3:::lake-raw")),
                with("Resource", json!("arn:aws:s3:::lake-raw/*"))
            ]),
        ] {
            assert!(holds(&statements), "{statements}");
        }
    }

    #[test]
    fn whatever_leaves_a_gap_does_not_count() {
        for statements in [
            json!([]),
            json!("x"),
            with("Effect", json!("Allow")),
            with("Principal", json!({"AWS": "arn:aws:iam::111122223333:root"})),
            with("Principal", json!({"Service": "*"})),
            with("Action", json!("s3:GetObject")),
            with("Resource", json!("arn:aws:s3:::lake-raw/*")),
            with("Resource", json!("arn:aws:s3:::lake-raw")),
            with("Resource", json!(["arn:aws:s3:::lake-raw", "arn:aws:s3:::lake-raw/inbox/*"])),
            with("Resource", json!(["arn:aws:s3:::lake-rawer", "arn:aws:s3:::lake-rawer/*"])),
            with("Condition", json!({"Bool": {"aws:SecureTransport": "true"}})),
            with("Condition", json!({"Bool": {"aws:SecureTransport": ["false", "true"]}})),
            with("Condition", json!({"Bool": {"aws:SecureTransport": "false", "aws:ViaAWSService": "false"}})),
            with(
                "Condition",
                json!({"Bool": {"aws:SecureTransport": "false"}, "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
            ),
            with("Condition", json!({"StringEquals": {"aws:SecureTransport": "false"}})),
            with("Condition", json!({})),
            with("Condition", json!(null)),
        ] {
            assert!(!holds(&statements), "{statements}");
        }
        for text in ["", "{", "[]", "null", &"[".repeat(10_000)] {
            assert!(!denies_plain_http(text, "lake-raw"), "{text:.20}");
        }
    }
}
