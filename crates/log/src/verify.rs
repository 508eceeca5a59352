//! Verification of a log offline: every file of a copy, by its own hashes, against its signed checkpoints.
//!
//! | verdict | the question |
//! |---|---|
//! | INTEGRITY | do all hashes agree, and is every checkpoint ever signed a beginning of this one log |
//! | COMPLETENESS | is every entry, tile and position there, up to the newest checkpoint |
//! | AUTHENTICITY | did the log's key sign every checkpoint, the statement keys every leaf |

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io;

use serde::Serialize;
use sluice_evidence::offline::Verdict;
use sluice_tlog::{Edge, Hash, Tile, TileLevel, decode_bundle, leaf_hash};

use crate::files::Files;
use crate::intent::{self, IntentVerdict};
use crate::keys::{Head, LogKeys};
use crate::layout::{CHECKPOINTS_PREFIX, bundle_at, checkpoint_key, checkpoint_size, index_key, tile_key};
use crate::leaf::LeafJudge;

/// What is known of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LogReport {
    /// All hashes agree.
    pub integrity: Verdict,
    /// Nothing is missing.
    pub completeness: Verdict,
    /// Trusted keys signed.
    pub authenticity: Verdict,
    /// The first place, in the order of the log, at which something does not hold.
    pub first_broken: Option<Broken>,
    /// Leaves under the newest checkpoint.
    pub size: u64,
    /// Its root, hexadecimal.
    pub root: String,
    /// Checkpoints that were compared.
    pub checkpoints: u64,
    /// Void intents: somebody wrote into the log's folder, to no effect.
    pub void_intents: u64,
}

/// Where something does not hold.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Broken {
    /// The leaf from which on nothing is certain.
    pub leaf: u64,
    /// The file.
    pub file: String,
    /// What is wrong.
    pub what: String,
}

impl LogReport {
    /// Whether no question was answered with no.
    pub fn holds(&self) -> bool {
        ![&self.integrity, &self.completeness, &self.authenticity].into_iter().any(Verdict::fails)
    }
}

/// What was found wrong, by verdict.
#[derive(Debug, Default)]
struct Faults {
    integrity: BTreeSet<Broken>,
    completeness: BTreeSet<Broken>,
    authenticity: BTreeSet<Broken>,
}

fn broken(leaf: u64, file: impl Into<String>, what: impl Into<String>) -> Broken {
    Broken { leaf, file: file.into(), what: what.into() }
}

fn verdict(faults: &BTreeSet<Broken>) -> Verdict {
    match faults.first() {
        None => Verdict::Holds,
        Some(first) => {
            let more = match faults.len() {
                1 => String::new(),
                many => format!(" (and {} more places)", many - 1),
            };
            Verdict::Fails(format!("{} (leaf {}): {}{more}", first.file, first.leaf, first.what))
        }
    }
}

/// A log that was read to its end.
#[derive(Debug)]
pub struct VerifiedLog {
    /// What is known of it.
    pub report: LogReport,
    /// The entries that were read, in order; asked for by [`Wish::Entries`].
    pub entries: Vec<Vec<u8>>,
}

/// What to keep of a log while it is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// The verdicts.
    Report,
    /// The verdicts and the entries: some 400 bytes a leaf.
    Entries,
}

/// Verifies a copy of a log whose files lie under the keys of [`crate::layout`]. With a judge, leaves must be ones that a
/// trusted key signed; without, they are bytes. `anchors` are checkpoints that were kept elsewhere.
///
/// # Errors
/// When the folder cannot be read, or holds no checkpoint at all.
pub fn verify_log(
    files: &dyn Files,
    keys: &LogKeys,
    judge: Option<&dyn LeafJudge>,
    anchors: &[Vec<u8>],
    wish: Wish,
) -> io::Result<VerifiedLog> {
    let mut faults = Faults::default();
    let heads = checkpoints(files, keys, anchors, &mut faults)?;
    // Without a believable checkpoint there is nothing to compare with.
    let Some(head) = heads.values().flatten().next_back().cloned() else {
        if faults.authenticity.is_empty() {
            return Err(io::Error::other("no checkpoint: neither log/checkpoints/ nor log/checkpoint is there"));
        }
        return Ok(VerifiedLog { report: report(&faults, None, 0, 0), entries: Vec::new() });
    };
    let read = read_entries(files, &head, &mut faults)?;
    let mut walk = Walk { files, judge, faults: &mut faults, void_intents: 0, levels: Vec::new() };
    walk.run(&read, &heads)?;
    let void_intents = walk.void_intents;
    let levels = std::mem::take(&mut walk.levels);
    check_tiles(files, &levels, &read, head.size, &mut faults)?;
    check_positions(files, &read, &mut faults)?;
    let compared = heads.len() as u64;
    let report = report(&faults, Some(&head), compared, void_intents);
    Ok(VerifiedLog { report, entries: if wish == Wish::Entries { read } else { Vec::new() } })
}

