//! Statements signed, kept and logged in memory, and the trail's records of it written by hand.

use std::io::Write as _;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use sluice_audit::trail::FileAt;
use sluice_common::port::{Clock as _, MessageSigner as _, Signer as _, UserMetadata};
use sluice_common::{ObjectVersion, Sha256Digest};
use sluice_evidence::predicate::{Finding, Severity};
use sluice_evidence::verify::RetiredKey;
use sluice_evidence::{Archive, Ledger, ResourceDescriptor, Statement, TrustedKeys};
use sluice_log::{Appender, LogKeys};
use sluice_testkit::names::{bucket, path};
use sluice_testkit::{MemoryKms, MemoryMetrics, MemoryS3, SettableClock};
use sluice_tlog::VerifierKey;

use super::*;

const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/statements";
const ROLE: &str = "arn:aws:sts::111122223333:assumed-role/lake-seal/lake-seal";

struct World {
    s3: MemoryS3,
    kms: MemoryKms,
    clock: SettableClock,
    ports: Ports,
    ledger: Ledger,
    appender: Appender,
    policy: AccessPolicy,
    signed: u64,
}

impl World {
    async fn new() -> Self {
        let clock = SettableClock::new("2026-05-10T10:10:00Z".parse().unwrap());
        let s3 = MemoryS3::new(clock.clone());
        for name in ["evidence", "trail"] {
            s3.create_versioned_bucket(&bucket(name)).unwrap();
        }
        let kms = MemoryKms::new("statements");
        let shared = Arc::new(s3.clone());
        let ports = Ports {
            reader: shared.clone(),
            writer: shared.clone(),
            versions: shared.clone(),
            signer: Arc::new(kms.clone()),
            metrics: Arc::new(MemoryMetrics::new()),
        };
        let keys = TrustedKeys::of_signer(&kms).await.unwrap();
        let archive = Archive::new(bucket("evidence"), shared.clone(), shared.clone(), keys.clone());
        let ledger = Ledger::new(archive, shared.clone(), Arc::new(kms.clone()));
        // Checkpoints have a key of their own, whose uses are not counted here.
        let notary = MemoryKms::new("notary");
        let spki = notary.message_key().await.unwrap();
        let key = VerifierKey::from_spki_der("log.example/lake", &spki.0).unwrap();
        let shelf = Arc::new(BucketShelf::new(bucket("evidence"), shared.clone(), shared.clone(), shared));
        let appender = Appender::new(shelf, Arc::new(notary), LogKeys::new(vec![key]).unwrap(), Arc::new(keys));
        let document = json!({"version": 1, "accounts": ["111122223333"], "buckets": {},
            "keys": [{"purpose": "signing", "arns": [KEY], "users": [{"role": "lake-seal", "session": "lake-seal"}]}]});
        let policy = AccessPolicy::from_json(document.to_string().as_bytes()).unwrap();
        // The one call so far asked for the public key.
        Self { s3, kms, clock, ports, ledger, appender, policy, signed: 1 }
    }

    /// Signs, keeps and logs a statement. Returns its record.
    async fn keep(&mut self, about: &str) -> Value {
        let finding = Finding {
            rule: "test".to_owned(),
            severity: Severity::Low,
            detail: about.to_owned(),
            evidence: Vec::new(),
        };
        let subject = ResourceDescriptor::named(about.to_owned(), Sha256Digest::of(about.as_bytes()));
        let statement = Statement::new(vec![subject], finding).unwrap();
        let kept = self.ledger.record(&statement, &UserMetadata::new()).await.unwrap().into_kept();
        self.log(kept.at()).await;
        self.signed += 1;
        self.record(self.signed, ROLE)
    }

    async fn log(&self, at: &ObjectVersion) {
        let leaf = Leaf::of(&self.ledger.archive().load_any(at).await.unwrap()).to_bytes().unwrap();
        self.appender.append(&[leaf]).await.unwrap();
    }

    /// Signs and keeps nothing. Returns the use's record.
    async fn steal(&mut self, who: &str) -> Value {
        self.ports.signer.sign(&Sha256Digest::of(b"anything")).await.unwrap();
        self.signed += 1;
        self.record(self.signed, who)
    }

    fn record(&self, call: u64, who: &str) -> Value {
        json!({"eventSource": "kms.amazonaws.com", "eventName": "Sign", "eventID": format!("event {call}"),
            "requestID": MemoryKms::request_id(call), "eventTime": self.clock.now().to_string(),
            "recipientAccountId": "111122223333", "resources": [{"ARN": KEY}],
            "userIdentity": {"type": "AssumedRole", "arn": who, "accountId": "111122223333",
                "sessionContext": {"sessionIssuer": {"arn": who.replace(":sts:", ":iam:").replace("assumed-role", "role")
                    .rsplit_once('/').map_or(String::new(), |(role, _)| role.to_owned())}}}})
    }

