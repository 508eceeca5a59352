use std::collections::HashSet;
use std::fmt;

use jiff::Timestamp;
use serde::Deserialize;
use sluice_common::policy::{ALPHABETS, CheckDigit, Fpe, KeyScope, Unfit};
use sluice_common::{Dispose, Disposition, Sha256Digest};

use super::answer::Refusal;
use crate::keyring::Domain;
use crate::transform::FpeMark;

/// The most bytes a request can have: what Lambda takes in a synchronous call.
pub const MAX_REQUEST_BYTES: usize = 6 * 1024 * 1024;

/// The most pseudonyms of one request: re-identification is for cases, not for tables.
pub const MAX_TOKENS: usize = 1_000;

/// The most days that an approval holds.
pub const MAX_VALIDITY_DAYS: u32 = 7;

const MAX_TOKEN_BYTES: usize = 256 * 1024;
const MAX_COLUMN_BYTES: usize = 1_024;
/// As many as in a policy.
const MAX_ALPHABET_CHARACTERS: usize = 1_024;
/// As many characters as a policy may keep at an end.
const MAX_KEPT: u16 = 64;
const MAX_CASE_ID_BYTES: usize = 128;
const MAX_REASON_CHARACTERS: usize = 2_000;
const MIN_REASON_CHARACTERS: usize = 10;

/// Who someone is: an e-mail address, a user name or an ARN. 1 to 256 visible ASCII characters, so that no two that look
/// alike are different people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity(String);

impl Identity {
    const MAX_BYTES: usize = 256;

    pub(super) fn new(text: &str) -> Option<Self> {
        let visible = !text.is_empty() && text.len() <= Self::MAX_BYTES && text.bytes().all(|b| b.is_ascii_graphic());
        visible.then(|| Self(text.to_owned()))
    }

    /// The identity as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether both are one person: letters count without their case.
    pub fn is_same(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A request that is in order.
#[derive(Clone, PartialEq, Eq)]
pub struct ReidentifyRequest {
    /// The domain of the pseudonyms.
    pub domain: Domain,
    /// The pseudonyms as they were given, 1 to [`MAX_TOKENS`].
    pub tokens: Vec<String>,
    /// Who asks.
    pub requester: Identity,
    /// Who agreed: someone else.
    pub approver: Identity,
    /// The case, in whatever system it is kept.
    pub case_id: String,
    /// Why.
    pub reason: String,
    /// The column of the pseudonyms, when they were made under its own key (`key: column`) or by `fpe`.
    pub column: Option<String>,
    /// How the values were made that are no pseudonyms by their form: by `fpe`.
    pub fpe: Option<FpeSource>,
    /// Until when the approval holds; none when it says nothing.
    pub expires: Option<Timestamp>,
    /// SHA-256 of the request's bytes.
    pub digest: Sha256Digest,
}

/// Under which key and how values of `fpe` were made. They have no room to say it themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FpeSource {
    /// As the metadata of the object has it that the values come from, and its statement.
    pub mark: FpeMark,
    /// The parameters of the policy's column.
    pub parameters: Fpe,
}

/// The parameters of `fpe`, with the policy's names and defaults.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct FpeDocument {
    mark: String,
    #[serde(default = "digits")]
    alphabet: String,
    #[serde(default)]
    keep_first: u16,
    #[serde(default)]
    keep_last: u16,
    #[serde(default)]
    check: Option<String>,
}

fn digits() -> String {
    "digits".to_owned()
}

impl FpeDocument {
    fn read(self) -> Option<FpeSource> {
        let check = match self.check.as_deref() {
            None | Some("none") => CheckDigit::None,
            Some("luhn") => CheckDigit::Luhn,
            Some(_) => return None,
        };
        let named = ALPHABETS.iter().find(|(name, _)| *name == self.alphabet);
        let alphabet = named.map_or(self.alphabet, |(_, characters)| (*characters).to_owned());
        let characters: HashSet<char> = alphabet.chars().collect();
        let is_alphabet = (2..=MAX_ALPHABET_CHARACTERS).contains(&characters.len())
            && characters.len() == alphabet.chars().count()
            && (check == CheckDigit::None || ALPHABETS.first().is_some_and(|(_, digits)| *digits == alphabet));
        if !is_alphabet || self.keep_first > MAX_KEPT || self.keep_last > MAX_KEPT {
            return None;
        }
        Some(FpeSource {
            mark: FpeMark::parse(&self.mark)?,
            parameters: Fpe {
                alphabet,
                keep_first: self.keep_first,
                keep_last: self.keep_last,
                check,
                unfit: Unfit::Null,
                key: KeyScope::Domain,
            },
        })
    }
}

