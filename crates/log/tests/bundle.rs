//! Logs in a bucket in memory: appended under faults, exported, judged offline by us, `sha256sum` and `openssl`.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test: what does not fit must stop it"
)]

mod evidence;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use base64::Engine as _;
use sluice_common::port::{ListCursor, MessageSigner, ObjectReader, Signer, StoreError, VersionLister, VersionPage};
use sluice_common::{BucketName, ObjectPath, ObjectVersion, Sha256Digest};
use sluice_evidence::offline::Verdict;
use sluice_evidence::verify::TrustedKeys;
use sluice_log::bundle::{export, verify_bundle, verify_object};
use sluice_log::files::{Files, Folder};
use sluice_log::proof::{head, prove};
use sluice_log::verify::{Wish, verify_log};
use sluice_log::{Appender, BucketShelf, LogError, LogKeys};
use sluice_testkit::{Fault, FaultPlan, Faulty, MemoryKms, MemoryS3, SettableClock, names};
use sluice_tlog::VerifierKey;

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
        let s3 = evidence::store(&clock);
        s3.create_versioned_bucket(&names::bucket("anchor")).unwrap();
        let kms = MemoryKms::new("log");
        let (keys, log_keys) = (TrustedKeys::of_signer(&kms).await.unwrap(), evidence::log_keys(&kms).await);
        Self { clock, s3, kms, keys, log_keys }
    }

    /// Records a statement; its version and leaf.
    async fn state(&self, number: usize) -> (ObjectVersion, Vec<u8>) {
        let kept = evidence::record(&self.s3, &self.kms, &evidence::finding(number)).await;
        (kept.at, kept.leaf)
    }

    fn shelf(&self, bucket: &str, plan: &FaultPlan) -> Arc<BucketShelf> {
        let s3 = Arc::new(Faulty::new(self.s3.clone(), plan.clone()));
        Arc::new(BucketShelf::new(names::bucket(bucket), s3.clone(), s3.clone(), s3))
    }

    fn appender(&self, plan: &FaultPlan) -> Appender {
        let signer = Arc::new(Faulty::new(self.kms.clone(), plan.clone()));
        Appender::new(self.shelf(evidence::BUCKET, plan), signer, self.log_keys.clone(), Arc::new(self.keys.clone()))
    }

    async fn export(&self, folder: &Path) {
        let shelf = evidence::shelf(&self.s3);
        let ports = evidence::ports(&self.s3, &self.s3, &shelf, &self.clock);
        let pem = self.pem().await;
        export(&names::bucket(evidence::BUCKET), ports, &pem, &self.keys, &self.log_keys, folder).await.unwrap();
    }

    async fn pem(&self) -> String {
        let der = Signer::public_key(&self.kms).await.unwrap().0;
        let base64 = base64::engine::general_purpose::STANDARD.encode(der);
        let lines: Vec<String> = base64.as_bytes().chunks(64).map(|l| String::from_utf8(l.to_vec()).unwrap()).collect();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
    }
}

fn judge(folder: &Path, world: &World) -> sluice_log::bundle::BundleReport {
    verify_bundle(&Folder::open(folder).unwrap(), &world.keys, &world.log_keys, &[]).unwrap()
}

/// A bundle of so many statements in three appends; beyond 256 there are full and partial tiles of two levels.
async fn bundle(statements: usize) -> (World, PathBuf, tempfile::TempDir) {
    let world = World::new().await;
    let appender = world.appender(&FaultPlan::new());
    let mut leaves = Vec::new();
    for number in 0..statements {
        leaves.push(world.state(number).await.1);
    }
    for batch in [&leaves[..1], &leaves[1..3], &leaves[3..]] {
        appender.append(batch).await.unwrap();
    }
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path().join("bundle");
    world.export(&folder).await;
    (world, folder, directory)
}

/// A bucket whose log grows by a statement before and after each listing.
struct Growing<'w>(&'w World, AtomicUsize);