    /// A log file as CloudTrail delivers it, and the digests of three hours, which nobody validates here.
    fn deliver(&self, records: &[Value]) -> DigestKey {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(json!({"Records": records}).to_string().as_bytes()).unwrap();
        let folder = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/05/10";
        let name = "111122223333_CloudTrail_eu-west-1_20260510T1030Z_0123456789abcdef.json.gz";
        self.s3.put(&path("trail", &format!("{folder}/{name}")), gzip.finish().unwrap()).unwrap();
        let key = |hour: u32| {
            format!(
                "AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/05/10/\
                 111122223333_CloudTrail-Digest_eu-west-1_lake_eu-west-1_20260510T{hour}0000Z.json.gz"
            )
        };
        for hour in 10..=12 {
            self.s3.put(&path("trail", &key(hour)), "digest").unwrap();
        }
        match TrailFileKind::of(&FileAt::new("trail", key(12))) {
            TrailFileKind::Digest(digest) => digest,
            TrailFileKind::Log(_) | TrailFileKind::Other => unreachable!("a digest's key"),
        }
    }

    async fn reconciled(&self, records: &[Value]) -> ReconciledHour {
        self.reconciled_by(&Signing::by(KEY), records).await
    }

    async fn reconciled_by(&self, keys: &Signing, records: &[Value]) -> ReconciledHour {
        let digest = self.deliver(records);
        let (trail_bucket, evidence_bucket) = (bucket("trail"), bucket("evidence"));
        let signings = Signings {
            ports: &self.ports,
            trail_bucket: &trail_bucket,
            evidence_bucket: &evidence_bucket,
            keys,
            policy: &self.policy,
        };
        signings.of(&digest).await.unwrap().unwrap()
    }
}

#[tokio::test]
async fn every_use_and_every_statement_of_an_hour_belong_together() {
    let mut world = World::new().await;
    let mut records = Vec::new();
    for number in 0..260 {
        records.push(world.keep(&number.to_string()).await);
        world.clock.advance(SignedDuration::from_secs(1));
    }
    let hour = world.reconciled(&records).await;
    assert_eq!((hour.found.matched, hour.is_recorded), (260, true));
    assert_eq!(hour.found, Reconciled { matched: 260, ..Reconciled::default() });
}

#[tokio::test]
async fn what_a_key_signed_before_it_retired_is_reconciled() {
    let mut world = World::new().await;
    let record = world.keep("last").await;
    let retired = RetiredKey { arn: Some(KEY.to_owned()), spki: world.kms.public_key().await.unwrap(), until: None };
    let next = KEY.replace("statements", "next");
    let keys = Signing { key_arn: next, retired: [retired].into_iter().collect() };
    let hour = world.reconciled_by(&keys, &[record]).await;
    assert_eq!(hour.found, Reconciled { matched: 1, ..Reconciled::default() });
}

#[tokio::test]
async fn a_theft_a_crash_and_a_signature_that_nobody_recorded_are_told_apart() {
    let mut world = World::new().await;
    let died = world.steal(ROLE).await;
    let kept = world.keep("kept").await;
    let stolen = world.steal("arn:aws:sts::111122223333:assumed-role/lake-seal/laptop").await;
    let unrecorded = world.keep("unrecorded").await;
    let found = world.reconciled(&[died.clone(), kept, stolen.clone()]).await.found;
    let ids = |uses: &[SignUse]| uses.iter().map(|one| one.request_id.clone()).collect::<Vec<_>>();
    let id_of = |record: &Value| record["requestID"].as_str().unwrap().to_owned();
    assert_eq!(ids(&found.retried), [id_of(&died)]);
    assert_eq!(ids(&found.without_statement), [id_of(&stolen)]);
    let [forged] = found.without_use.as_slice() else { panic!("{found:?}") };
    assert_eq!(forged.request_id, Some(id_of(&unrecorded)));
    assert_eq!(world.kms.signed().len(), 4);
}

#[tokio::test]
async fn another_region_has_nothing_to_say() {
    let world = World::new().await;
    let digest = world.deliver(&[]);
    let (trail_bucket, evidence_bucket) = (bucket("trail"), bucket("evidence"));
    let signings = Signings {
        ports: &world.ports,
        trail_bucket: &trail_bucket,
        evidence_bucket: &evidence_bucket,
        keys: &Signing::by("arn:aws:kms:us-east-1:111122223333:key/statements"),
        policy: &world.policy,
    };
    assert!(signings.of(&digest).await.unwrap().is_none());
}