/// The document: what a request looks like.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Document {
    domain: String,
    tokens: Vec<String>,
    requester: String,
    approver: String,
    case_id: String,
    reason: String,
    #[serde(default)]
    column: Option<String>,
    #[serde(default)]
    fpe: Option<FpeDocument>,
    #[serde(default)]
    expires: Option<String>,
}

/// What is wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestProblem {
    /// Too long.
    #[error("the request is longer than {MAX_REQUEST_BYTES} bytes; split it")]
    TooLong,
    /// Not the document.
    #[error(
        "line {line}, column {column}: expected an object with domain, tokens, requester, approver, caseId and reason, \
         and nothing else"
    )]
    Json {
        /// The line, counted from 1.
        line: usize,
        /// The column, counted from 1.
        column: usize,
    },
    /// No domain.
    #[error("domain: expected 1 to 64 of a-z, 0-9, '_' and '-', beginning with a letter or digit")]
    Domain,
    /// No pseudonyms, or too many.
    #[error("tokens: expected 1 to {MAX_TOKENS}, got {got}")]
    TokenCount {
        /// How many there are.
        got: usize,
    },
    /// A pseudonym of impossible length.
    #[error("tokens[{index}]: longer than any pseudonym")]
    TokenLength {
        /// Which, counted from 0.
        index: usize,
    },
    /// Not an identity.
    #[error("{field}: expected 1 to 256 visible ASCII characters: an e-mail address, a user name or an ARN")]
    Identity {
        /// Which of the two.
        field: &'static str,
    },
    /// Nobody approves for themselves.
    #[error("approver: must be someone other than the requester")]
    SelfApproved,
    /// Not an instant.
    #[error("expires: expected an instant such as 2025-01-31T18:00:00Z, or nothing")]
    Expires,
    /// The approval does not hold any more.
    #[error("expires: the approval has ended; ask the approver again")]
    Expired,
    /// The approval would hold for too long.
    #[error("expires: an approval holds for {MAX_VALIDITY_DAYS} days at most")]
    ValidTooLong,
    /// So many requests were made today already.
    #[error("requester: has had all requests of the day; ask again tomorrow")]
    RateLimited,
    /// Not a column's name.
    #[error("column: expected 1 to 1,024 bytes, or nothing")]
    Column,
    /// Not a description of values of `fpe`.
    #[error(
        "fpe: expected the mark fpe1_… from the object's metadata, and alphabet, keepFirst, keepLast and check as in the \
         policy; the request must name the column"
    )]
    Fpe,
    /// The values of `fpe` cannot be opened, none of them.
    #[error("fpe: {0}")]
    FpeRefused(Refusal),
    /// Not a case.
    #[error("caseId: expected 1 to 128 visible ASCII characters")]
    CaseId,
    /// Not a reason.
    #[error("reason: expected 10 to 2,000 characters that say why, without control characters")]
    Reason,
}

/// Everything that is wrong with a request. It repeats nothing of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the request is refused: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct RequestProblems(pub Vec<RequestProblem>);

impl Dispose for RequestProblems {
    fn disposition(&self) -> Disposition {
        Disposition::Quarantine
    }

    fn reason(&self) -> &'static str {
        "request_refused"
    }
}

impl ReidentifyRequest {
    /// Reads a request.
    ///
    /// # Errors
    /// With every problem at once.
    pub fn parse(json: &[u8]) -> Result<Self, RequestProblems> {
        if json.len() > MAX_REQUEST_BYTES {
            return Err(RequestProblems(vec![RequestProblem::TooLong]));
        }
        let document: Document = serde_json::from_slice(json).map_err(|error| {
            RequestProblems(vec![RequestProblem::Json { line: error.line(), column: error.column() }])
        })?;
        Self::check(document, Sha256Digest::of(json)).map_err(RequestProblems)
    }

    /// Whether the approval holds at a time.
    ///
    /// # Errors
    /// [`RequestProblem::Expired`], [`RequestProblem::ValidTooLong`].
    pub fn check_time(&self, now: Timestamp) -> Result<(), RequestProblem> {
        let Some(expires) = self.expires else { return Ok(()) };
        let seconds_left = expires.as_second().saturating_sub(now.as_second());
        if expires <= now {
            Err(RequestProblem::Expired)
        } else if seconds_left > i64::from(MAX_VALIDITY_DAYS) * 86_400 {
            Err(RequestProblem::ValidTooLong)
        } else {
            Ok(())
        }
    }

