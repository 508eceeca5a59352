//! The Merkle log: hashes, trees, proofs, tiles, notes and checkpoints of `merkle-rfc6962.json`, one case a vector.

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use sluice_tlog::{
    Checkpoint, Edge, Hash, NodePlace, Note, OfflineProof, Tile, TileLevel, Tree, VerifierKey, empty_root,
    encode_bundle, entries_path, leaf_hash, node_hash, verify_consistency, verify_inclusion, width_at,
};
use std::collections::BTreeMap;

use crate::suite::{Failure, Report};

type Outcome = Result<(), String>;

/// Judges the sections that are about the log and takes them out of the file.
pub(crate) fn run(sections: &mut Map<String, Value>, report: &mut Report) -> Result<()> {
    hashing(&take(sections, "hashing")?, report);
    tree8(&take(sections, "tree8")?, report);
    probes(&take(sections, "probes")?, report);
    tile_paths(&take(sections, "tile_paths")?, report);
    let log: TestLog = take(sections, "tlog_test_log")?;
    golden_log(&log, report);
    signed_notes(&take(sections, "signed_note")?, report);
    checkpoints(&take(sections, "checkpoint")?, report);
    offline_proofs(&take(sections, "tlog_proof")?, &log, report);
    Ok(())
}

fn take<T: DeserializeOwned>(sections: &mut Map<String, Value>, name: &str) -> Result<T> {
    let section = sections.remove(name).with_context(|| format!("no section {name}"))?;
    serde_json::from_value(section).with_context(|| format!("in section {name}"))
}

fn judge(report: &mut Report, id: String, outcome: Outcome) {
    match outcome {
        Ok(()) => report.passed += 1,
        Err(reason) => report.failures.push(Failure { id, reason }),
    }
}

