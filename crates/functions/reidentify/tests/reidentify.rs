//! The function over S3 and KMS in memory.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at what is not as it expects"
)]

use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::{ArrayRef, StringArray};
use reidentify::{Answer, Config, ReidentifyFunction};
use serde_json::{Value, json};
use sluice_common::config::Environment;
use sluice_common::policy::{CheckDigit, Fpe, KeyScope, Unfit};
use sluice_common::{Dispose as _, ObjectVersion, Sha256Digest};
use sluice_evidence::predicate::{Decision, Reidentify};
use sluice_evidence::{Archive, Kept, Predicate, TrustedKeys, canonical};
use sluice_privacy::keyring::{Domain, Keyring};
use sluice_privacy::transform::{ColumnTransform as _, Encrypt, Fpe as Encryption, FpeMark};
use sluice_stage::context::Ports;
use sluice_testkit::names::{bucket, path};
use sluice_testkit::{Fault, FaultPlan, Faulty, MemoryKms, MemoryMetrics, MemoryS3};

struct World {
    s3: MemoryS3,
    signing: MemoryKms,
    pseudonym: MemoryKms,
    metrics: MemoryMetrics,
}

impl World {
    fn new() -> Self {
        let s3 = MemoryS3::default();
        s3.create_versioned_bucket(&bucket("lake-vault")).unwrap();
        s3.create_versioned_bucket(&bucket("lake-evidence")).unwrap();
        let (signing, pseudonym) = (MemoryKms::new("statements"), MemoryKms::new("pseudonyms"));
        Self { s3, signing, pseudonym, metrics: MemoryMetrics::new() }
    }

    /// What pseudonymize would have written for a value of the domain `customers`.
    async fn pseudonym(&self, value: &str) -> String {
        let s3 = Arc::new(self.s3.clone());
        let kms = Arc::new(self.pseudonym.clone());
        let ring = Keyring::new(bucket("lake-vault"), s3.clone(), s3.clone(), s3, kms);
        let key = ring.current(&Domain::new("customers").unwrap()).await.unwrap();
        let input: ArrayRef = Arc::new(StringArray::from(vec![value]));
        Encrypt::new(&key).apply(&input).unwrap().as_string_view().value(0).to_owned()
    }

    /// What pseudonymize would have written for a card of the domain `customers`, and the mark beside it.
    async fn card(&self, card: &str, scope: KeyScope) -> (String, String) {
        let s3 = Arc::new(self.s3.clone());
        let kms = Arc::new(self.pseudonym.clone());
        let ring = Keyring::new(bucket("lake-vault"), s3.clone(), s3.clone(), s3, kms);
        let key = ring.current(&Domain::new("customers").unwrap()).await.unwrap();
        let parameters = Fpe {
            alphabet: "0123456789".to_owned(),
            keep_first: 0,
            keep_last: 4,
            check: CheckDigit::Luhn,
            unfit: Unfit::Token,
            key: scope,
        };
        let scoped = match scope {
            KeyScope::Domain => (&key).into(),
            KeyScope::Column => key.of_column("card"),
        };
        let input: ArrayRef = Arc::new(StringArray::from(vec![card]));
        let sealed = Encryption::new(&parameters, scoped).unwrap().apply(&input).unwrap();
        (sealed.as_string_view().value(0).to_owned(), FpeMark::new(&parameters, scoped).to_string())
    }

    fn function(&self, plan: FaultPlan) -> ReidentifyFunction {
        let s3 = Arc::new(Faulty::new(self.s3.clone(), plan));
        let ports = Ports {
            reader: s3.clone(),
            writer: s3.clone(),
            versions: s3,
            signer: Arc::new(self.signing.clone()),
            metrics: Arc::new(self.metrics.clone()),
        };
        ReidentifyFunction::new(config(), ports, Arc::new(self.pseudonym.clone()))
    }

    async fn answer(&self, request: &Value) -> Answer {
        self.function(FaultPlan::new()).answer(request).await.unwrap()
    }

    /// A statement, verified.
    async fn statement<P: Predicate>(&self, uri: &str) -> Kept<P> {
        let s3 = Arc::new(self.s3.clone());
        let keys = TrustedKeys::of_signer(&self.signing).await.unwrap();
        let archive = Archive::new(bucket("lake-evidence"), s3.clone(), s3, keys);
        archive.load(&ObjectVersion::from_uri(uri).unwrap()).await.unwrap()
    }

    fn keys_under(&self, name: &str, prefix: &str) -> Vec<String> {
        let mut keys = self.s3.live_keys(&bucket(name));
        keys.retain(|key| key.starts_with(prefix));
        keys
    }
}

/// Exactly the variables of `infra/template.yaml`.
fn config() -> Config {
    let environment = Environment::from_pairs([
        ("SLUICE_VAULT_BUCKET", "lake-vault"),
        ("SLUICE_EVIDENCE_BUCKET", "lake-evidence"),
        ("SLUICE_SIGNING_KEY_ARN", "arn:aws:kms:eu-central-1:111122223333:key/statements"),
        ("SLUICE_PSEUDONYM_KEY_ARN", "arn:aws:kms:eu-central-1:111122223333:key/pseudonyms"),
        ("SLUICE_METRICS_NAMESPACE", "Sluice"),
    ]);
    Config::read(&environment).unwrap()
}