impl Growing<'_> {
    async fn grow(&self) {
        let number = self.1.fetch_add(1, Ordering::Relaxed);
        let (_, leaf) = self.0.state(number).await;
        self.0.appender(&FaultPlan::new()).append(&[leaf]).await.unwrap();
    }
}

#[async_trait]
impl VersionLister for Growing<'_> {
    async fn list_versions(
        &self,
        bucket: &BucketName,
        prefix: &str,
        from: Option<&ListCursor>,
    ) -> Result<VersionPage, StoreError> {
        self.grow().await;
        let page = self.0.s3.list_versions(bucket, prefix, from).await;
        self.grow().await;
        page
    }
}

#[tokio::test]
async fn a_log_that_grows_while_it_is_exported_makes_a_bundle_that_holds() {
    let world = World::new().await;
    let growing = Growing(&world, AtomicUsize::new(0));
    growing.grow().await;
    let directory = tempfile::tempdir().unwrap();
    let shelf = evidence::shelf(&world.s3);
    let ports = evidence::ports(&world.s3, &growing, &shelf, &world.clock);
    let (bucket, pem) = (names::bucket(evidence::BUCKET), world.pem().await);
    let exported = export(&bucket, ports, &pem, &world.keys, &world.log_keys, directory.path()).await.unwrap();
    assert!(exported.proofs >= 1 && exported.statements > exported.proofs, "{exported:?}");
    let report = judge(directory.path(), &world);
    // What was stated after the log was read cannot be in it; everything that is in it is there.
    assert!(!report.fails() && !report.holds(), "{report:?}");
    assert_eq!(report.pending, exported.statements - report.log.size, "{report:?}");
    let Verdict::Pending(why) = &report.completeness else { panic!("{report:?}") };
    assert!(why.contains("are not in the log yet") && why.contains("2026-11-21T12:00:00Z"), "{why}");
}

#[tokio::test]
async fn a_bundle_holds_and_others_tools_agree() {
    let (world, folder, _directory) = bundle(260).await;
    let report = judge(&folder, &world);
    assert!(report.holds(), "{report:#?}");
    assert_eq!((report.statements, report.proofs, report.log.size), (260, 260, 260));
    let sums = Command::new("sha256sum").args(["-c", "--quiet", "SHA256SUMS"]).current_dir(&folder).output().unwrap();
    assert!(sums.status.success(), "{}", String::from_utf8_lossy(&sums.stdout));
    let note = std::fs::read_to_string(folder.join("log/checkpoint")).unwrap();
    let (text, signature) = note.split_once("\n\n").unwrap();
    let signature = signature.trim_end().rsplit_once(' ').unwrap().1;
    let signature = base64::engine::general_purpose::STANDARD.decode(signature).unwrap();
    std::fs::write(folder.join("text"), format!("{text}\n")).unwrap();
    std::fs::write(folder.join("signature"), &signature[4..]).unwrap();
    let verify = ["pkeyutl", "-verify", "-pubin", "-inkey", "keys/log.pem", "-rawin", "-in", "text"];
    let openssl =
        Command::new("openssl").args(verify).args(["-sigfile", "signature"]).current_dir(&folder).output().unwrap();
    assert!(openssl.status.success(), "{}", String::from_utf8_lossy(&openssl.stderr));
}