    fn check(document: Document, digest: Sha256Digest) -> Result<Self, Vec<RequestProblem>> {
        let mut problems = Vec::new();
        let domain = Domain::new(document.domain).map_err(|_name| problems.push(RequestProblem::Domain)).ok();
        if !(1..=MAX_TOKENS).contains(&document.tokens.len()) {
            problems.push(RequestProblem::TokenCount { got: document.tokens.len() });
        }
        let too_long = |(_, token): &(usize, &String)| token.len() > MAX_TOKEN_BYTES;
        if let Some((index, _)) = document.tokens.iter().enumerate().find(too_long) {
            problems.push(RequestProblem::TokenLength { index });
        }
        let requester = Identity::new(document.requester.trim());
        let approver = Identity::new(document.approver.trim());
        for (field, identity) in [("requester", &requester), ("approver", &approver)] {
            if identity.is_none() {
                problems.push(RequestProblem::Identity { field });
            }
        }
        if let (Some(requester), Some(approver)) = (&requester, &approver)
            && requester.is_same(approver)
        {
            problems.push(RequestProblem::SelfApproved);
        }
        let case_id = document.case_id.trim().to_owned();
        if case_id.is_empty() || case_id.len() > MAX_CASE_ID_BYTES || !case_id.bytes().all(|b| b.is_ascii_graphic()) {
            problems.push(RequestProblem::CaseId);
        }
        let expires = document.expires.map(|text| text.trim().parse::<Timestamp>());
        if matches!(expires, Some(Err(_))) {
            problems.push(RequestProblem::Expires);
        }
        if document.column.as_ref().is_some_and(|name| !(1..=MAX_COLUMN_BYTES).contains(&name.len())) {
            problems.push(RequestProblem::Column);
        }
        let names_fpe = document.fpe.is_some();
        let fpe = document.fpe.and_then(FpeDocument::read);
        if names_fpe && (fpe.is_none() || document.column.is_none()) {
            problems.push(RequestProblem::Fpe);
        }
        let reason = document.reason.trim().to_owned();
        let length = reason.chars().count();
        if !(MIN_REASON_CHARACTERS..=MAX_REASON_CHARACTERS).contains(&length) || reason.chars().any(char::is_control) {
            problems.push(RequestProblem::Reason);
        }
        match (domain, requester, approver) {
            (Some(domain), Some(requester), Some(approver)) if problems.is_empty() => {
                let (tokens, column, expires) = (document.tokens, document.column, expires.and_then(Result::ok));
                Ok(Self { domain, tokens, requester, approver, case_id, reason, column, fpe, expires, digest })
            }
            _ => Err(problems),
        }
    }
}