fn request(tokens: &[String]) -> Value {
    json!({
        "domain": "customers", "tokens": tokens, "requester": "alice@example.org", "approver": "bob@example.org",
        "caseId": "CASE-1", "reason": "a customer asked which orders are hers",
    })
}

#[tokio::test]
async fn values_go_to_the_vault_and_the_answer_says_where() {
    let world = World::new();
    let request = request(&[world.pseudonym("anna@example.com").await, "enc1_1_AAAA".to_owned()]);
    let answer = world.answer(&request).await;
    let Answer::Granted { statement, result, opened, refused, request_sha256 } = &answer else {
        panic!("{answer:?}");
    };
    assert_eq!((*opened, *refused), (1, 1));
    assert_eq!(*request_sha256, Sha256Digest::of(&canonical::to_vec(&request).unwrap()));

    let at = ObjectVersion::from_uri(result).unwrap();
    let stored = world.s3.stored_bytes(&at).unwrap();
    let sha256 = Sha256Digest::of(&stored);
    assert_eq!(at.key.as_str(), format!("results/{}/{}.json", request_sha256.to_hex(), sha256.to_hex()));
    let values: Value = serde_json::from_slice(&stored).unwrap();
    assert_eq!(values["results"][0]["value"], "anna@example.com");

    let kept = world.statement::<Reidentify>(statement).await;
    let stated = kept.statement().predicate();
    assert_eq!((&stated.decision, stated.result_sha256, stated.record_count), (&Decision::Granted, Some(sha256), 2));
    assert_eq!((stated.requester.as_str(), stated.approver.as_str()), ("alice@example.org", "bob@example.org"));

    let outside = format!("{} {:?}", serde_json::to_string(&answer).unwrap(), kept.payload());
    assert!(!outside.contains("anna@"), "{outside}");
    assert_eq!(world.answer(&request).await, answer, "the same request again gives the same objects");
    assert_eq!(world.keys_under("lake-vault", "results/").len(), 1);
}

#[tokio::test]
async fn an_approval_of_ones_own_is_denied_in_a_statement() {
    let world = World::new();
    let mut request = request(&[world.pseudonym("anna@example.com").await]);
    request["approver"] = "Alice@Example.org".into();
    request["caseId"] = "not\u{7}visible".into();
    let answer = world.answer(&request).await;
    let Answer::Denied { statement, reason, problems, .. } = &answer else { panic!("{answer:?}") };
    assert_eq!((*reason, problems.len()), ("same_person", 2));
    let kept = world.statement::<Reidentify>(statement).await;
    let stated = kept.statement().predicate();
    assert_eq!(stated.decision, Decision::Denied { reason: "same_person".to_owned() });
    assert_eq!((stated.case_id.as_str(), stated.requester.as_str()), ("", "alice@example.org"));
    assert_eq!(world.pseudonym.unwrapped().len(), 0, "no key was opened");
    assert!(world.keys_under("lake-vault", "results/").is_empty());
}

#[tokio::test]
async fn anything_else_is_denied_too() {
    let world = World::new();
    for other in [json!({}), json!([1]), json!("x"), json!({"domain": "customers", "tokens": "all of them"})] {
        let answer = world.answer(&other).await;
        assert!(matches!(answer, Answer::Denied { reason: "not_a_request", .. }), "{answer:?}");
    }
    assert_eq!(world.keys_under("lake-evidence", "att/reidentify/").len(), 4);
}

#[tokio::test]
async fn an_altered_wrapped_key_is_denied_and_raises_the_alarm() {
    let world = World::new();
    let request = request(&[world.pseudonym("anna@example.com").await]);
    let stored = world.s3.current_bytes(&bucket("lake-vault"), "domains/customers/1.json").unwrap();
    let altered = String::from_utf8(stored.to_vec()).unwrap().replace("\"epoch\":1", "\"epoch\":2");
    world.s3.put(&path("lake-vault", "domains/customers/1.json"), altered).unwrap();
    let error = world.function(FaultPlan::new()).answer(&request).await.unwrap_err();
    assert_eq!(error.reason(), "wrapped_key_altered");
    assert!(world.metrics.sum("Alarms") > 0.0);
    assert_eq!(world.keys_under("lake-evidence", "att/reidentify/").len(), 1);
    assert!(world.keys_under("lake-vault", "results/").is_empty());
}

#[tokio::test]
async fn nothing_is_answered_that_was_not_stated() {
    let world = World::new();
    let request = request(&[world.pseudonym("anna@example.com").await]);
    // The first write is the statement's, and without it no value is written anywhere.
    let error = world.function(FaultPlan::new().on("put_new", 1, Fault::Deny)).answer(&request).await.unwrap_err();
    assert_eq!(error.reason(), "access_denied");
    assert!(world.keys_under("lake-vault", "results/").is_empty());
    assert!(matches!(world.answer(&request).await, Answer::Granted { opened: 1, .. }));
}