fn report(faults: &Faults, head: Option<&Head>, checkpoints: u64, void_intents: u64) -> LogReport {
    let all = [&faults.integrity, &faults.completeness, &faults.authenticity];
    LogReport {
        integrity: verdict(&faults.integrity),
        completeness: verdict(&faults.completeness),
        authenticity: verdict(&faults.authenticity),
        first_broken: all.into_iter().filter_map(BTreeSet::first).min().cloned(),
        size: head.map_or(0, |head| head.size),
        root: head.map_or_else(String::new, |head| hex::encode(head.root)),
        checkpoints,
        void_intents,
    }
}

type Heads = BTreeMap<u64, Vec<Head>>;

/// Every checkpoint that a trusted key signed, by size.
fn checkpoints(files: &dyn Files, keys: &LogKeys, anchors: &[Vec<u8>], faults: &mut Faults) -> io::Result<Heads> {
    let mut notes: Vec<(String, Option<u64>, Vec<u8>)> = Vec::new();
    for key in files.list(CHECKPOINTS_PREFIX)? {
        if let Some(note) = files.read(&key)? {
            notes.push((key.clone(), checkpoint_size(&key), note));
        }
    }
    if let Some(note) = files.read("log/checkpoint")? {
        notes.push(("log/checkpoint".to_owned(), None, note));
    }
    let anchored = anchors.iter().enumerate().map(|(at, note)| (format!("anchor {}", at + 1), None, note.clone()));
    notes.extend(anchored);
    let mut heads = Heads::new();
    for (file, size, note) in notes {
        match keys.open(&note) {
            Err(what) => {
                faults.authenticity.insert(broken(size.unwrap_or(0), file, what));
            }
            Ok(head) if size.is_some_and(|size| size != head.size) => {
                faults.integrity.insert(broken(head.size, file, "it is the checkpoint of another size"));
            }
            Ok(head) => {
                let same_size = heads.entry(head.size).or_default();
                if same_size.iter().all(|one| one.root != head.root) {
                    same_size.push(head);
                }
            }
        }
    }
    for (size, _) in heads.iter().filter(|(_, roots)| roots.len() > 1) {
        let what = "two roots were signed for this size: the log shows different people different histories";
        faults.integrity.insert(broken(*size, checkpoint_key(*size), what));
    }
    Ok(heads)
}

fn read_entries(files: &dyn Files, head: &Head, faults: &mut Faults) -> io::Result<Vec<Vec<u8>>> {
    let mut entries: Vec<Vec<u8>> = Vec::new();
    for index in 0..head.size.div_ceil(256) {
        let tile = bundle_at(index, head.size);
        let (file, first) = (tile_key(&tile), index * 256);
        let Some(bytes) = files.read(&file)? else {
            faults.completeness.insert(broken(first, file, "the entries are missing: the log was cut short here"));
            break;
        };
        let width = if tile.partial == 0 { 256 } else { usize::from(tile.partial) };
        match decode_bundle(&bytes) {
            Ok(bundle) if bundle.len() == width => entries.extend(bundle.into_iter().map(<[u8]>::to_vec)),
            Ok(bundle) => {
                let what = format!("it holds {} entries, expected {width}", bundle.len());
                faults.integrity.insert(broken(first, file, what));
                break;
            }
            Err(error) => {
                faults.integrity.insert(broken(first, file, error.to_string()));
                break;
            }
        }
    }
    Ok(entries)
}

/// The walk along the log, leaf by leaf.
struct Walk<'a> {
    files: &'a dyn Files,
    judge: Option<&'a dyn LeafJudge>,
    faults: &'a mut Faults,
    void_intents: u64,
    /// The bytes of every level of tiles.
    levels: Vec<Vec<u8>>,
}

