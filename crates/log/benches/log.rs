//! `cargo bench -p sluice-log`: leaves appended a second to S3 in memory, and how long it takes to verify a million.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::cast_precision_loss, reason = "a benchmark prints figures")]
#![allow(clippy::disallowed_methods, reason = "a benchmark looks at the clock")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use ed25519_dalek::{Signer as _, SigningKey};
use jiff::Timestamp;
use sluice_common::Sha256Digest;
use sluice_common::port::{MessageSigner as _, Signer};
use sluice_evidence::layout::{RunId, Stage, StatementKey, SubjectId};
use sluice_evidence::{Genuine, TrustedKeys};
use sluice_log::layout::{bundle_at, checkpoint_key, tile_key};
use sluice_log::verify::{Wish, verify_log};
use sluice_log::{Appender, BucketShelf, Leaf, LogKeys};
use sluice_testkit::{FixedClock, MemoryKms, MemoryS3, names};
use sluice_tlog::{Checkpoint, Edge, Note, VerifierKey, encode_bundle, leaf_hash};

const APPENDED: usize = 8_192;
const VERIFIED: u64 = 1_000_000;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(append());
    verify();
}

async fn append() {
    let s3 = MemoryS3::new(FixedClock("2026-11-21T12:00:00Z".parse::<Timestamp>().unwrap()));
    s3.create_versioned_bucket(&names::bucket("evidence")).unwrap();
    let kms = MemoryKms::new("bench");
    let keys = TrustedKeys::from_spki_der([&kms.public_key().await.unwrap()]).unwrap();
    let key = VerifierKey::from_spki_der("log.example/bench", &kms.message_key().await.unwrap().0).unwrap();
    let key_id = keys.ids().next().unwrap();
    let mut leaves = Vec::with_capacity(APPENDED);
    for number in 0..APPENDED {
        let pae_sha256 = Sha256Digest::of(&number.to_be_bytes());
        let signature = kms.sign(&pae_sha256).await.unwrap().0;
        let subject = SubjectId::of_name(&number.to_string());
        let key = StatementKey { stage: Stage::Seal, subject, run: RunId::only() };
        leaves.push(Leaf::of(&Genuine { key, pae_sha256, key_id, signature }).to_bytes().unwrap());
    }
    let s3 = Arc::new(s3);
    let shelf = Arc::new(BucketShelf::new(names::bucket("evidence"), s3.clone(), s3.clone(), s3));
    let appender = Appender::new(shelf, Arc::new(kms), LogKeys::new(vec![key]).unwrap(), Arc::new(keys));
    let begun = Instant::now();
    for batch in leaves.chunks(256) {
        appender.append(batch).await.unwrap();
    }
    let seconds = begun.elapsed().as_secs_f64();
    println!("append: {APPENDED} leaves in {seconds:.2} s, {:.0} leaves/s", APPENDED as f64 / seconds);
}

fn verify() {
    let secret = SigningKey::from_bytes(&[7; 32]);
    let key = VerifierKey::ed25519("log.example/bench", secret.verifying_key().to_bytes()).unwrap();
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let (mut edge, mut entries) = (Edge::default(), Vec::new());
    for number in 0..VERIFIED {
        // As long as a leaf of ours.
        let entry = format!("{number:0>380}").into_bytes();
        for (tile, bytes) in edge.push(leaf_hash(&entry)) {
            files.insert(tile_key(&tile), bytes);
        }
        entries.push(entry);
        if entries.len() == 256 || number + 1 == VERIFIED {
            let bundle: Vec<&[u8]> = entries.iter().map(Vec::as_slice).collect();
            let tile = bundle_at(number / 256, VERIFIED);
            files.insert(tile_key(&tile), encode_bundle(&bundle).unwrap());
            entries.clear();
        }
    }
    files.extend(edge.partial_tiles().into_iter().map(|(tile, bytes)| (tile_key(&tile), bytes)));
    let text = Checkpoint::new(&key.name, VERIFIED, &edge.root()).to_text();
    let note = Note::assemble(&text, &key, &secret.sign(text.as_bytes()).to_bytes());
    files.insert(checkpoint_key(VERIFIED), note.into_bytes());
    let keys = LogKeys::new(vec![key]).unwrap();
    let begun = Instant::now();
    let report = verify_log(&files, &keys, None, &[], Wish::Report).unwrap().report;
    let seconds = begun.elapsed().as_secs_f64();
    assert!(report.holds() && report.size == VERIFIED, "{report:?}");
    println!("verify: {VERIFIED} leaves in {seconds:.2} s");
}
