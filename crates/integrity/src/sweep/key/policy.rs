use serde_json::Value;
use sluice_common::port::KeyPosture;

use super::{DesiredKey, KeyCheck, Rule};

/// The key policy lets nobody in from outside its account.
pub(super) struct Policy;

impl KeyCheck for Policy {
    fn rule(&self) -> Rule {
        Rule::KeyPolicyOpen
    }

    fn problem(&self, desired: &DesiredKey, found: &KeyPosture) -> Option<String> {
        if found.policy.is_empty() {
            return None;
        }
        let account = desired.arn.split(':').nth(4)?;
        let lets_in = lets_strangers_in(&found.policy, account);
        lets_in.then(|| "the key policy allows principals outside the key's account: see who changed it".to_owned())
    }
}

/// Whether a statement allows everybody, or a principal of another account. A policy that is none allows nobody whom it could
/// name, so it says nothing of ours either: it counts as open.
fn lets_strangers_in(policy: &str, account: &str) -> bool {
    let Ok(policy) = serde_json::from_str::<Value>(policy) else { return true };
    let statements = policy.get("Statement").map(one_or_many).unwrap_or_default();
    let allows = |statement: &&Value| statement.get("Effect").and_then(Value::as_str) == Some("Allow");
    statements.into_iter().filter(allows).any(|statement| {
        let has_condition = statement.get("Condition").and_then(Value::as_object).is_some_and(|all| !all.is_empty());
        match statement.get("Principal") {
            Some(Value::String(_everybody)) => !has_condition,
            Some(Value::Object(kinds)) => {
                let people = kinds.get("AWS").map(one_or_many).unwrap_or_default();
                people.into_iter().any(|who| is_stranger(who.as_str().unwrap_or("*"), account, has_condition))
            }
            _ => true,
        }
    })
}

fn is_stranger(who: &str, account: &str, has_condition: bool) -> bool {
    match who {
        "*" => !has_condition,
        _ => who != account && who.split(':').nth(4) != Some(account),
    }
}

fn one_or_many(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(many) => many.iter().collect(),
        one => vec![one],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn strangers_are_found_however_they_are_spelled() {
        let is_open =
            |statements: Value| lets_strangers_in(&json!({"Statement": statements}).to_string(), "111122223333");
        let root = json!({"AWS": "arn:aws:iam::111122223333:root"});
        let narrow = json!({"StringEquals": {"kms:CallerAccount": "111122223333"}});
        for (principal, condition, open) in [
            (root, json!(null), false),
            (json!({"AWS": ["111122223333"]}), json!(null), false),
            (json!({"Service": "logs.amazonaws.com"}), json!(null), false),
            (json!({"AWS": "*"}), narrow.clone(), false),
            (json!({"AWS": "*"}), json!(null), true),
            (json!("*"), json!({}), true),
            (json!({"AWS": ["111122223333", "arn:aws:iam::444455556666:role/x"]}), narrow, true),
            (json!({"AWS": "444455556666"}), json!(null), true),
        ] {
            let allow = json!({"Effect": "Allow", "Principal": principal, "Action": "kms:*", "Condition": condition});
            assert_eq!(is_open(allow.clone()), open, "{allow}");
            let mut deny = allow;
            deny["Effect"] = "Deny".into();
            assert!(!is_open(json!([deny])));
        }
        assert!(lets_strangers_in("not JSON", "111122223333"));
    }
}
