//! Who did it.

use serde::{Deserialize, Serialize};

use super::record::Record;

/// Whom an entry of a list means.
///
/// | text | means |
/// |---|---|
/// | `NAME` | the role or user of that name in an account of ours |
/// | `arn:aws:iam::ACCOUNT:role/…`, `…:user/…` | that role, whatever its session, or that user |
/// | `service:NAME.amazonaws.com` | an AWS service acting for itself |
/// | `{"role": NAME or ARN, "session": NAME}` | that role only in a session of that name: Lambda names a session after its function |
/// | `lambda:NAME` | the same for a role that is named like its function |
///
/// `*` stands for any characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Entry {
    /// A principal.
    Whoever(String),
    /// A role within a session.
    Session(RoleSession),
}

impl Entry {
    /// The role and the session that it is bound to, if it is.
    pub fn bound(&self) -> Option<(&str, &str)> {
        match self {
            Self::Session(bound) => Some((&bound.role, &bound.session)),
            Self::Whoever(text) => text.strip_prefix("lambda:").map(|name| (name, name)),
        }
    }
}

/// A role, bound to a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RoleSession {
    /// The role's name or ARN.
    pub role: String,
    /// The session's name.
    pub session: String,
}

/// How a principal is on a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Listed {
    /// It is not.
    No,
    /// Its role is, in another session.
    OtherSession,
    /// It is.
    Yes,
}

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal<'a> {
    kind: &'a str,
    /// ARN of the role or user, without the session; for a service its name.
    arn: Option<&'a str>,
    session: Option<&'a str>,
    account: Option<&'a str>,
    invoked_by: Option<&'a str>,
    is_anonymous: bool,
}

impl<'a> Principal<'a> {
    /// The caller of a record.
    pub fn of(record: &Record<'a>) -> Self {
        let kind = record.identity("/type").unwrap_or_default();
        let arn = record.identity("/arn");
        let issuer = record.identity("/sessionContext/sessionIssuer/arn");
        let session = arn.filter(|arn| arn.contains(":assumed-role/")).and_then(|arn| Some(arn.rsplit_once('/')?.1));
        let account = record.identity("/accountId").or_else(|| arn.and_then(account_of));
        let is_anonymous = [account, record.identity("/principalId")]
            .into_iter()
            .flatten()
            .any(|id| matches!(id, "ANONYMOUS_PRINCIPAL" | "Anonymous" | "anonymous"));
        let invoked_by = record.identity("/invokedBy");
        Self { kind, arn: issuer.or(arn), session, account, invoked_by, is_anonymous }
    }

    /// Nobody in particular.
    pub const fn is_anonymous(&self) -> bool {
        self.is_anonymous
    }

    /// The account's root user.
    pub fn is_root(&self) -> bool {
        self.kind == "Root" && self.invoked_by.is_none()
    }

    /// An AWS service acting for itself, not for a caller.
    pub fn is_service(&self) -> bool {
        self.kind == "AWSService"
    }

    /// Whether a service called on the principal's behalf.
    pub const fn is_through_service(&self) -> bool {
        self.invoked_by.is_some()
    }

    /// Whether it belongs to none of some accounts.
    pub fn is_foreign(&self, ours: &[&str]) -> bool {
        !self.is_service() && self.account.is_some_and(|account| !ours.is_empty() && !ours.contains(&account))
    }

    /// `userIdentity.type`.
    pub const fn kind(&self) -> &'a str {
        self.kind
    }

    /// What tells this principal from others: its ARN, or as much as there is.
    pub fn id(&self) -> &'a str {
        self.arn.or(self.invoked_by).or(self.account).unwrap_or_default()
    }

    /// How it is on a list.
    pub fn listed(&self, list: &[Entry], ours: &[&str]) -> Listed {
        let how = |entry: &Entry| match entry.bound() {
            Some((role, session)) if self.is(role, ours) => {
                let same = self.session.is_some_and(|actual| glob(session, actual));
                if same { Listed::Yes } else { Listed::OtherSession }
            }
            None if matches!(entry, Entry::Whoever(text) if self.is(text, ours)) => Listed::Yes,
            _ => Listed::No,
        };
        list.iter().map(how).max().unwrap_or(Listed::No)
    }

    fn is(&self, text: &str, ours: &[&str]) -> bool {
        if let Some(service) = text.strip_prefix("service:") {
            return self.is_service() && self.invoked_by.is_some_and(|name| glob(service, name));
        }
        let Some(arn) = self.arn.filter(|_| !self.is_anonymous) else { return false };
        if text.starts_with("arn:") {
            return glob(text, arn);
        }
        let name = arn.rsplit_once('/').map_or("", |(_, name)| name);
        !self.is_foreign(ours) && glob(text, name)
    }
}

fn account_of(arn: &str) -> Option<&str> {
    arn.split(':').nth(4).filter(|account| !account.is_empty())
}

/// Whether a text fits a pattern in which `*` stands for any characters.
pub fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn patterns_fit() {
        for (pattern, text, fits) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("*", "", true),
            ("a*", "abc", true),
            ("*c", "abc", true),
            ("a*b*c", "a1b2c", true),
            ("a*b*c", "acb", false),
            ("ab*ba", "aba", false),
        ] {
            assert_eq!(glob(pattern, text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn a_role_is_meant_by_name_in_our_accounts_only_and_by_arn_anywhere() {
        let record = |account: &str| {
            json!({"userIdentity": {
                "type": "AssumedRole", "accountId": account,
                "arn": format!("arn:aws:sts::{account}:assumed-role/reader/fn"),
                "sessionContext": {"sessionIssuer": {"arn": format!("arn:aws:iam::{account}:role/path/reader")}},
            }})
        };
        let (ours, other) = (record("111122223333"), record("999999999999"));
        let how = |value, entry| Principal::of(&Record::new(value)).listed(&[entry], &["111122223333"]);
        let whoever = |text: &str| Entry::Whoever(text.to_owned());
        let bound = |session: &str| Entry::Session(RoleSession { role: "reader".into(), session: session.into() });
        assert_eq!(how(&ours, whoever("reader")), Listed::Yes);
        assert_eq!(how(&other, whoever("reader")), Listed::No);
        assert_eq!(how(&other, whoever("arn:aws:iam::999999999999:role/path/reader")), Listed::Yes);
        assert_eq!(how(&ours, whoever("arn:aws:iam::*:role/*")), Listed::Yes);
        assert_eq!(how(&ours, bound("fn")), Listed::Yes);
        assert_eq!(how(&ours, bound("alice")), Listed::OtherSession);
        assert_eq!(how(&ours, whoever("lambda:reader")), Listed::OtherSession);
        assert_eq!(how(&ours, whoever("lambda:*")), Listed::Yes);
        assert_eq!(how(&ours, whoever("service:reader")), Listed::No);
    }

    #[test]
    fn a_service_cannot_be_played() {
        let service = json!({"userIdentity": {"type": "AWSService", "invokedBy": "cloudtrail.amazonaws.com"}});
        let user = json!({"userIdentity": {
            "type": "IAMUser", "arn": "arn:aws:iam::1:user/x", "invokedBy": "cloudtrail.amazonaws.com"}});
        let list = [Entry::Whoever("service:cloudtrail.amazonaws.com".into())];
        assert_eq!(Principal::of(&Record::new(&service)).listed(&list, &[]), Listed::Yes);
        assert_eq!(Principal::of(&Record::new(&user)).listed(&list, &[]), Listed::No);
    }
}
