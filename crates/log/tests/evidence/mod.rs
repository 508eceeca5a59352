//! An evidence bucket in memory, for all tests of the log.
#![allow(dead_code, unreachable_pub, reason = "each test is a crate that uses its share")]

use std::collections::BTreeMap;
use std::sync::Arc;

use sluice_common::port::{LockSetting, MessageSigner as _, RetentionMode, VersionLister};
use sluice_common::{ObjectVersion, Sha256Digest};
use sluice_evidence::predicate::{Finding, Severity};
use sluice_evidence::verify::TrustedKeys;
use sluice_evidence::{Archive, Ledger, Predecessor, Predicate, ResourceDescriptor, Statement};
use sluice_log::bundle::ExportPorts;
use sluice_log::{BucketShelf, Leaf, LogKeys};
use sluice_testkit::{MemoryKms, MemoryS3, SettableClock, names};
use sluice_tlog::VerifierKey;

pub const BUCKET: &str = "evidence";
pub const ORIGIN: &str = "log.example/evidence";

/// A statement that is kept: its key, its leaf, and what others link to.
pub struct Kept {
    pub at: ObjectVersion,
    pub leaf: Vec<u8>,
    pub link: Predecessor,
}

/// S3 with a bucket whose objects are locked for a month.
pub fn store(clock: &SettableClock) -> MemoryS3 {
    let s3 = MemoryS3::new(clock.clone());
    let lock = LockSetting { default_mode: Some(RetentionMode::Governance), default_days: Some(30) };
    s3.create_locked_bucket(&names::bucket(BUCKET), lock).unwrap();
    s3
}

pub async fn log_keys(kms: &MemoryKms) -> LogKeys {
    let spki = kms.message_key().await.unwrap();
    LogKeys::new(vec![VerifierKey::from_spki_der(ORIGIN, &spki.0).unwrap()]).unwrap()
}

pub fn shelf(s3: &MemoryS3) -> BucketShelf {
    let s3 = Arc::new(s3.clone());
    BucketShelf::new(names::bucket(BUCKET), s3.clone(), s3.clone(), s3)
}

/// What an export reads from; versions may be listed by another.
pub fn ports<'w>(
    s3: &'w MemoryS3,
    versions: &'w dyn VersionLister,
    shelf: &'w BucketShelf,
    clock: &'w SettableClock,
) -> ExportPorts<'w> {
    ExportPorts { reader: s3, versions, locks: s3, shelf, clock }
}

/// A statement about nothing in particular.
pub fn finding(number: usize) -> Statement<Finding> {
    let about = names::version("raw", &format!("orders/{number}.csv"), "v1");
    let subject = ResourceDescriptor::object(&about, Sha256Digest::of(format!("file {number}").as_bytes()));
    let (rule, detail) = ("test".into(), format!("number {number}"));
    Statement::new(vec![subject], Finding { rule, severity: Severity::Low, detail, evidence: Vec::new() }).unwrap()
}

pub async fn record<P: Predicate>(s3: &MemoryS3, signer: &MemoryKms, statement: &Statement<P>) -> Kept {
    let (s3, keys) = (Arc::new(s3.clone()), TrustedKeys::of_signer(signer).await.unwrap());
    let archive = Archive::new(names::bucket(BUCKET), s3.clone(), s3.clone(), keys);
    let ledger = Ledger::new(archive, s3, Arc::new(signer.clone()));
    let kept = ledger.record(statement, &BTreeMap::new()).await.unwrap().into_kept();
    let genuine = ledger.archive().load_any(kept.at()).await.unwrap();
    let link = Predecessor { uri: kept.at().uri(), pae_sha256: genuine.pae_sha256 };
    Kept { at: kept.at().clone(), leaf: Leaf::of(&genuine).to_bytes().unwrap(), link }
}
