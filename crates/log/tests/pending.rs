//! Bundles of a log that is a step behind its statements: what is young is pending, what is not fails, whatever dates say.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test: what does not fit must stop it"
)]

mod evidence;

use std::path::Path;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use sluice_common::Sha256Digest;
use sluice_common::port::Clock as _;
use sluice_evidence::offline::Verdict;
use sluice_evidence::predicate::{ChecksumVerdict, OwnChecksums, Quarantine, Seal, SealChecks, SealedObject};
use sluice_evidence::verify::TrustedKeys;
use sluice_evidence::{Predecessor, Predicate, ResourceDescriptor, Stage, Statement};
use sluice_log::bundle::{BundleReport, EXPORTED, KeptVersion, PATIENCE, VERSIONS, export, verify_bundle};
use sluice_log::files::Folder;
use sluice_log::layout::checkpoint_key;
use sluice_log::{Appender, LogKeys};
use sluice_testkit::{MemoryKms, MemoryS3, SettableClock, names};
use tempfile::TempDir;

use evidence::Kept;

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

struct World {
    clock: SettableClock,
    s3: MemoryS3,
    kms: MemoryKms,
    keys: TrustedKeys,
    log_keys: LogKeys,
}

impl World {
    async fn new() -> Self {
        let clock = SettableClock::new("2026-11-21T12:00:00Z".parse().unwrap());
        let kms = MemoryKms::new("log");
        let (keys, log_keys) = (TrustedKeys::of_signer(&kms).await.unwrap(), evidence::log_keys(&kms).await);
        Self { s3: evidence::store(&clock), clock, kms, keys, log_keys }
    }

    async fn record<P: Predicate>(&self, statement: &Statement<P>) -> Kept {
        evidence::record(&self.s3, &self.kms, statement).await
    }

    async fn state(&self, number: usize) -> Kept {
        self.record(&evidence::finding(number)).await
    }

    /// A statement that rests on another one.
    async fn rests_on(&self, link: &Predecessor) -> Kept {
        let subject = ResourceDescriptor::object(&names::version("raw", "x.csv", "v1"), Sha256Digest::of(b"file"));
        let (stage, reason) = (Stage::Quality, "test".to_owned());
        let predicate = Quarantine { stage, reason, detail: None, policy: None, predecessor: Some(link.clone()) };
        self.record(&Statement::new(vec![subject], predicate).unwrap()).await
    }

    /// The seal of an object that S3 made now.
    async fn seal(&self) -> Kept {
        let at = names::version("raw", "sealed.csv", "v1");
        let object = SealedObject {
            bucket: at.bucket.clone(),
            key: at.key.clone(),
            version_id: at.version_id.clone(),
            size: 4,
            etag: "\"e\"".to_owned(),
            last_modified: self.clock.now(),
            sse: None,
            metadata_sha256: None,
        };
        let checks = SealChecks {
            s3_checksums: Vec::new(),
            s3_checksums_verdict: ChecksumVerdict::Absent,
            size: true,
            head_get_stable: true,
        };
        let checksums = OwnChecksums { crc64nvme: None };
        let predicate = Seal { object, checks, lock: None, checksums, hashed_by: None };
        let subject = ResourceDescriptor::object(&at, Sha256Digest::of(b"file"));
        self.record(&Statement::new(vec![subject], predicate).unwrap()).await
    }

    async fn log(&self, statements: &[&Kept]) {
        let leaves: Vec<Vec<u8>> = statements.iter().map(|kept| kept.leaf.clone()).collect();
        let signer = Arc::new(self.kms.clone());
        let keys = Arc::new(self.keys.clone());
        Appender::new(Arc::new(evidence::shelf(&self.s3)), signer, self.log_keys.clone(), keys)
            .append(&leaves)
            .await
            .unwrap();
    }

    async fn export(&self) -> TempDir {
        let directory = tempfile::tempdir().unwrap();
        let shelf = evidence::shelf(&self.s3);
        let (bucket, ports) =
            (names::bucket(evidence::BUCKET), evidence::ports(&self.s3, &self.s3, &shelf, &self.clock));
        export(&bucket, ports, "", &self.keys, &self.log_keys, directory.path()).await.unwrap();
        directory
    }

