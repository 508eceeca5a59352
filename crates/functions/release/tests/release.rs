//! The function over S3 and KMS in memory.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at what is not as it expects"
)]

use std::sync::Arc;

use bytes::Bytes;
use release::{Answer, Config, ReleaseFunction};
use serde_json::{Value, json};
use sluice_common::config::Environment;
use sluice_common::port::{ObjectWriter as _, UserMetadata};
use sluice_common::{Dispose as _, Disposition, ObjectVersion, Sha256Digest};
use sluice_evidence::predicate::{
    Budget, ConfigRef, Input, Outcome, PolicyRef, Pseudonymize, PseudonymizeStats, Refusal, Release,
};
use sluice_evidence::{
    Archive, Kept, Ledger, Predecessor, Predicate, ResourceDescriptor, Statement, TrustedKeys, canonical,
};
use sluice_stage::context::Ports;
use sluice_testkit::names::{bucket, path};
use sluice_testkit::{FaultPlan, Faulty, MemoryKms, MemoryMetrics, MemoryS3};

const POLICY: &str = "
version: 1
datasets:
  - name: people
    match: '**'
    format: { type: csv }
    quality: { ruleset: 'Rules = [ RowCount > 0 ]' }
    privacy: { undeclared: keep }
    release:
      budget: { epsilon: 1 }
      columns:
        age: { min: 0, max: 100 }
  - name: closed
    match: 'closed/**'
    format: { type: csv }
    quality: { ruleset: 'Rules = [ RowCount > 0 ]' }
    privacy: { undeclared: keep }
";

struct World {
    s3: MemoryS3,
    signing: MemoryKms,
    metrics: MemoryMetrics,
}

impl World {
    async fn new() -> Self {
        let s3 = MemoryS3::default();
        for name in ["lake-curated", "lake-evidence"] {
            s3.create_versioned_bucket(&bucket(name)).unwrap();
        }
        let at = path("lake-evidence", "policy/pipeline.yaml");
        s3.put_new(&at, Bytes::from_static(POLICY.as_bytes()), &UserMetadata::new()).await.unwrap();
        Self { s3, signing: MemoryKms::new("statements"), metrics: MemoryMetrics::new() }
    }

    fn function(&self, plan: FaultPlan) -> ReleaseFunction {
        let s3 = Arc::new(Faulty::new(self.s3.clone(), plan));
        let ports = Ports {
            reader: s3.clone(),
            writer: s3.clone(),
            versions: s3,
            signer: Arc::new(self.signing.clone()),
            metrics: Arc::new(self.metrics.clone()),
        };
        ReleaseFunction::new(config(), ports)
    }

    async fn answer(&self, request: &Value) -> Answer {
        self.function(FaultPlan::new()).answer(request).await.unwrap()
    }

    async fn archive(&self) -> Archive {
        let s3 = Arc::new(self.s3.clone());
        Archive::new(bucket("lake-evidence"), s3.clone(), s3, TrustedKeys::of_signer(&self.signing).await.unwrap())
    }

    async fn statement<P: Predicate>(&self, uri: &str) -> Kept<P> {
        self.archive().await.load(&ObjectVersion::from_uri(uri).unwrap()).await.unwrap()
    }

    /// What pseudonymize leaves behind: a published object and its statement, whose URI is given.
    async fn publish(&self, upload: &str, rows: usize) -> String {
        let csv = format!("age\n{}", "50\n".repeat(rows));
        let at = path("lake-curated", &format!("people/{upload}.csv"));
        let version = self.s3.put_new(&at, Bytes::from(csv.clone()), &UserMetadata::new()).await.unwrap();
        let subject = ResourceDescriptor::object(&at.version(version), Sha256Digest::of(csv.as_bytes()));
        self.state(upload, Outcome::Published, vec![subject], "people").await
    }

