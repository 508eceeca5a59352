//! Signing keys that follow each other: one trusted key suffices, and each key counts in its time and in the log's order.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test: what does not fit must stop it")]

mod evidence;

use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::{SignedDuration, Timestamp};
use sluice_common::port::{Clock as _, Signer as _};
use sluice_evidence::predicate::KeyRotation;
use sluice_evidence::verify::{KeyId, TrustedKeys};
use sluice_evidence::{Predicate, Statement};
use sluice_log::bundle::{BundleReport, export, verify_bundle};
use sluice_log::files::Folder;
use sluice_log::{Appender, LogKeys};
use sluice_testkit::{MemoryKms, MemoryS3, SettableClock, names};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

struct World {
    clock: SettableClock,
    s3: MemoryS3,
    old: MemoryKms,
    new: MemoryKms,
    log_keys: LogKeys,
    leaves: Vec<Vec<u8>>,
}

impl World {
    async fn new() -> Self {
        let clock = SettableClock::default();
        let (old, new) = (MemoryKms::new("old"), MemoryKms::new("new"));
        let log_keys = evidence::log_keys(&old).await;
        Self { s3: evidence::store(&clock), clock, old, new, log_keys, leaves: Vec::new() }
    }

    async fn record<P: Predicate>(&mut self, signer: &MemoryKms, statement: &Statement<P>) {
        self.leaves.push(evidence::record(&self.s3, signer, statement).await.leaf);
    }

    async fn state(&mut self, signer: &MemoryKms, number: usize) {
        self.record(signer, &evidence::finding(number)).await;
    }

    /// The new key counts from now on, the old one for a day.
    async fn rotate(&mut self) {
        let (old, new) = (self.old.public_key().await.unwrap().0, self.new.public_key().await.unwrap().0);
        let now = self.clock.now();
        let predicate = KeyRotation {
            previous: KeyId::of_spki(&old),
            previous_not_after: now + HOUR * 24,
            next: KeyId::of_spki(&new),
            next_public_key: BASE64.encode(&new),
            next_not_before: now,
        };
        let statement = Statement::new(vec![KeyRotation::subject(&predicate.previous)], predicate).unwrap();
        let old = self.old.clone();
        self.record(&old, &statement).await;
    }

    /// Logs all statements in an order, exports, and judges with the old key alone.
    async fn judged(&self, order: &[usize]) -> (BundleReport, PathBuf, tempfile::TempDir) {
        let spki = [self.old.public_key().await.unwrap(), self.new.public_key().await.unwrap()];
        let both = TrustedKeys::from_spki_der(&spki).unwrap();
        let shelf = Arc::new(evidence::shelf(&self.s3));
        let signer = Arc::new(self.old.clone());
        let appender = Appender::new(shelf.clone(), signer, self.log_keys.clone(), Arc::new(both));
        let leaves: Vec<Vec<u8>> = order.iter().map(|at| self.leaves[*at].clone()).collect();
        appender.append(&leaves).await.unwrap();
        let directory = tempfile::tempdir().unwrap();
        let folder = directory.path().join("bundle");
        let (bucket, ports) =
            (names::bucket(evidence::BUCKET), evidence::ports(&self.s3, &self.s3, &shelf, &self.clock));
        let first = TrustedKeys::of_signer(&self.old).await.unwrap();
        let exported = export(&bucket, ports, "", &first, &self.log_keys, &folder).await.unwrap();
        assert_eq!(exported.proofs, exported.statements, "statements of later keys have proofs, too");
        let report = verify_bundle(&Folder::open(&folder).unwrap(), &first, &self.log_keys, &[]).unwrap();
        (report, folder, directory)
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[tokio::test]
async fn the_first_key_leads_to_the_second_and_both_count_while_they_overlap() {
    let mut world = World::new().await;
    let (old, new) = (world.old.clone(), world.new.clone());
    world.state(&old, 0).await;
    world.clock.advance(HOUR);
    world.rotate().await;
    world.state(&new, 1).await;
    world.clock.advance(HOUR * 23);
    world.state(&old, 2).await;
    let (report, folder, _directory) = world.judged(&[0, 1, 2, 3]).await;
    assert!(report.holds(), "{report:#?}");
    assert_eq!(report.statements, 4);
    // The key set that goes with the bundle says the same as the rotations.
    let set = std::fs::read(folder.join("keys/statements.json")).unwrap();
    let keys = TrustedKeys::from_key_set(&set).unwrap();
    let id = KeyId::of_spki(&old.public_key().await.unwrap().0);
    assert_eq!(keys.window(&id).not_after, Some(at("2026-01-02T01:00:00Z")));
}

#[tokio::test]
async fn a_statement_of_a_key_that_was_retired_is_refused_and_named() {
    let mut world = World::new().await;
    let old = world.old.clone();
    world.rotate().await;
    world.clock.advance(HOUR * 24 + SignedDuration::from_secs(1));
    world.state(&old, 0).await;
    let (report, ..) = world.judged(&[0, 1]).await;
    assert!(report.authenticity.fails());
    let first = report.first_broken.unwrap();
    assert!(first.starts_with("att/finding/") && first.contains("outside the validity"), "{first}");
}

#[tokio::test]
async fn a_statement_of_a_key_before_its_time_is_refused() {
    let mut world = World::new().await;
    let new = world.new.clone();
    world.state(&new, 0).await;
    world.clock.advance(HOUR);
    world.rotate().await;
    let (report, ..) = world.judged(&[1, 0]).await;
    assert!(report.authenticity.fails(), "{report:#?}");
}

#[tokio::test]
async fn nothing_is_signed_by_a_key_before_the_log_knows_it() {
    let mut world = World::new().await;
    let new = world.new.clone();
    world.rotate().await;
    world.state(&new, 0).await;
    let (report, folder, _directory) = world.judged(&[1, 0]).await;
    assert!(report.authenticity.fails());
    assert!(report.first_broken.clone().unwrap().starts_with("leaf 0: signed by key"), "{report:#?}");
    // And without the times that came with the bundle the new key's statements are not believed either.
    std::fs::remove_file(folder.join("versions.jsonl")).unwrap();
    std::fs::remove_file(folder.join("SHA256SUMS")).unwrap();
    let first = TrustedKeys::of_signer(&world.old).await.unwrap();
    let report = verify_bundle(&Folder::open(&folder).unwrap(), &first, &world.log_keys, &[]).unwrap();
    assert!(report.authenticity.fails());
}

#[tokio::test]
async fn without_the_rotation_the_second_key_is_a_strangers() {
    let mut world = World::new().await;
    let new = world.new.clone();
    world.rotate().await;
    world.state(&new, 0).await;
    let (report, folder, _directory) = world.judged(&[0, 1]).await;
    assert!(report.holds(), "{report:#?}");
    std::fs::remove_dir_all(folder.join("att/keyrotation")).unwrap();
    let first = TrustedKeys::of_signer(&world.old).await.unwrap();
    let report = verify_bundle(&Folder::open(&folder).unwrap(), &first, &world.log_keys, &[]).unwrap();
    assert!(report.authenticity.fails());
}