#[tokio::test]
async fn another_answer_in_the_vault_is_not_adopted() {
    let world = World::new();
    let request = request(&[world.pseudonym("anna@example.com").await]);
    let Answer::Granted { result, .. } = world.answer(&request).await else { panic!("not granted") };
    let at = ObjectVersion::from_uri(&result).unwrap();
    assert!(world.s3.tamper_byte(&at, 5));
    let error = world.function(FaultPlan::new()).answer(&request).await.unwrap_err();
    assert_eq!(error.reason(), "result_conflict");
}

const CARD: &str = "4111-1111-1111-1111";

fn card_request(tokens: &[String], mark: &str) -> Value {
    let mut request = request(tokens);
    request["column"] = "card".into();
    request["fpe"] = json!({ "mark": mark, "keepLast": 4, "check": "luhn" });
    request
}

#[tokio::test]
async fn values_of_fpe_are_turned_back_with_the_mark_of_their_object() {
    let world = World::new();
    for scope in [KeyScope::Domain, KeyScope::Column] {
        let (sealed, mark) = world.card(CARD, scope).await;
        let (short, _) = world.card("1234", scope).await;
        let encrypted = world.pseudonym("anna@example.com").await;
        let tokens = [sealed.clone(), short, encrypted, "12-34".to_owned(), "tk1_1_zz".to_owned()];
        let answer = world.answer(&card_request(&tokens, &mark)).await;
        let Answer::Granted { statement, result, opened, refused, .. } = &answer else { panic!("{answer:?}") };
        assert_eq!((*opened, *refused), (2, 3));
        let stored = world.s3.stored_bytes(&ObjectVersion::from_uri(result).unwrap()).unwrap();
        let values: Value = serde_json::from_slice(&stored).unwrap();
        assert_eq!(
            values["results"],
            json!([
                {"value": CARD}, {"error": "not_reversible"}, {"value": "anna@example.com"},
                {"error": "not_format_preserving"}, {"error": "malformed"},
            ])
        );
        let kept = world.statement::<Reidentify>(statement).await;
        let stated = kept.statement().predicate();
        let source = stated.format_preserving.as_ref().unwrap();
        assert_eq!((source.column.as_str(), &source.mark), ("card", &mark));
        let outside = format!("{} {:?}", serde_json::to_string(&answer).unwrap(), kept.payload());
        assert!(!outside.contains(CARD) && !outside.contains(&sealed), "{outside}");
    }
}

#[tokio::test]
async fn a_source_that_is_not_theirs_is_denied_in_a_statement() {
    let world = World::new();
    let (sealed, mark) = world.card(CARD, KeyScope::Domain).await;
    let (_, of_column) = world.card(CARD, KeyScope::Column).await;
    let (key, parameters) = mark.rsplit_once('_').unwrap();
    let denied = async |change: &dyn Fn(&mut Value)| {
        let mut request = card_request(std::slice::from_ref(&sealed), &mark);
        change(&mut request);
        let answer = world.answer(&request).await;
        let Answer::Denied { statement, reason, .. } = &answer else { panic!("{answer:?}") };
        let kept = world.statement::<Reidentify>(statement).await;
        assert_eq!(kept.statement().predicate().decision, Decision::Denied { reason: (*reason).to_owned() });
        (*reason).to_owned()
    };
    let with_mark = async |mark: String| denied(&|request| request["fpe"]["mark"] = mark.clone().into()).await;
    assert_eq!(with_mark(format!("fpe1_1-aaaaaaaa_{parameters}")).await, "fpe_other_key");
    assert_eq!(with_mark(mark.replacen("fpe1_1-", "fpe1_2-", 1)).await, "fpe_unknown_epoch");
    assert_eq!(with_mark(format!("{key}_aaaaaaaa")).await, "fpe_other_parameters");
    assert_eq!(with_mark("fpe1_1".to_owned()).await, "fpe_unfit");
    assert_eq!(denied(&|request| request["fpe"]["keepLast"] = 3.into()).await, "fpe_other_parameters");
    assert_eq!(denied(&|request| request["fpe"]["check"] = "none".into()).await, "fpe_other_parameters");
    let other_alphabet = |request: &mut Value| {
        request["fpe"] = json!({ "mark": mark, "alphabet": "abcdefghij", "keepLast": 4 });
    };
    assert_eq!(denied(&other_alphabet).await, "fpe_other_parameters");
    assert_eq!(denied(&|request| request["column"] = Value::Null).await, "fpe_unfit");
    // The key of one column opens values of no other.
    let other_column = |request: &mut Value| {
        request["fpe"]["mark"] = of_column.clone().into();
        request["column"] = "account".into();
    };
    assert_eq!(denied(&other_column).await, "fpe_other_key");
    assert!(world.keys_under("lake-vault", "results/").is_empty(), "nothing was opened");
    let mut approved_by_nobody = card_request(std::slice::from_ref(&sealed), &mark);
    approved_by_nobody["approver"] = "ALICE@example.org".into();
    assert!(matches!(world.answer(&approved_by_nobody).await, Answer::Denied { reason: "same_person", .. }));
}