/// One byte flipped in each kind of object, at its first, middle and last byte: found, and its place named. Without the list
/// of digests, since what the evidence itself tells must suffice.
fn flip_each_kind(
    folder: &Path,
    kind_of: impl Fn(&str) -> Option<String>,
    broken: impl Fn() -> Option<String>,
) -> usize {
    let files = Folder::open(folder).unwrap();
    let keys = ["att/", "log/", "proofs/"].map(|prefix| files.list(prefix).unwrap()).concat_sets();
    let kinds: BTreeMap<String, String> = keys.into_iter().filter_map(|key| Some((kind_of(&key)?, key))).collect();
    assert_eq!(broken(), None);
    for (kind, key) in &kinds {
        let path = folder.join(key);
        let bytes = std::fs::read(&path).unwrap();
        for at in [0, bytes.len() / 2, bytes.len() - 1] {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1;
            std::fs::write(&path, &flipped).unwrap();
            assert!(broken().is_some(), "{kind}: byte {at} of {key} was flipped and nobody noticed");
        }
        std::fs::write(&path, &bytes).unwrap();
    }
    kinds.len()
}

trait ConcatSets {
    fn concat_sets(self) -> BTreeSet<String>;
}

impl ConcatSets for [BTreeSet<String>; 3] {
    fn concat_sets(self) -> BTreeSet<String> {
        self.into_iter().flatten().collect()
    }
}

#[tokio::test]
async fn a_flipped_byte_of_the_log_is_found_and_named() {
    let (world, folder, _directory) = bundle(260).await;
    let kind_of = |key: &str| {
        let parts: Vec<&str> = key.strip_prefix("log/")?.split('/').collect();
        let level = if parts[0] == "tile" { parts[1] } else { "" };
        Some(format!("{} {level} {}", parts[0], key.contains(".p/")))
    };
    let broken = || {
        let files = Folder::open(&folder).unwrap();
        let report = verify_log(&files, &world.log_keys, None, &[], Wish::Report).unwrap().report;
        report.first_broken.map(|at| at.file)
    };
    // Entries and two levels of tiles, full and partial; intents, checkpoints, positions and the newest checkpoint.
    assert_eq!(flip_each_kind(&folder, kind_of, broken), 9);
}

#[tokio::test]
async fn a_flipped_byte_of_a_statement_or_proof_is_found_and_named() {
    let (world, folder, _directory) = bundle(4).await;
    std::fs::remove_file(folder.join("SHA256SUMS")).unwrap();
    let kind_of = |key: &str| key.split('/').next().filter(|kind| *kind != "log").map(str::to_owned);
    assert_eq!(flip_each_kind(&folder, kind_of, || judge(&folder, &world).first_broken), 2);
}

#[tokio::test]
async fn the_position_of_a_changed_entry_is_told() {
    let (world, folder, _directory) = bundle(260).await;
    std::fs::remove_file(folder.join("SHA256SUMS")).unwrap();
    let path = folder.join("log/tile/entries/000");
    let mut bytes = std::fs::read(&path).unwrap();
    // The last byte belongs to the last entry of the bundle.
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let report = judge(&folder, &world);
    let at = report.log.first_broken.unwrap();
    assert_eq!(at.leaf, 255, "{at:?}");
}

#[tokio::test]
async fn what_is_missing_is_told() {
    let (world, folder, _directory) = bundle(260).await;
    std::fs::remove_file(folder.join("SHA256SUMS")).unwrap();
    let files = Folder::open(&folder).unwrap();
    let statement = files.list("att/").unwrap().first().unwrap().clone();
    for key in [statement.as_str(), "log/tile/entries/001.p/4", "log/tile/0/000"] {
        let path = folder.join(key);
        let bytes = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let report = judge(&folder, &world);
        assert!(report.completeness.fails(), "{key}: {report:#?}");
        std::fs::write(&path, bytes).unwrap();
    }
}