    fn judged(&self, bundle: &TempDir) -> BundleReport {
        verify_bundle(&Folder::open(bundle.path()).unwrap(), &self.keys, &self.log_keys, &[]).unwrap()
    }
}

/// Whoever edits the bundle edits its list of digests too.
fn edited(bundle: &TempDir, file: &str, edit: impl FnOnce(&Path)) {
    edit(&bundle.path().join(file));
    drop(std::fs::remove_file(bundle.path().join("SHA256SUMS")));
}

/// Says of objects that S3 wrote them at another time.
fn dated(bundle: &TempDir, date_of: impl Fn(&str, Timestamp) -> Timestamp) {
    edited(bundle, VERSIONS, |path| {
        let text = std::fs::read_to_string(path).unwrap();
        let lines = text.lines().map(|line| {
            let mut kept: KeptVersion = serde_json::from_str(line).unwrap();
            kept.last_modified = kept.last_modified.map(|at| date_of(&kept.key, at));
            serde_json::to_string(&kept).unwrap() + "\n"
        });
        std::fs::write(path, lines.collect::<String>()).unwrap();
    });
}

fn exported_at(bundle: &TempDir, at: Timestamp) {
    edited(bundle, EXPORTED, |path| std::fs::write(path, format!("{{\"exportedAt\":\"{at}\"}}\n")).unwrap());
}

fn why(report: &BundleReport) -> &str {
    match &report.completeness {
        Verdict::Pending(why) | Verdict::Fails(why) => why,
        Verdict::Holds | Verdict::NotChecked => panic!("{report:#?}"),
    }
}

/// What a failure of completeness alone says.
fn missing(report: &BundleReport) -> &str {
    assert!(report.completeness.fails() && !report.integrity.fails() && !report.authenticity.fails(), "{report:#?}");
    assert!(!report.holds() && report.fails());
    why(report)
}

#[tokio::test]
async fn what_is_young_is_pending_and_a_later_export_holds() {
    let world = World::new().await;
    let first = world.state(0).await;
    world.log(&[&first]).await;
    world.clock.advance(MINUTE);
    let young = [world.state(1).await, world.state(2).await];
    world.clock.advance(PATIENCE);
    let report = world.judged(&world.export().await);
    assert!(report.completeness.is_pending() && !report.holds() && !report.fails(), "{report:#?}");
    assert_eq!((report.pending, report.newest_checkpoint.unwrap().to_string()), (2, "2026-11-21T12:00:00Z".to_owned()));
    assert!(why(&report).starts_with("2 statements are not in the log yet, the first is att/finding/"), "{report:#?}");
    assert!(why(&report).contains("the newest checkpoint is of 2026-11-21T12:00:00Z"), "{report:#?}");
    world.log(&[&young[0], &young[1]]).await;
    let report = world.judged(&world.export().await);
    assert!(report.holds() && report.pending == 0, "{report:#?}");
}

#[tokio::test]
async fn what_waited_too_long_should_be_in_the_log() {
    let world = World::new().await;
    let first = world.state(0).await;
    world.log(&[&first]).await;
    let left_out = world.state(1).await;
    // Others were logged since, or none were: a log that was cut short is no excuse.
    for is_going_on in [true, false] {
        world.clock.advance(PATIENCE + MINUTE);
        if is_going_on {
            world.log(&[&world.state(2).await]).await;
        }
        let young = world.state(3 + usize::from(is_going_on)).await;
        let report = world.judged(&world.export().await);
        let why = missing(&report).to_owned();
        assert!(why.starts_with(left_out.at.key.as_str()) || !is_going_on, "{why}");
        assert!(
            why.contains("the statement is not in the log: it was written at") && why.contains("30 minutes"),
            "{why}"
        );
        assert!(!why.contains(young.at.key.as_str()));
        // One that is broken otherwise, too, is said first.
        let failed = report.first_broken.unwrap();
        assert!(failed.contains("not in the log"), "{failed}");
    }
}