    async fn state(&self, upload: &str, outcome: Outcome, subject: Vec<ResourceDescriptor>, dataset: &str) -> String {
        let sha256 = Sha256Digest::of(upload.as_bytes());
        let input = format!("s3://lake-raw/in/{upload}.csv?versionId=v1");
        let subject = if subject.is_empty() {
            vec![ResourceDescriptor::object(&ObjectVersion::from_uri(&input).unwrap(), sha256)]
        } else {
            subject
        };
        let predicate = Pseudonymize {
            outcome,
            inputs: vec![Input { uri: input, sha256 }],
            policy: PolicyRef {
                version_id: Some("1".to_owned()),
                digest: Sha256Digest::of(POLICY.as_bytes()),
                dataset: Some(dataset.to_owned()),
            },
            config: ConfigRef { digest: sha256 },
            engine: "test/1".to_owned(),
            keys: Vec::new(),
            format_preserving: Vec::new(),
            stats: PseudonymizeStats::default(),
            dropped: None,
            text_detection: None,
            predecessor: Predecessor {
                uri: "s3://lake-evidence/att/quality/x?versionId=v1".to_owned(),
                pae_sha256: sha256,
            },
        };
        let s3 = Arc::new(self.s3.clone());
        let ledger = Ledger::new(self.archive().await, s3, Arc::new(self.signing.clone()));
        let statement = Statement::new(subject, predicate).unwrap();
        ledger.record(&statement, &UserMetadata::new()).await.unwrap().into_kept().at().uri()
    }

    fn keys_under(&self, prefix: &str) -> usize {
        self.s3.live_keys(&bucket("lake-evidence")).iter().filter(|key| key.starts_with(prefix)).count()
    }
}

/// Exactly the variables of `infra/template.yaml`.
fn config() -> Config {
    let environment = Environment::from_pairs([
        ("SLUICE_CURATED_BUCKET", "lake-curated"),
        ("SLUICE_EVIDENCE_BUCKET", "lake-evidence"),
        ("SLUICE_SIGNING_KEY_ARN", "arn:aws:kms:eu-central-1:111122223333:key/statements"),
        ("SLUICE_POLICY_KEY", "policy/pipeline.yaml"),
        ("SLUICE_METRICS_NAMESPACE", "Sluice"),
    ]);
    Config::read(&environment).unwrap()
}

fn request(id: &str, epsilon: &str, statements: &[&str]) -> Value {
    json!({
        "dataset": "people", "id": id, "statements": statements,
        "queries": [
            { "name": "rows", "ask": "count", "epsilon": epsilon },
            { "name": "age", "ask": { "mean": { "column": "age" } }, "epsilon": epsilon },
        ],
    })
}

fn reason(answer: &Answer) -> &'static str {
    match answer {
        Answer::Refused { reason, .. } => reason,
        Answer::Released { .. } => panic!("{answer:?}"),
    }
}

#[tokio::test]
async fn an_answer_is_stated_booked_and_given_again_for_nothing() {
    let world = World::new().await;
    let (one, two) = (world.publish("one", 700).await, world.publish("two", 300).await);
    let asked = request("first", "0.25", &[&one, &two]);
    let first = world.answer(&asked).await;
    let Answer::Released { statement, request_sha256, again: false, left, answer } = &first else {
        panic!("{first:?}")
    };
    assert_eq!(*request_sha256, Sha256Digest::of(&canonical::to_vec(&asked).unwrap()));
    assert_eq!(left.epsilon.to_string(), "0.5");
    let rows = &answer["released"][0]["result"]["number"];
    let (low, high) = (rows["interval"]["low"].as_f64().unwrap(), rows["interval"]["high"].as_f64().unwrap());
    assert!(high - low < 60.0 && (rows["estimate"].as_f64().unwrap() - 1_000.0).abs() < 200.0, "{rows}");
    assert!(answer["released"][0]["noise"][0]["scale"].as_f64().unwrap() > 3.0, "{answer}");

    let stated = world.statement::<Release>(statement).await;
    assert_eq!((&stated.dataset, &stated.id, &stated.answer), (&"people".to_owned(), &"first".to_owned(), answer));
    assert_eq!(stated.inputs.len(), 2);
    let booked = world.archive().await.follow::<Budget>(&stated.budget).await.unwrap();
    assert_eq!((booked.number, booked.spent.epsilon.to_string()), (1, "0.5".to_owned()));

    let again = world.answer(&asked).await;
    let Answer::Released { again: true, left, answer: same, .. } = &again else { panic!("{again:?}") };
    assert_eq!((left.epsilon.to_string().as_str(), same), ("0.5", answer));
    assert_eq!(world.keys_under("att/budget/"), 1);
    assert_eq!(reason(&world.answer(&request("first", "0.125", &[&one])).await), "id_taken");
}