#[tokio::test]
async fn an_object_is_judged_by_statement_and_proof() {
    let world = World::new().await;
    let appender = world.appender(&FaultPlan::new());
    let (first, second) = (world.state(1).await, world.state(2).await);
    appender.append(&[first.1.clone(), second.1.clone()]).await.unwrap();
    let shelf = world.shelf(evidence::BUCKET, &FaultPlan::new());
    let head = head(shelf.as_ref(), &world.log_keys).await.unwrap().unwrap();
    let prove = |leaf: Vec<u8>| {
        let (shelf, head, keys) = (shelf.clone(), head.clone(), world.log_keys.clone());
        async move { prove(shelf.as_ref(), &keys, &head, &leaf).await.unwrap().unwrap().to_text() }
    };
    let (proof, other_proof) = (prove(first.1).await, prove(second.1).await);
    let envelope = world.s3.stored_bytes(&first.0).unwrap();
    let file = Sha256Digest::of(b"file 1");
    let judge =
        |file: &Sha256Digest, proof: &str| verify_object(file, &envelope, proof, None, &world.keys, &world.log_keys);
    let report = judge(&file, &proof);
    assert!(report.holds(), "{report:#?}");
    assert_eq!((report.leaf, report.log_size), (Some(0), Some(2)));
    assert!(judge(&Sha256Digest::of(b"another file"), &proof).integrity.fails());
    assert!(judge(&file, &other_proof).completeness.fails());
    assert!(judge(&file, &proof.replace("\n2\n", "\n3\n")).authenticity.fails());
}

/// Dies at each call of an append in turn, with and without the call's effect; a second writer goes on.
#[tokio::test]
async fn death_at_every_step_leaves_one_history() {
    let clean = World::new().await;
    let plan = FaultPlan::new();
    clean.appender(&plan).append(&[clean.state(0).await.1]).await.unwrap();
    let calls = plan.total_calls();
    assert!(calls > 10, "{calls}");
    for dies_at in 1..=calls {
        let world = World::new().await;
        let (first, second) = (world.state(0).await.1, world.state(1).await.1);
        let died = world.appender(&FaultPlan::new().dies_at(dies_at)).append(std::slice::from_ref(&first)).await;
        assert!(died.is_err());
        let other = world.appender(&FaultPlan::new()).append(std::slice::from_ref(&second)).await.unwrap();
        let again = world.appender(&FaultPlan::new()).append(&[first, second]).await.unwrap();
        assert_eq!(again.positions[1], other.positions[0]);
        let positions: BTreeSet<u64> = again.positions.iter().copied().collect();
        assert_eq!((positions.len(), again.size), (2, 2), "dies at call {dies_at}");
        is_one_history(&world);
    }
    for lost in 1..=plan.calls("put_new") {
        let world = World::new().await;
        let leaf = world.state(0).await.1;
        let plan = FaultPlan::new().on("put_new", lost, Fault::LoseAnswer);
        drop(world.appender(&plan).append(std::slice::from_ref(&leaf)).await);
        let again = world.appender(&FaultPlan::new()).append(&[leaf]).await.unwrap();
        assert_eq!((again.positions, again.size), (vec![0], 1), "lost answer {lost}");
        is_one_history(&world);
    }
}

/// Two writers at once, each with leaves of its own and one in common.
#[tokio::test]
async fn writers_at_once_make_one_history() {
    let world = World::new().await;
    let mut leaves = Vec::new();
    for number in 0..60 {
        leaves.push(world.state(number).await.1);
    }
    let (one, two) = (world.appender(&FaultPlan::new()), world.appender(&FaultPlan::new()));
    let (first, second) = (async { one.append(&leaves[..40]).await }, async { two.append(&leaves[20..]).await });
    let (first, second) = futures::join!(first, second);
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!(first.positions[20..], second.positions[..20]);
    assert_eq!(is_one_history(&world), 60);
}

fn is_one_history(world: &World) -> u64 {
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for key in world.s3.live_keys(&names::bucket(evidence::BUCKET)) {
        let bytes = world.s3.current_bytes(&names::bucket(evidence::BUCKET), &key).unwrap();
        files.insert(key, bytes.to_vec());
    }
    let report = verify_bundle(&files, &world.keys, &world.log_keys, &[]).unwrap();
    assert!(!report.log.integrity.fails() && !report.log.authenticity.fails(), "{report:#?}");
    assert!(!report.log.completeness.fails(), "{report:#?}");
    report.log.size
}