#[tokio::test]
async fn a_date_that_makes_an_old_statement_young_is_not_believed() {
    let world = World::new().await;
    let hidden = world.state(0).await;
    let successor = world.rests_on(&hidden.link).await;
    world.log(&[&successor]).await;
    world.clock.advance(PATIENCE * 4);
    let later = world.state(1).await;
    world.log(&[&later]).await;
    let now = world.clock.now();
    let young = |key: &str, at| if key == hidden.at.key.as_str() { now - MINUTE } else { at };

    let bundle = world.export().await;
    dated(&bundle, young);
    let report = world.judged(&bundle);
    assert!(missing(&report).contains("but what rests on it was there at 2026-11-21T12:00:00Z"), "{report:#?}");
    // Nor when the one that rests on it is made as young: the checkpoint over its leaf is older.
    let bundle = world.export().await;
    dated(&bundle, |key, at| if key == successor.at.key.as_str() { now } else { young(key, at) });
    assert!(missing(&world.judged(&bundle)).contains("what rests on it was there"));
    // Nor one of the future, nor none at all.
    let bundle = world.export().await;
    dated(&bundle, |key, at| if key == hidden.at.key.as_str() { now + MINUTE * 60 } else { at });
    let report = world.judged(&bundle);
    assert!(
        missing(&report).contains("after the export") && why(&report).starts_with(hidden.at.key.as_str()),
        "{report:#?}"
    );
    let bundle = world.export().await;
    edited(&bundle, VERSIONS, |path| {
        let text = std::fs::read_to_string(path).unwrap();
        let others = text.lines().filter(|line| !line.contains(hidden.at.key.as_str())).map(|line| format!("{line}\n"));
        std::fs::write(path, others.collect::<String>()).unwrap();
    });
    assert!(missing(&world.judged(&bundle)).contains("does not say when it was written"));
}

#[tokio::test]
async fn an_export_that_is_dated_back_is_not_believed() {
    let world = World::new().await;
    let hidden = world.state(0).await;
    let began = world.clock.now();
    world.clock.advance(PATIENCE * 4);
    let seal = world.seal().await;
    world.log(&[&seal]).await;

    // The export of a moment after the hidden statement.
    let bundle = world.export().await;
    exported_at(&bundle, began + MINUTE);
    let report = world.judged(&bundle);
    assert!(missing(&report).contains("after the export of 2026-11-21T12:01:00Z"), "{report:#?}");
    // Everything that S3 said made as old: what a seal has signed stays.
    let bundle = world.export().await;
    dated(&bundle, |_key, _at| began);
    exported_at(&bundle, began + MINUTE);
    let report = world.judged(&bundle);
    assert!(
        missing(&report).starts_with(seal.at.key.as_str()) && why(&report).contains("not to be believed"),
        "{report:#?}"
    );
    // A bundle that does not say when it was made calls nothing young.
    let bundle = world.export().await;
    dated(&bundle, |key, at| if key == hidden.at.key.as_str() { world.clock.now() } else { at });
    edited(&bundle, EXPORTED, |path| std::fs::remove_file(path).unwrap());
    assert!(missing(&world.judged(&bundle)).contains("no exported.json"));
}

/// Where nothing contradicts a forged date, the bundle still does not hold: it says what a later one must show.
#[tokio::test]
async fn what_nothing_contradicts_is_pending_at_best() {
    let world = World::new().await;
    let hidden = world.state(0).await;
    world.clock.advance(PATIENCE * 4);
    world.log(&[&world.state(1).await]).await;
    let bundle = world.export().await;
    let now = world.clock.now();
    dated(&bundle, |key, at| if key == hidden.at.key.as_str() { now } else { at });
    let report = world.judged(&bundle);
    assert!(report.completeness.is_pending() && !report.holds(), "{report:#?}");
    assert!(why(&report).contains(hidden.at.key.as_str()), "{report:#?}");
    // And what is taken out of a log that was signed fails, however young it is said to be.
    let bundle = world.export().await;
    std::fs::remove_file(bundle.path().join(checkpoint_key(1))).unwrap();
    edited(&bundle, VERSIONS, |_| {});
    assert!(world.judged(&bundle).fails());
}
