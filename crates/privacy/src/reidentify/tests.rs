//! Re-identification against S3 and KMS in memory.

use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::{ArrayRef, StringArray};
use sluice_common::Sha256Digest;
use sluice_testkit::{FaultPlan, Faulty, MemoryKms, MemoryS3, names};

use super::*;
use crate::keyring::{Domain, DomainKey, Epoch, KeyUnwrapper, Keyring, ShredNote};
use crate::transform::{ColumnTransform as _, Encrypt, Token};

struct World {
    s3: MemoryS3,
    kms: MemoryKms,
}

impl World {
    fn new() -> Self {
        let s3 = MemoryS3::default();
        s3.create_versioned_bucket(&names::bucket("lake-vault")).unwrap();
        Self { s3, kms: MemoryKms::new("vault") }
    }

    fn ring(&self) -> Keyring {
        let s3 = Arc::new(self.s3.clone());
        Keyring::new(names::bucket("lake-vault"), s3.clone(), s3.clone(), s3, Arc::new(self.kms.clone()))
    }

    async fn key(&self, domain: &str) -> Arc<DomainKey> {
        self.ring().current(&Domain::new(domain).unwrap()).await.unwrap()
    }

    /// Destroys the first key of a domain.
    async fn shred(&self, domain: &str, statement: Option<Sha256Digest>) {
        let (ring, domain) = (self.ring(), Domain::new(domain).unwrap());
        let wrapped_sha256 = ring.wrapped_digest(&domain, Epoch::FIRST).await.unwrap();
        let (requester, approver, reason) = ("anna".to_owned(), "ben".to_owned(), "retention ended".to_owned());
        let note = ShredNote { domain, epoch: Epoch::FIRST, wrapped_sha256, requester, approver, reason, statement };
        ring.shred(note, &self.s3).await.unwrap();
    }

    fn keys(&self, plan: &FaultPlan) -> KeyUnwrapper {
        let kms = Faulty::new(self.kms.clone(), plan.clone());
        KeyUnwrapper::new(names::bucket("lake-vault"), Arc::new(self.s3.clone()), Arc::new(kms))
    }
}

fn encrypted(key: &DomainKey, text: &str) -> String {
    let input: ArrayRef = Arc::new(StringArray::from(vec![text]));
    Encrypt::new(key).apply(&input).unwrap().as_string_view().value(0).to_owned()
}

fn request(tokens: &[String]) -> ReidentifyRequest {
    let json = serde_json::json!({
        "domain": "customers", "tokens": tokens, "requester": "anna", "approver": "ben",
        "caseId": "C-1", "reason": "chargeback under investigation",
    });
    ReidentifyRequest::parse(json.to_string().as_bytes()).unwrap()
}

fn shown(answer: &Answer) -> Vec<String> {
    let shown = |opened: &Opened| match opened {
        Opened::Value(value) => value.to_string(),
        Opened::Refused(refusal) => format!("{refusal:?}"),
    };
    answer.results().iter().map(shown).collect()
}

#[tokio::test]
async fn each_pseudonym_has_its_own_result() {
    let world = World::new();
    let (customers, staff) = (world.key("customers").await, world.key("staff").await);
    let good = encrypted(&customers, "anna@example.com");
    let mut altered = good.clone();
    let swapped = if altered.as_bytes()[20] == b'A' { "B" } else { "A" };
    altered.replace_range(20..21, swapped);
    let mut token = String::new();
    Token::new(&customers).token("anna@example.com", &mut token);
    let tokens = [
        good.clone(),
        token,
        altered,
        encrypted(&staff, "anna@example.com"),
        good.replacen("enc1_1_", "enc1_2_", 1),
        "anna@example.com".to_owned(),
        encrypted(&customers, "Zoë \"\u{1F600}\""),
    ];
    let answer = reidentify(&request(&tokens), &world.keys(&FaultPlan::new())).await.unwrap();
    assert_eq!(
        shown(&answer),
        [
            "anna@example.com",
            "NotReversible",
            "NotAuthentic",
            "NotAuthentic",
            "UnknownEpoch",
            "Malformed",
            "Zoë \"\u{1F600}\"",
        ]
    );
    assert_eq!(answer.opened(), 2);
}

#[tokio::test]
async fn the_answer_is_the_same_when_run_again_and_its_digest_is_blinded() {
    let world = World::new();
    let key = world.key("customers").await;
    let first = request(&[encrypted(&key, "1990-01-31")]);
    let keys = world.keys(&FaultPlan::new());
    let json = reidentify(&first, &keys).await.unwrap().to_json().unwrap();
    assert_eq!(*json, *reidentify(&first, &keys).await.unwrap().to_json().unwrap());
    assert_eq!(Answer::digest(&json), Sha256Digest::of(&json));
    let value: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(value["results"], serde_json::json!([{"value": "1990-01-31"}]));
    assert_eq!(value["requestSha256"], first.digest.to_hex());
    // A request of its own has a blind of its own.
    let mut second = first.clone();
    second.digest = Sha256Digest::of(b"another");
    let other: serde_json::Value =
        serde_json::from_slice(&reidentify(&second, &keys).await.unwrap().to_json().unwrap()).unwrap();
    assert_ne!(value["blind"], other["blind"]);
    assert_eq!(value["blind"].as_str().unwrap().len(), 64);
}