fn same<T: PartialEq + std::fmt::Debug>(ours: &T, theirs: &T) -> Outcome {
    if ours == theirs { Ok(()) } else { Err(format!("{ours:?}, expected {theirs:?}")) }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err gives")]
fn said(error: impl ToString) -> String {
    error.to_string()
}

fn from_hex(text: &str) -> Result<Vec<u8>, String> {
    hex::decode(text).map_err(said)
}

fn hash_of_base64(text: &str) -> Result<Hash, String> {
    STANDARD.decode(text).map_err(said)?.try_into().map_err(|_length| "not a hash of 32 bytes".to_owned())
}

fn count(number: u64) -> Result<usize, String> {
    usize::try_from(number).map_err(said)
}

// ---- hashes and trees ----

#[derive(Deserialize)]
struct Hashing {
    vectors: Vec<HashVector>,
}

#[derive(Deserialize)]
struct HashVector {
    hex: String,
    leaf_hex: Option<String>,
    left_hex: Option<String>,
    right_hex: Option<String>,
}

fn hashing(section: &Hashing, report: &mut Report) {
    for (at, vector) in section.vectors.iter().enumerate() {
        judge(report, format!("hashing[{at}]"), hash_vector(vector));
    }
}

fn hash_vector(vector: &HashVector) -> Outcome {
    let computed = match (&vector.leaf_hex, &vector.left_hex, &vector.right_hex) {
        (Some(leaf), _, _) => leaf_hash(&from_hex(leaf)?),
        (None, Some(left), Some(right)) => node_hash(&from_hex(left)?, &from_hex(right)?),
        _ => empty_root(),
    };
    same(&hex::encode(computed), &vector.hex)
}

#[derive(Deserialize)]
struct Tree8 {
    leaf_inputs_hex: Vec<String>,
    node_hashes_hex_by_level: Vec<Vec<String>>,
    root_by_tree_size_hex: Vec<String>,
    inclusion_proofs: Vec<InclusionOf>,
    consistency_proofs: Vec<ConsistencyOf>,
}

#[derive(Deserialize)]
struct InclusionOf {
    index: u64,
    size: u64,
    proof_hex: Vec<String>,
}

#[derive(Deserialize)]
struct ConsistencyOf {
    size1: u64,
    size2: u64,
    proof_hex: Vec<String>,
}

fn hexes(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(hex::encode).collect()
}

fn tree8(section: &Tree8, report: &mut Report) {
    let leaves: Vec<Vec<u8>> = section.leaf_inputs_hex.iter().filter_map(|leaf| hex::decode(leaf).ok()).collect();
    let tree = Tree::from_entries(leaves.iter().map(Vec::as_slice));
    for (level, row) in section.node_hashes_hex_by_level.iter().enumerate() {
        for (index, expected) in row.iter().enumerate() {
            let node = tree.node(level, index).map(hex::encode);
            judge(report, format!("tree8.node[{level}][{index}]"), same(&node.as_ref(), &Some(expected)));
        }
    }
    let mut edge = Edge::default();
    for (size, expected) in section.root_by_tree_size_hex.iter().enumerate() {
        let root = tree.root(size).map(hex::encode).map_err(said);
        let outcome = same(&root.as_ref(), &Ok(expected)).and_then(|()| same(&hex::encode(edge.root()), expected));
        judge(report, format!("tree8.root[{size}]"), outcome);
        if let Some(leaf) = leaves.get(size) {
            edge.push(leaf_hash(leaf));
        }
    }
    for (at, case) in section.inclusion_proofs.iter().enumerate() {
        judge(report, format!("tree8.inclusion[{at}]"), inclusion_of(case, &tree));
    }
    for (at, case) in section.consistency_proofs.iter().enumerate() {
        judge(report, format!("tree8.consistency[{at}]"), consistency_of(case, &tree));
    }
}

fn inclusion_of(case: &InclusionOf, tree: &Tree) -> Outcome {
    let proof = tree.inclusion(count(case.index)?, count(case.size)?).map_err(said)?;
    same(&hexes(&proof), &case.proof_hex)?;
    let leaf = tree.node(0, count(case.index)?).ok_or("no such leaf")?;
    verify_inclusion(case.index, case.size, &leaf, &proof, &tree.root(count(case.size)?).map_err(said)?).map_err(said)
}

fn consistency_of(case: &ConsistencyOf, tree: &Tree) -> Outcome {
    let (old, new) = (count(case.size1)?, count(case.size2)?);
    let proof = tree.consistency(old, new).map_err(said)?;
    same(&hexes(&proof), &case.proof_hex)?;
    let (first, second) = (tree.root(old).map_err(said)?, tree.root(new).map_err(said)?);
    verify_consistency(case.size1, case.size2, &first, &second, &proof).map_err(said)
}

// ---- probes ----

#[derive(Deserialize)]
struct Probes {
    inclusion: Vec<InclusionProbe>,
    consistency: Vec<ConsistencyProbe>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InclusionProbe {
    leaf_idx: u64,
    tree_size: u64,
    root: Option<String>,
    leaf_hash: Option<String>,
    proof: Option<Vec<String>>,
    want_err: bool,
    file: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConsistencyProbe {
    size1: u64,
    size2: u64,
    root1: Option<String>,
    root2: Option<String>,
    proof: Option<Vec<String>>,
    want_err: bool,
    file: String,
}

/// Bytes that are no hash are refused by whoever reads them, before a proof is asked.
fn hash_of(text: Option<&String>) -> Result<Hash, String> {
    hash_of_base64(text.map(String::as_str).unwrap_or_default())
}

fn hashes_of(proof: Option<&Vec<String>>) -> Result<Vec<Hash>, String> {
    proof.into_iter().flatten().map(|text| hash_of_base64(text)).collect()
}

fn probes(section: &Probes, report: &mut Report) {
    for probe in &section.inclusion {
        let held = || {
            let (leaf, root) = (hash_of(probe.leaf_hash.as_ref())?, hash_of(probe.root.as_ref())?);
            let proof = hashes_of(probe.proof.as_ref())?;
            verify_inclusion(probe.leaf_idx, probe.tree_size, &leaf, &proof, &root).map_err(said)
        };
        judge(report, probe.file.clone(), expected(held(), probe.want_err));
    }
    for probe in &section.consistency {
        let held = || {
            let (first, second) = (hash_of(probe.root1.as_ref())?, hash_of(probe.root2.as_ref())?);
            let proof = hashes_of(probe.proof.as_ref())?;
            verify_consistency(probe.size1, probe.size2, &first, &second, &proof).map_err(said)
        };
        judge(report, probe.file.clone(), expected(held(), probe.want_err));
    }
}

fn expected(held: Outcome, want_err: bool) -> Outcome {
    match (held, want_err) {
        (Ok(()), true) => Err("accepted, expected a refusal".to_owned()),
        (Err(reason), false) => Err(reason),
        (Ok(()), false) | (Err(_), true) => Ok(()),
    }
}

// ---- tiles ----

#[derive(Deserialize)]
struct TilePaths {
    entries_path_for_index: Vec<EntriesForIndex>,
    entries_path: Vec<EntriesAt>,
    tile_path: Vec<TileAt>,
    parse: Vec<Parse>,
    node_to_tile: Vec<NodeToTile>,
    spec_examples: Vec<Map<String, Value>>,
}

#[derive(Deserialize)]
struct EntriesForIndex {
    entry_index: u64,
    log_size: u64,
    path: String,
}

#[derive(Deserialize)]
struct EntriesAt {
    #[serde(rename = "N")]
    index: u64,
    p: u8,
    path: String,
}

#[derive(Deserialize)]
struct TileAt {
    level: u8,
    index: u64,
    p: u8,
    path: String,
}

#[derive(Deserialize)]
struct Parse {
    level: String,
    index: String,
    want_level: Option<u8>,
    want_index: Option<u64>,
    want_p: Option<u8>,
    #[serde(default)]
    error: bool,
}

#[derive(Deserialize)]
struct NodeToTile {
    tree_level: u64,
    tree_index: u64,
    tile_level: u64,
    tile_index: u64,
    node_level: u64,
    node_index: u64,
}

fn tile_paths(section: &TilePaths, report: &mut Report) {
    for (at, case) in section.entries_path_for_index.iter().enumerate() {
        let path = entries_path(case.entry_index, case.log_size);
        judge(report, format!("tile_paths.entries_path_for_index[{at}]"), same(&path, &case.path));
    }
    for (at, case) in section.entries_path.iter().enumerate() {
        let tile = Tile { level: TileLevel::Entries, index: case.index, partial: case.p };
        judge(report, format!("tile_paths.entries_path[{at}]"), same(&tile.to_string(), &case.path));
    }
    for (at, case) in section.tile_path.iter().enumerate() {
        let tile = Tile { level: TileLevel::Hashes(case.level), index: case.index, partial: case.p };
        judge(report, format!("tile_paths.tile_path[{at}]"), same(&tile.to_string(), &case.path));
    }
    for (at, case) in section.parse.iter().enumerate() {
        judge(report, format!("tile_paths.parse[{at}]"), parse(case));
    }
    for (at, case) in section.node_to_tile.iter().enumerate() {
        let place = NodePlace::of(case.tree_level, case.tree_index);
        let expected = NodePlace {
            tile_level: case.tile_level,
            tile_index: case.tile_index,
            node_level: case.node_level,
            node_index: case.node_index,
        };
        judge(report, format!("tile_paths.node_to_tile[{at}]"), same(&place, &expected));
    }
    for (at, example) in section.spec_examples.iter().enumerate().filter(|(_, one)| one.contains_key("tree_size")) {
        judge(report, format!("tile_paths.spec_examples[{at}]"), widths(example));
    }
}

fn parse(case: &Parse) -> Outcome {
    match Tile::parse(&case.level, &case.index) {
        Err(_) if case.error => Ok(()),
        Err(error) => Err(said(error)),
        Ok(tile) if case.error => Err(format!("read as {tile}, expected a refusal")),
        Ok(tile) => {
            let TileLevel::Hashes(level) = tile.level else { return Err("read as entries".to_owned()) };
            let read = (Some(level), Some(tile.index), Some(tile.partial));
            same(&read, &(case.want_level, case.want_index, case.want_p))
        }
    }
}

/// `level<l>_full` counts full tiles, `level<l>_partial_width` the hashes in the partial one.
fn widths(example: &Map<String, Value>) -> Outcome {
    let size = example.get("tree_size").and_then(Value::as_u64).ok_or("no tree size")?;
    for (name, expected) in example.iter().filter(|(name, _)| *name != "tree_size") {
        let (level, what) = name.strip_prefix("level").and_then(|rest| rest.split_once('_')).ok_or("unknown field")?;
        let level: u8 = level.parse().map_err(said)?;
        let computed = match what {
            "full" => size >> (8 * (u32::from(level) + 1)),
            "partial_width" => u64::from(width_at(level, size)),
            other => return Err(format!("unknown field {other}")),
        };
        same(&Some(computed), &expected.as_u64())?;
    }
    Ok(())
}

// ---- the golden log ----

#[derive(Deserialize)]
struct TestLog {
    origin: String,
    vkey: String,
    #[serde(rename = "signing_key_TEST_ONLY")]
    signing_key: String,
    entries_utf8: Vec<String>,
    checkpoints_by_size: BTreeMap<String, String>,
    resources_b64: BTreeMap<String, String>,
}

impl TestLog {
    /// The seed after `PRIVATE+KEY+name+id+` and the algorithm's byte.
    fn signer(&self) -> Result<SigningKey, String> {
        let encoded = self.signing_key.splitn(5, '+').nth(4).ok_or("no key")?;
        let bytes = STANDARD.decode(encoded).map_err(said)?;
        let seed: [u8; 32] = bytes.get(1..).and_then(|seed| seed.try_into().ok()).ok_or("no seed")?;
        Ok(SigningKey::from_bytes(&seed))
    }

    /// The checkpoint of a size, made and signed anew.
    fn checkpoint(&self, tree: &Tree, size: u64) -> Result<String, String> {
        let key = VerifierKey::parse(&self.vkey).map_err(said)?;
        same(&key.to_string(), &self.vkey)?;
        let root = tree.root(count(size)?).map_err(said)?;
        let text = Checkpoint::new(&self.origin, size, &root).to_text();
        let note = Note::assemble(&text, &key, &self.signer()?.sign(text.as_bytes()).to_bytes());
        Note::parse(&note).map_err(said)?.verify(&[key]).map_err(said)?;
        Ok(note)
    }

    fn tree(&self) -> Tree {
        Tree::from_entries(self.entries_utf8.iter().map(String::as_bytes))
    }

    /// The bytes of a file of the log, from its entries alone.
    fn resource(&self, path: &str, tree: &Tree) -> Result<Vec<u8>, String> {
        if let Some(checkpoint) = path.strip_prefix("checkpoint") {
            let size =
                checkpoint.strip_prefix('.').map_or(Ok(tree.size() as u64), |size| size.parse().map_err(said))?;
            return Ok(self.checkpoint(tree, size)?.into_bytes());
        }
        let (level, index) = path.strip_prefix("tile/").and_then(|rest| rest.split_once('/')).ok_or("unknown file")?;
        let tile = Tile::parse(level, index).map_err(said)?;
        same(&tile.to_string().as_str(), &path)?;
        match tile.level {
            TileLevel::Hashes(_) => tile.hashes(tree).ok_or_else(|| "beyond the log".to_owned()),
            TileLevel::Entries => {
                let width = if tile.partial == 0 { 256 } else { usize::from(tile.partial) };
                let entries = self.entries_utf8.iter().skip(count(tile.index)? * 256).take(width);
                encode_bundle(&entries.map(String::as_bytes).collect::<Vec<_>>()).map_err(said)
            }
        }
    }
}

fn golden_log(log: &TestLog, report: &mut Report) {
    let tree = log.tree();
    for (size, expected) in &log.checkpoints_by_size {
        let made = size.parse().map_err(said).and_then(|size| log.checkpoint(&tree, size));
        judge(report, format!("tlog_test_log.checkpoint[{size}]"), made.and_then(|made| same(&made, expected)));
    }
    for (path, expected) in &log.resources_b64 {
        let made = log.resource(path, &tree).map(|bytes| STANDARD.encode(bytes));
        judge(report, format!("tlog_test_log.{path}"), made.and_then(|made| same(&made, expected)));
    }
}

// ---- notes, checkpoints, offline proofs ----

#[derive(Deserialize)]
struct SignedNotes {
    positive: Vec<SignedNote>,
    vkeys: Vec<Vkey>,
}

#[derive(Deserialize)]
struct SignedNote {
    vkey: String,
    note: String,
}

#[derive(Deserialize)]
struct Vkey {
    vkey: String,
}

fn signed_notes(section: &SignedNotes, report: &mut Report) {
    for (at, case) in section.positive.iter().enumerate() {
        judge(report, format!("signed_note.positive[{at}]"), signed_note(case));
    }
    for (at, case) in section.vkeys.iter().enumerate() {
        let written = VerifierKey::parse(&case.vkey).map(|key| key.to_string()).map_err(said);
        judge(report, format!("signed_note.vkeys[{at}]"), written.and_then(|written| same(&written, &case.vkey)));
    }
}

/// The note verifies, and no longer does with a letter of its text or of its key's name changed.
fn signed_note(case: &SignedNote) -> Outcome {
    let key = VerifierKey::parse(&case.vkey).map_err(said)?;
    let note = Note::parse(&case.note).map_err(said)?;
    note.verify(std::slice::from_ref(&key)).map_err(said)?;
    let changed = Note { text: note.text.replacen('e', "f", 1), ..note.clone() };
    expected(changed.verify(std::slice::from_ref(&key)).map_err(said), true)?;
    expected(note.verify(&[VerifierKey { name: format!("{}x", key.name), ..key }]).map_err(said), true)
}

#[derive(Deserialize)]
struct Checkpoints {
    positive: Vec<CheckpointCase>,
    negative: Vec<BadCheckpoint>,
    extra_negative_from_spec: Vec<BadCheckpoint>,
}

#[derive(Deserialize)]
struct CheckpointCase {
    text: String,
    origin: String,
    size: u64,
    hash_b64: Option<String>,
    #[serde(default)]
    extension_lines: Vec<String>,
}

#[derive(Deserialize)]
struct BadCheckpoint {
    text: String,
}

fn checkpoints(section: &Checkpoints, report: &mut Report) {
    for (at, case) in section.positive.iter().enumerate() {
        judge(report, format!("checkpoint.positive[{at}]"), checkpoint(case));
    }
    for (at, case) in section.negative.iter().enumerate() {
        let read = Checkpoint::parse(&case.text).map(|_read| ()).map_err(said);
        judge(report, format!("checkpoint.negative[{at}]"), expected(read, true));
    }
    // What the format allows and a log of SHA-256 does not: read as our verifier reads it.
    for (at, case) in section.extra_negative_from_spec.iter().enumerate() {
        let read = Checkpoint::parse(&case.text).and_then(|read| read.sha256_root()).map(|_root| ()).map_err(said);
        judge(report, format!("checkpoint.extra_negative_from_spec[{at}]"), expected(read, true));
    }
}

fn checkpoint(case: &CheckpointCase) -> Outcome {
    let read = Checkpoint::parse(&case.text).map_err(said)?;
    let root = case.hash_b64.as_ref().map_or(Ok(read.root.clone()), |text| STANDARD.decode(text).map_err(said))?;
    let expected =
        Checkpoint { origin: case.origin.clone(), size: case.size, root, extensions: case.extension_lines.clone() };
    same(&read, &expected)?;
    same(&read.to_text(), &case.text)
}

#[derive(Deserialize)]
struct OfflineProofs {
    negative: Vec<String>,
    derived_positive: Vec<OfflineCase>,
}

#[derive(Deserialize)]
struct OfflineCase {
    text: String,
    entry_utf8: String,
}

fn offline_proofs(section: &OfflineProofs, log: &TestLog, report: &mut Report) {
    for (at, text) in section.negative.iter().enumerate() {
        let read = OfflineProof::parse(text).map(|_read| ()).map_err(said);
        judge(report, format!("tlog_proof.negative[{at}]"), expected(read, true));
    }
    for (at, case) in section.derived_positive.iter().enumerate() {
        judge(report, format!("tlog_proof.derived_positive[{at}]"), offline_proof(case, log));
    }
}

/// The proof verifies, is made anew to the byte, and proves nothing of another entry.
fn offline_proof(case: &OfflineCase, log: &TestLog) -> Outcome {
    let key = VerifierKey::parse(&log.vkey).map_err(said)?;
    let proof = OfflineProof::parse(&case.text).map_err(said)?;
    let checkpoint = proof.verify(case.entry_utf8.as_bytes(), &key).map_err(said)?;
    expected(proof.verify(b"another entry", &key).map(|_checkpoint| ()).map_err(said), true)?;
    let tree = log.tree();
    let hashes = tree.inclusion(count(proof.index)?, count(checkpoint.size)?).map_err(said)?;
    let made = OfflineProof { hashes, checkpoint: log.checkpoint(&tree, checkpoint.size)?, ..proof };
    same(&made.to_text(), &case.text)
}