#[tokio::test]
async fn an_exhausted_budget_is_a_refusal_that_says_what_is_left() {
    let world = World::new().await;
    let one = world.publish("one", 10).await;
    assert!(matches!(world.answer(&request("a", "0.4", &[&one])).await, Answer::Released { .. }));
    let refused = world.answer(&request("b", "0.2", &[&one])).await;
    let Answer::Refused { statement, reason, .. } = &refused else { panic!("{refused:?}") };
    assert_eq!(*reason, "budget_exhausted");
    let stated = world.statement::<Refusal>(statement).await;
    assert_eq!(stated.left.unwrap().epsilon.to_string(), "0.2");
    // The rest is there for whoever asks less.
    assert!(matches!(world.answer(&request("b", "0.1", &[&one])).await, Answer::Released { .. }));
    assert_eq!(reason_of_next(&world, &one).await, "budget_exhausted");
    assert_eq!(world.keys_under("att/budget/"), 2);
}

async fn reason_of_next(world: &World, statement: &str) -> &'static str {
    reason(&world.answer(&request("c", "0.001", &[statement])).await)
}

#[tokio::test]
async fn releases_at_once_cannot_overspend() {
    let world = World::new().await;
    let one = world.publish("one", 10).await;
    let asked = |n: usize| request(&format!("r{n}"), "0.15", &[&one]);
    let (a, b, c, d) = (asked(1), asked(2), asked(3), asked(4));
    let functions: Vec<ReleaseFunction> = (0..4).map(|_| world.function(FaultPlan::new())).collect();
    let (a, b, c, d) = tokio::join!(
        functions[0].answer(&a),
        functions[1].answer(&b),
        functions[2].answer(&c),
        functions[3].answer(&d)
    );
    let answers = [a.unwrap(), b.unwrap(), c.unwrap(), d.unwrap()];
    let released = answers.iter().filter(|answer| matches!(answer, Answer::Released { .. })).count();
    assert_eq!((released, world.keys_under("att/budget/")), (3, 3), "3 times 0.3 of 1");
    assert_eq!(world.keys_under("att/refusal/"), 1);
}

#[tokio::test]
async fn rows_are_not_counted_twice() {
    let world = World::new().await;
    let one = world.publish("one", 10).await;
    assert_eq!(reason(&world.answer(&request("a", "0.1", &[&one, &one])).await), "input_twice");
    // Another run over the same upload is another statement.
    let stated = world.statement::<Pseudonymize>(&one).await;
    let mut other = stated.statement().predicate().clone();
    other.engine = "test/2".to_owned();
    let subject = stated.statement().subject().to_vec();
    let s3 = Arc::new(world.s3.clone());
    let ledger = Ledger::new(world.archive().await, s3, Arc::new(world.signing.clone()));
    let other = Statement::new(subject, other).unwrap();
    let other = ledger.record(&other, &UserMetadata::new()).await.unwrap().into_kept().at().uri();
    assert_eq!(reason(&world.answer(&request("a", "0.1", &[&one, &other])).await), "input_twice");
    assert_eq!(world.keys_under("att/budget/"), 0);
}