/// A delete marker on any write-once key of the log: the next append goes on as if nothing were or raises the alarm.
#[tokio::test]
async fn delete_markers_are_noticed_or_change_nothing() {
    let template = World::new().await;
    template.appender(&FaultPlan::new()).append(&[template.state(0).await.1]).await.unwrap();
    let keys: Vec<String> = template.s3.live_keys(&names::bucket(evidence::BUCKET));
    let mut alarms = 0;
    for key in keys.iter().filter(|key| key.starts_with("log/")) {
        let world = World::new().await;
        let (first, second) = (world.state(0).await.1, world.state(1).await.1);
        world.appender(&FaultPlan::new()).append(std::slice::from_ref(&first)).await.unwrap();
        world.s3.delete(&names::path(evidence::BUCKET, &rename(key, &first))).unwrap();
        let goes_on = world.appender(&FaultPlan::new()).append(&[first.clone(), second]).await;
        match goes_on {
            Ok(appended) => assert_eq!(appended.positions, [0, 1], "{key}"),
            Err(LogError::Rewritten { .. } | LogError::Missing { .. } | LogError::Forged { .. }) => alarms += 1,
            Err(other) => panic!("{key}: {other}"),
        }
    }
    assert!(alarms >= 4, "{alarms}");
}

/// The position's key holds the leaf's hash, and ECDSA signs differently each time.
fn rename(key: &str, leaf: &[u8]) -> String {
    if key.starts_with("log/idx/") {
        sluice_log::layout::index_key(&sluice_tlog::leaf_hash(leaf))
    } else {
        key.to_owned()
    }
}

#[tokio::test]
async fn the_anchor_tells_a_log_that_was_cut_short() {
    let world = World::new().await;
    let (first, second) = (world.state(0).await.1, world.state(1).await.1);
    let anchored = || world.appender(&FaultPlan::new()).with_anchor(world.shelf("anchor", &FaultPlan::new()));
    anchored().append(&[first]).await.unwrap();
    anchored().append(std::slice::from_ref(&second)).await.unwrap();
    let anchor = world.s3.live_keys(&names::bucket("anchor"));
    assert_eq!(anchor, [1, 2].map(sluice_log::layout::checkpoint_key));
    // An operator who may do anything takes the second append back.
    for key in world.s3.live_keys(&names::bucket(evidence::BUCKET)).iter().filter(|key| key.starts_with("log/")) {
        if key.contains("00000002") || key.contains("commit/00000000000000000001") {
            let path: ObjectPath = names::path(evidence::BUCKET, key);
            let at = ObjectReader::current(&world.s3, &path).await.unwrap();
            assert!(world.s3.force_delete(&at));
        }
    }
    let error = anchored().append(&[second]).await.unwrap_err();
    assert!(matches!(error, LogError::Forged { .. }), "{error}");
    assert!(error.to_string().contains("cut short"), "{error}");
}

/// What signed before goes on to count, and the new key signs on.
#[tokio::test]
async fn checkpoint_keys_rotate() {
    let world = World::new().await;
    let (first, second) = (world.state(0).await.1, world.state(1).await.1);
    world.appender(&FaultPlan::new()).append(&[first]).await.unwrap();
    let next = MemoryKms::new("next");
    let spki = next.message_key().await.unwrap();
    let mut keys = vec![VerifierKey::from_spki_der(evidence::ORIGIN, &spki.0).unwrap()];
    keys.extend_from_slice(world.log_keys.keys());
    let keys = LogKeys::new(keys).unwrap();
    let shelf = world.shelf(evidence::BUCKET, &FaultPlan::new());
    let appender = Appender::new(shelf, Arc::new(next), keys, Arc::new(world.keys.clone()));
    assert_eq!(appender.append(&[second]).await.unwrap().positions, [1]);
}