/// Shows who asks for how much, not for what.
impl fmt::Debug for ReidentifyRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReidentifyRequest")
            .field("domain", &self.domain)
            .field("tokens", &self.tokens.len())
            .field("requester", &self.requester)
            .field("approver", &self.approver)
            .field("case_id", &self.case_id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn document() -> Value {
        json!({
            "domain": "customers",
            "tokens": ["enc1_1_AAAAAAAAAAAAAAAAAAAAAA"],
            "requester": "anna@example.com",
            "approver": "ben@example.com",
            "caseId": "FRAUD-17",
            "reason": "chargeback under investigation",
        })
    }

    fn problems(change: impl FnOnce(&mut Value)) -> Vec<RequestProblem> {
        let mut document = document();
        change(&mut document);
        ReidentifyRequest::parse(document.to_string().as_bytes()).unwrap_err().0
    }

    #[test]
    fn a_request_in_order() {
        let json = document().to_string();
        let request = ReidentifyRequest::parse(json.as_bytes()).unwrap();
        assert_eq!(request.digest, Sha256Digest::of(json.as_bytes()));
        assert_eq!((request.requester.as_str(), request.approver.as_str()), ("anna@example.com", "ben@example.com"));
    }

    #[test]
    fn nobody_approves_for_themselves() {
        for approver in ["anna@example.com", "Anna@Example.COM", " anna@example.com\n"] {
            assert_eq!(problems(|d| d["approver"] = approver.into()), [RequestProblem::SelfApproved], "{approver}");
        }
    }

    #[test]
    fn look_alikes_are_no_identities() {
        // The first letter is Cyrillic.
        let problem = [RequestProblem::Identity { field: "approver" }];
        assert_eq!(problems(|d| d["approver"] = "аnna@example.com".into()), problem);
        assert_eq!(problems(|d| d["approver"] = "".into()), problem);
        assert_eq!(problems(|d| d["approver"] = "a b".into()), problem);
    }

    #[test]
    fn each_field_is_checked() {
        assert_eq!(problems(|d| d["reason"] = "  because  ".into()), [RequestProblem::Reason]);
        assert_eq!(problems(|d| d["reason"] = "because\u{7}because".into()), [RequestProblem::Reason]);
        assert_eq!(problems(|d| d["caseId"] = " ".into()), [RequestProblem::CaseId]);
        assert_eq!(problems(|d| d["domain"] = "../x".into()), [RequestProblem::Domain]);
        assert_eq!(problems(|d| d["tokens"] = json!([])), [RequestProblem::TokenCount { got: 0 }]);
        let many = vec!["enc1_1_AAAA"; MAX_TOKENS + 1];
        assert_eq!(problems(|d| d["tokens"] = json!(many)), [RequestProblem::TokenCount { got: MAX_TOKENS + 1 }]);
        let long = "x".repeat(MAX_TOKEN_BYTES + 1);
        assert_eq!(problems(|d| d["tokens"] = json!(["a", long])), [RequestProblem::TokenLength { index: 1 }]);
        assert!(matches!(problems(|d| d["more"] = 1.into())[..], [RequestProblem::Json { .. }]));
        assert!(matches!(problems(|d| d["tokens"] = "enc1".into())[..], [RequestProblem::Json { .. }]));
    }

    #[test]
    fn values_of_fpe_come_with_their_source() {
        const MARK: &str = "fpe1_1-sl2vynqb_wldmw3t4";
        let mut sound = document();
        sound["column"] = "card".into();
        sound["fpe"] = json!({ "mark": MARK, "keepLast": 4, "check": "luhn" });
        let request = ReidentifyRequest::parse(sound.to_string().as_bytes()).unwrap();
        let source = request.fpe.unwrap();
        assert_eq!(source.mark.to_string(), MARK);
        assert_eq!((source.parameters.alphabet.as_str(), source.parameters.keep_last), ("0123456789", 4));
        sound["fpe"] = json!({ "mark": MARK, "alphabet": "hex" });
        let request = ReidentifyRequest::parse(sound.to_string().as_bytes()).unwrap();
        assert_eq!(request.fpe.unwrap().parameters.alphabet, "0123456789abcdef");
        let refused = |fpe: Value| problems(|d| (d["column"], d["fpe"]) = ("card".into(), fpe));
        for unsound in [
            json!({ "mark": "fpe1_1_wldmw3t4" }),
            json!({ "mark": MARK, "alphabet": "0" }),
            json!({ "mark": MARK, "alphabet": "0120" }),
            json!({ "mark": MARK, "alphabet": "hex", "check": "luhn" }),
            json!({ "mark": MARK, "check": "verhoeff" }),
            json!({ "mark": MARK, "keepFirst": 65 }),
        ] {
            assert_eq!(refused(unsound.clone()), [RequestProblem::Fpe], "{unsound}");
        }
        assert_eq!(problems(|d| d["fpe"] = json!({ "mark": MARK })), [RequestProblem::Fpe], "which column?");
        assert!(matches!(refused(json!({ "mark": MARK, "more": 1 }))[..], [RequestProblem::Json { .. }]));
    }

    #[test]
    fn an_approval_ends() {
        let request = |expires: Value| {
            let mut document = document();
            document["expires"] = expires;
            ReidentifyRequest::parse(document.to_string().as_bytes()).unwrap()
        };
        let now: Timestamp = "2025-01-31T12:00:00Z".parse().unwrap();
        assert_eq!(request(Value::Null).check_time(now), Ok(()));
        for (expires, checked) in [
            ("2025-01-31T12:00:01Z", Ok(())),
            ("2025-01-31T14:00:00+01:00", Ok(())),
            ("2025-02-07T12:00:00Z", Ok(())),
            ("2025-02-07T12:00:01Z", Err(RequestProblem::ValidTooLong)),
            ("2025-01-31T12:00:00Z", Err(RequestProblem::Expired)),
            ("2024-01-31T12:00:00Z", Err(RequestProblem::Expired)),
        ] {
            assert_eq!(request(expires.into()).check_time(now), checked, "{expires}");
        }
        assert_eq!(problems(|d| d["expires"] = "tomorrow".into()), [RequestProblem::Expires]);
        assert_eq!(problems(|d| d["column"] = "".into()), [RequestProblem::Column]);
    }

    #[test]
    fn all_problems_come_at_once_and_repeat_nothing() {
        let problems = ReidentifyRequest::parse(
            br#"{"domain":"SECRET!","tokens":[],"requester":"","approver":"s e c r e t","caseId":"","reason":"secret"}"#,
        )
        .unwrap_err();
        assert_eq!(problems.0.len(), 6);
        assert!(!problems.to_string().to_lowercase().contains("s e c r e t"));
        assert!(!problems.to_string().to_lowercase().contains("secret"));
    }

    #[test]
    fn debug_shows_no_pseudonym() {
        let request = ReidentifyRequest::parse(document().to_string().as_bytes()).unwrap();
        assert!(!format!("{request:?}").contains("enc1_"));
    }
}