#[tokio::test]
async fn a_key_is_opened_once_a_request_and_never_made() {
    let world = World::new();
    let key = world.key("customers").await;
    let tokens: Vec<String> = (0..MAX_TOKENS).map(|i| encrypted(&key, &i.to_string())).collect();
    let plan = FaultPlan::new();
    let answer = reidentify(&request(&tokens), &world.keys(&plan)).await.unwrap();
    assert_eq!(answer.opened(), MAX_TOKENS);
    assert_eq!((plan.calls("unwrap_key"), plan.calls("generate")), (1, 0));
}

#[tokio::test]
async fn denied_keys_are_an_error_not_a_refusal() {
    let world = World::new();
    let key = world.key("customers").await;
    let keys = world.keys(&FaultPlan::new().always("unwrap_key", sluice_testkit::Fault::Deny));
    assert!(reidentify(&request(&[encrypted(&key, "x")]), &keys).await.is_err());
}

#[tokio::test]
async fn nothing_but_the_answer_itself_shows_a_value() {
    let world = World::new();
    let key = world.key("customers").await;
    let request = request(&[encrypted(&key, "canary-7Q")]);
    let answer = reidentify(&request, &world.keys(&FaultPlan::new())).await.unwrap();
    let shown = format!("{request:?} {answer:?} {:?}", answer.results());
    assert!(!shown.contains("canary"), "{shown}");
}

#[tokio::test]
async fn a_day_has_so_many_requests_for_each_requester() {
    let world = World::new();
    let s3 = Arc::new(world.s3.clone());
    let limit = RateLimit::new(names::bucket("lake-vault"), s3.clone(), s3, 2);
    let numbered = |requester: &str, number: u8| {
        let mut request = request(&["tk1_1_aaaqeayeaudaocajbifqydiob4".to_owned()]);
        request.requester = Identity::new(requester).unwrap();
        request.digest = Sha256Digest::of(&[number]);
        request
    };
    let now = "2025-01-31T23:59:59Z".parse().unwrap();
    assert_eq!(limit.admit(&numbered("anna", 1), now).await.unwrap(), Admission::Admitted(1));
    assert_eq!(limit.admit(&numbered("Anna", 2), now).await.unwrap(), Admission::Admitted(2));
    assert_eq!(limit.admit(&numbered("anna", 3), now).await.unwrap(), Admission::Exhausted);
    // The same request again is no further one; another person and another day have their own.
    assert_eq!(limit.admit(&numbered("anna", 1), now).await.unwrap(), Admission::Admitted(1));
    assert_eq!(limit.admit(&numbered("ben", 3), now).await.unwrap(), Admission::Admitted(1));
    let tomorrow = "2025-02-01T00:00:00Z".parse().unwrap();
    assert_eq!(limit.admit(&numbered("anna", 3), tomorrow).await.unwrap(), Admission::Admitted(1));
    assert!(world.s3.live_keys(&names::bucket("lake-vault")).iter().all(|key| !key.contains("anna")));
}

#[tokio::test]
async fn requests_at_once_do_not_share_a_place() {
    let world = World::new();
    let s3 = Arc::new(world.s3.clone());
    let limit = RateLimit::new(names::bucket("lake-vault"), s3.clone(), s3, 3);
    let now = "2025-01-31T12:00:00Z".parse().unwrap();
    let requests: Vec<ReidentifyRequest> = (0..5u8)
        .map(|number| {
            let mut request = request(&["x".to_owned()]);
            request.digest = Sha256Digest::of(&[number]);
            request
        })
        .collect();
    let admitted = futures::future::join_all(requests.iter().map(|request| limit.admit(request, now))).await;
    let count = admitted.into_iter().filter(|one| matches!(one, Ok(Admission::Admitted(_)))).count();
    assert_eq!(count, 3);
}

#[tokio::test]
async fn pseudonyms_of_one_column_open_when_it_is_named() {
    let world = World::new();
    let key = world.key("customers").await;
    let input: ArrayRef = Arc::new(StringArray::from(vec!["anna"]));
    let token = Encrypt::new(key.of_column("name")).apply(&input).unwrap().as_string_view().value(0).to_owned();
    for (column, expected) in [(None, "ColumnNeeded"), (Some("email"), "OtherColumn"), (Some("name"), "anna")] {
        let mut request = request(std::slice::from_ref(&token));
        request.column = column.map(str::to_owned);
        let answer = reidentify(&request, &world.keys(&FaultPlan::new())).await.unwrap();
        assert_eq!(shown(&answer), [expected]);
    }
}

#[tokio::test]
async fn a_destroyed_epoch_says_when_and_by_which_statement() {
    for statement in [Some(Sha256Digest::of(b"the statement")), None] {
        let world = World::new();
        let token = encrypted(world.key("customers").await.as_ref(), "anna@example.com");
        world.shred("customers", statement).await;
        let answer = reidentify(&request(&[token]), &world.keys(&FaultPlan::new())).await.unwrap();
        let json: serde_json::Value = serde_json::from_slice(&answer.to_json().unwrap()).unwrap();
        let refused = &json["results"][0];
        assert_eq!(refused["error"], "shredded");
        assert!(refused["on"].as_str().unwrap().ends_with('Z'), "{refused}");
        assert_eq!(refused["statement"], serde_json::json!(statement));
        assert_eq!(refused.get("statement").is_some(), statement.is_some(), "a note of an earlier release names none");
        let Opened::Refused(refusal) = &answer.results()[0] else { panic!("{answer:?}") };
        let said = refusal.to_string();
        assert!(said.contains(refused["on"].as_str().unwrap()), "{said}");
        assert!(statement.is_none_or(|statement| said.contains(&statement.to_string())), "{said}");
    }
}