impl Walk<'_> {
    fn run(&mut self, entries: &[Vec<u8>], heads: &Heads) -> io::Result<()> {
        let intents = self.files.list("log/commit/")?;
        let starts: BTreeSet<u64> = intents.iter().filter_map(|key| size_of_intent(key)).collect();
        let mut edge = Edge::default();
        for size in 0..=entries.len() {
            let at = edge.size();
            for head in heads.get(&at).into_iter().flatten().filter(|head| head.root != edge.root()) {
                let what = format!("the first {at} entries do not give the signed root {}", hex::encode(head.root));
                self.faults.integrity.insert(broken(self.blame(&edge, entries, at)?, checkpoint_key(at), what));
            }
            let rest = entries.get(size..).unwrap_or_default();
            if starts.contains(&at) {
                self.intents_at(&edge, rest, &intents)?;
            }
            if let Some(entry) = rest.first() {
                for (tile, bytes) in edge.push(leaf_hash(entry)) {
                    self.keep(&tile, &bytes);
                }
            }
        }
        for (tile, bytes) in edge.partial_tiles() {
            self.keep(&tile, &bytes);
        }
        for (size, _) in heads.range(entries.len() as u64 + 1..) {
            let what = "fewer entries are there than this checkpoint speaks of";
            self.faults.completeness.insert(broken(entries.len() as u64, checkpoint_key(*size), what));
        }
        Ok(())
    }

    /// The first leaf below a size whose hash is not the one in its tile: the tiles remember what the entries were.
    fn blame(&self, edge: &Edge, entries: &[Vec<u8>], size: u64) -> io::Result<u64> {
        for (index, bundle) in (0_u64..).zip(entries.chunks(256)) {
            let partial = if index < size / 256 { 0 } else { sluice_tlog::width_at(0, edge.size()) };
            let tile = Tile { level: TileLevel::Hashes(0), index, partial };
            let Some(bytes) = self.files.read(&tile_key(&tile))? else { break };
            let (hashes, _) = bytes.as_chunks::<32>();
            let differs = bundle.iter().zip(hashes).position(|(entry, hash)| leaf_hash(entry) != *hash);
            if let Some(at) = differs {
                return Ok(index * 256 + at as u64);
            }
        }
        Ok(size.saturating_sub(1))
    }

    /// The first intent at a size that is not void must be what came next.
    fn intents_at(&mut self, edge: &Edge, rest: &[Vec<u8>], all: &BTreeSet<String>) -> io::Result<()> {
        let mut slots: Vec<&String> = all.iter().filter(|key| size_of_intent(key) == Some(edge.size())).collect();
        slots.sort_by_key(|key| key.rsplit_once('-').and_then(|(_, slot)| slot.parse::<u32>().ok()).unwrap_or(0));
        for (at, key) in slots.iter().enumerate() {
            let Some(bytes) = self.files.read(key)? else { continue };
            let counts = match self.judge {
                Some(judge) => intent::judge(&bytes, edge, judge),
                None => intent::judge(&bytes, edge, &AnyLeaf),
            };
            match counts {
                IntentVerdict::Counts(leaves) if rest.starts_with(&leaves) => return Ok(()),
                // Decided and not yet carried out: the checkpoint does not speak of it.
                IntentVerdict::Counts(_) if rest.is_empty() => return Ok(()),
                IntentVerdict::Counts(leaves) => {
                    let same = leaves.iter().zip(rest).take_while(|(decided, found)| decided == found).count();
                    let what = "the log did not grow by what this intent decided";
                    self.faults.integrity.insert(broken(edge.size() + same as u64, key.as_str(), what));
                    return Ok(());
                }
                IntentVerdict::Void(_) if at + 1 < slots.len() => self.void_intents += 1,
                IntentVerdict::Void(what) => {
                    self.faults.integrity.insert(broken(edge.size(), key.as_str(), what));
                }
                IntentVerdict::Unknown => {
                    let what = "a leaf was signed by a key that is not among the given ones";
                    self.faults.authenticity.insert(broken(edge.size(), key.as_str(), what));
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn keep(&mut self, tile: &Tile, bytes: &[u8]) {
        let TileLevel::Hashes(level) = tile.level else { return };
        let level = usize::from(level);
        if self.levels.len() <= level {
            self.levels.resize(level + 1, Vec::new());
        }
        if let Some(row) = self.levels.get_mut(level) {
            row.extend_from_slice(bytes);
        }
    }
}

/// For a log whose leaves are not ours to judge.
struct AnyLeaf;

impl LeafJudge for AnyLeaf {
    fn judge(&self, _leaf: &[u8]) -> crate::leaf::LeafVerdict {
        crate::leaf::LeafVerdict::Holds
    }
}

fn size_of_intent(key: &str) -> Option<u64> {
    let name = key.strip_prefix("log/commit/")?;
    name.split_once('-').map_or(name, |(size, _)| size).parse().ok()
}

/// Compares every stored tile and bundle, the partial ones of earlier sizes too, with what the entries give.
fn check_tiles(
    files: &dyn Files,
    levels: &[Vec<u8>],
    entries: &[Vec<u8>],
    size: u64,
    faults: &mut Faults,
) -> io::Result<()> {
    let stored = files.list("log/tile/")?;
    let whole = entries.len() as u64 == size;
    for tile in crate::proof::tiles_of_log(size).filter(|_| whole) {
        let key = tile_key(&tile);
        if !stored.contains(&key) {
            faults.completeness.insert(broken(first_leaf(&tile), key, "the tile is missing"));
        }
    }
    for key in stored {
        let tile = key.strip_prefix("log/tile/").and_then(|path| path.split_once('/'));
        let Some(tile) = tile.and_then(|(level, index)| Tile::parse(level, index).ok()) else {
            faults.integrity.insert(broken(size, key, "it is no tile's path"));
            continue;
        };
        let Some(bytes) = files.read(&key)? else { continue };
        let expected = match tile.level {
            TileLevel::Hashes(level) => hashes_of(levels, level, &tile),
            TileLevel::Entries => bundle_of(entries, &tile),
        };
        // What reaches beyond the newest checkpoint belongs to an append that was not finished.
        let known = expected.len().min(bytes.len());
        let (theirs, ours) = (bytes.get(..known).unwrap_or_default(), expected.get(..known).unwrap_or_default());
        let reaches_beyond = first_leaf(&tile) + width(&tile) > size && whole;
        if theirs != ours || (bytes.len() != expected.len() && !reaches_beyond) {
            let at = theirs.iter().zip(ours).position(|(a, b)| a != b).unwrap_or(known);
            let from = leaf_at(&tile, at, entries);
            // A tile of a higher level is about many leaves: where a lower one told which, it is that one.
            let until = from.saturating_add(leaves_a_hash(&tile));
            let leaf = faults.integrity.iter().map(|fault| fault.leaf).find(|leaf| (from..until).contains(leaf));
            let leaf = leaf.unwrap_or(from);
            let what = format!("it is not what the entries give, from byte {at} on");
            faults.integrity.insert(broken(leaf, key, what));
        }
    }
    Ok(())
}

/// Leaves under one hash of a tile.
fn leaves_a_hash(tile: &Tile) -> u64 {
    match tile.level {
        TileLevel::Hashes(level) => 1_u64.checked_shl(u32::from(level) * 8).unwrap_or(u64::MAX),
        TileLevel::Entries => 1,
    }
}

fn first_leaf(tile: &Tile) -> u64 {
    tile.index.saturating_mul(256).saturating_mul(leaves_a_hash(tile))
}

fn width(tile: &Tile) -> u64 {
    let hashes = if tile.partial == 0 { 256 } else { u64::from(tile.partial) };
    hashes.saturating_mul(leaves_a_hash(tile))
}

/// The leaf that a byte of a tile or bundle is about.
fn leaf_at(tile: &Tile, byte: usize, entries: &[Vec<u8>]) -> u64 {
    if tile.level != TileLevel::Entries {
        return first_leaf(tile) + (byte as u64 / 32).saturating_mul(leaves_a_hash(tile));
    }
    let first = first_leaf(tile);
    let ends = usize::try_from(first).ok().and_then(|first| entries.get(first..)).unwrap_or_default().iter();
    let ends = ends.scan(0, |end, entry| {
        *end += 2 + entry.len();
        Some(*end)
    });
    first + ends.take_while(|end| *end <= byte).count() as u64
}

fn hashes_of(levels: &[Vec<u8>], level: u8, tile: &Tile) -> Vec<u8> {
    let row = levels.get(usize::from(level)).map_or(&[][..], Vec::as_slice);
    let hashes = if tile.partial == 0 { 256 } else { usize::from(tile.partial) };
    let first = usize::try_from(tile.index).unwrap_or(usize::MAX).saturating_mul(256 * 32);
    row.get(first..first.saturating_add(hashes * 32).min(row.len())).unwrap_or_default().to_vec()
}

fn bundle_of(entries: &[Vec<u8>], tile: &Tile) -> Vec<u8> {
    let first = usize::try_from(tile.index).unwrap_or(usize::MAX).saturating_mul(256);
    let width = if tile.partial == 0 { 256 } else { usize::from(tile.partial) };
    let bundle = entries.get(first..).unwrap_or_default().iter().take(width);
    let bundle: Vec<&[u8]> = bundle.map(Vec::as_slice).collect();
    sluice_tlog::encode_bundle(&bundle).unwrap_or_default()
}

/// Each entry's position, where the copy holds positions at all: a static copy need not.
fn check_positions(files: &dyn Files, entries: &[Vec<u8>], faults: &mut Faults) -> io::Result<()> {
    let stored = files.list("log/idx/")?;
    if stored.is_empty() {
        return Ok(());
    }
    let mut seen: HashSet<Hash> = HashSet::new();
    for (index, entry) in (0_u64..).zip(entries) {
        let hash = leaf_hash(entry);
        if !seen.insert(hash) {
            continue;
        }
        let key = index_key(&hash);
        match files.read(&key)? {
            None => {
                faults.completeness.insert(broken(index, key, "the entry's position is missing"));
            }
            Some(bytes) if bytes == format!("{{\"index\":{index}}}").into_bytes() => {}
            Some(_) => {
                faults.integrity.insert(broken(index, key, "it is not the position of its entry"));
            }
        }
    }
    Ok(())
}