#[tokio::test]
async fn what_is_not_in_order_is_refused_in_a_statement_that_repeats_nothing_of_it() {
    let world = World::new().await;
    let one = world.publish("one", 10).await;
    let withheld = Outcome::Withheld { reason: "quality_failed".to_owned() };
    let withheld = world.state("held", withheld, Vec::new(), "people").await;
    let foreign = world.publish_as("foreign", "closed").await;
    let changed = |field: &str, value: Value| {
        let mut request = request("x", "0.1", &[&one]);
        request[field] = value;
        request
    };
    for (asked, expected) in [
        (json!("canary"), "request_unreadable"),
        (changed("canary", json!(1)), "request_unreadable"),
        (changed("id", json!("Canary!")), "request_unreadable"),
        (changed("dataset", json!("canary")), "no_dataset"),
        (changed("dataset", json!("closed")), "release_not_allowed"),
        (changed("queries", json!([{ "name": "n", "ask": "count", "epsilon": "2" }])), "budget_too_small"),
        (
            changed("queries", json!([{ "name": "n", "ask": { "sum": { "column": "canary" } }, "epsilon": "0.1" }])),
            "query_refused",
        ),
        (changed("statements", json!([])), "statements_unfit"),
        (changed("statements", json!(["canary"])), "statements_unfit"),
        (changed("statements", json!(["s3://lake-curated/people/one.csv?versionId=1"])), "statements_unfit"),
        (changed("statements", json!([format!("{}0", &one)])), "statement_missing"),
        (changed("statements", json!([withheld])), "nothing_published"),
        (changed("statements", json!([foreign])), "other_dataset"),
    ] {
        let answer = world.answer(&asked).await;
        let Answer::Refused { statement, reason, .. } = &answer else { panic!("{asked}: {answer:?}") };
        assert_eq!(*reason, expected, "{asked}: {answer:?}");
        let stated = world.statement::<Refusal>(statement).await;
        assert_eq!(stated.reason, expected);
        assert!(!String::from_utf8_lossy(stated.payload()).to_lowercase().contains("canary"));
    }
    assert_eq!(world.keys_under("att/budget/"), 0);
}

impl World {
    async fn publish_as(&self, upload: &str, dataset: &str) -> String {
        let at = path("lake-curated", &format!("{dataset}/{upload}.csv"));
        let version = self.s3.put_new(&at, Bytes::from_static(b"age\n1\n"), &UserMetadata::new()).await.unwrap();
        let subject = ResourceDescriptor::object(&at.version(version), Sha256Digest::of(b"age\n1\n"));
        self.state(upload, Outcome::Published, vec![subject], dataset).await
    }
}

#[tokio::test]
async fn bytes_that_are_not_the_signed_ones_are_an_alarm_and_cost_nothing() {
    let world = World::new().await;
    let at = path("lake-curated", "people/forged.csv");
    let version = world.s3.put_new(&at, Bytes::from_static(b"age\n1\n"), &UserMetadata::new()).await.unwrap();
    let subject = ResourceDescriptor::object(&at.version(version), Sha256Digest::of(b"age\n2\n"));
    let forged = world.state("forged", Outcome::Published, vec![subject], "people").await;
    let error = world.function(FaultPlan::new()).answer(&request("x", "0.1", &[&forged])).await.unwrap_err();
    assert_eq!((error.reason(), error.disposition()), ("digest_changed", Disposition::Alarm));
    assert_eq!((world.keys_under("att/budget/"), world.keys_under("att/refusal/")), (0, 1));
}

#[tokio::test]
async fn whatever_fails_on_the_way_nothing_is_told_that_is_not_booked_and_stated() {
    let world = World::new().await;
    let one = world.publish("one", 10).await;
    let asked = request("a", "0.05", &[&one]);
    for call in 1..40 {
        let given = world.function(FaultPlan::new().dies_at(call)).answer(&asked).await;
        if let Ok(answer) = given {
            assert!(matches!(answer, Answer::Released { .. }), "{answer:?}");
            assert_eq!(world.keys_under("att/release/"), 1);
            assert_eq!(world.keys_under("att/budget/"), 1, "an attempt that died is not paid for twice");
            return;
        }
        assert_eq!(world.keys_under("att/refusal/"), 0);
    }
    panic!("never answered");
}
