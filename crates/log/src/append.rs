//! The append protocol.
//!
//! 1. The head is the largest checkpoint, its note verified. The edge of the tree is read from its tiles and must give the
//!    note's root.
//! 2. If an intent for the head's size exists, someone began and may have died: finish that one first.
//! 3. Leaves that have a position already are dropped; the rest is written as the intent for this size, if the key is
//!    free. That one conditional write decides. Whoever finds the key taken goes back to 1.
//! 4. Whoever knows the decision writes what follows from it: bundles, tiles, positions, then the signed note, first to the
//!    anchor, then as the checkpoint, which comes last: a checkpoint says that everything below it is there.
//!
//! All of 4 is a function of the decision, Ed25519 included, so any writer may do it, and twice. A root is signed only after
//! it was decided, so no two roots of a size are ever signed.
//!
//! `tests/model` tries every interleaving of writers, crashes and lost answers on this code.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sluice_common::port::{MessageSigner, StoreError};
use sluice_evidence::canonical;
use sluice_tlog::{Checkpoint, Edge, Hash, Note, Tile, decode_bundle, encode_bundle, leaf_hash};

use crate::error::LogError;
use crate::intent::{self, Intent, IntentVerdict};
use crate::keys::{Head, LogKeys};
use crate::layout::{MAX_BATCH, bundle_at, checkpoint_key, index_key, intent_key, tile_key};
use crate::leaf::{LeafJudge, LeafVerdict, MAX_LEAF_BYTES};
use crate::shelf::{Shelf, Written};

/// Times that others may be faster before a writer gives up.
const MAX_ATTEMPTS: u32 = 64;
/// Void intents at one size before someone must look.
const MAX_VOID: u32 = 64;
/// Entries of a bundle.
const BUNDLE: usize = 256;

/// What an append did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// The position of each leaf in the order given.
    pub positions: Vec<u64>,
    /// How many of them were new.
    pub added: u64,
    /// The log's size afterwards, as far as this writer saw.
    pub size: u64,
    /// Objects under keys of intents that decide nothing: no writer of ours makes such.
    pub void_intents: Vec<VoidIntent>,
}

/// What lies where an intent should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoidIntent {
    /// The key.
    pub key: String,
    /// Why it decides nothing.
    pub what: &'static str,
}

/// A leaf's position as it is kept.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Position {
    index: u64,
}

/// The log as a writer knows it: the head, the right edge of its tree and the entries of its partial bundle.
#[derive(Debug, Clone)]
struct Known {
    head: Head,
    edge: Edge,
    entries: Vec<Vec<u8>>,
}

/// What stands at the head's size.
enum Decision {
    /// These leaves come next.
    Made(Vec<Vec<u8>>),
    /// Nothing yet; this key decides.
    Open(String),
}

/// Appends leaves to a log. Several may do so at once.
pub struct Appender {
    shelf: Arc<dyn Shelf>,
    anchor: Option<Arc<dyn Shelf>>,
    signer: Arc<dyn MessageSigner>,
    keys: LogKeys,
    judge: Arc<dyn LeafJudge>,
    known: Mutex<Option<Known>>,
    /// Met and not told yet.
    void_intents: Mutex<Vec<VoidIntent>>,
}

impl fmt::Debug for Appender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Appender").field("keys", &self.keys).finish_non_exhaustive()
    }
}

impl Appender {
    /// An appender. The signer's key must be the first of `keys`.
    pub fn new(
        shelf: Arc<dyn Shelf>,
        signer: Arc<dyn MessageSigner>,
        keys: LogKeys,
        judge: Arc<dyn LeafJudge>,
    ) -> Self {
        Self { shelf, anchor: None, signer, keys, judge, known: Mutex::new(None), void_intents: Mutex::default() }
    }

    /// The same, with every checkpoint copied to a place out of the operator's reach before it is published.
    #[must_use]
    pub fn with_anchor(mut self, anchor: Arc<dyn Shelf>) -> Self {
        self.anchor = Some(anchor);
        self
    }

    /// Appends leaves; each has its position once, however often and by whomever it is appended.
    ///
    /// # Errors
    /// When storage or key fail, which may be tried again whatever was done, or when the log was meddled with.
    pub async fn append(&self, leaves: &[Vec<u8>]) -> Result<Appended, LogError> {
        let mut wanted = Wanted::default();
        for leaf in leaves {
            self.check(leaf)?;
            wanted.add(leaf);
        }
        let (mut lost, mut added, mut mine) = (0, 0, None);
        while lost < MAX_ATTEMPTS {
            let (known, key) = self.caught_up().await?;
            // Where nobody else appended since this call did, nobody else gave a position either.
            if mine != Some(known.head.size) {
                self.look_up(&known, &mut wanted).await?;
            }
            if wanted.missing.is_empty() {
                let void_intents = std::mem::take(&mut *self.void_intents());
                return Ok(Appended { positions: wanted.positions(), added, size: known.head.size, void_intents });
            }
            let batch = wanted.next(BUNDLE - known.entries.len());
            if self.decide(&known, &key, &batch).await? {
                let first = known.head.size;
                let known = self.finish(known, &batch).await?;
                for (leaf, position) in batch.iter().zip(first..) {
                    wanted.found(leaf_hash(leaf), position);
                    added += 1;
                }
                mine = Some(known.head.size);
            } else {
                lost += 1;
            }
        }
        Err(LogError::Busy(MAX_ATTEMPTS))
    }

    /// Finishes what others began and left, if anything, and changes nothing else.
    ///
    /// # Errors
    /// As [`Self::append`].
    pub async fn recover(&self) -> Result<Head, LogError> {
        Ok(self.caught_up().await?.0.head)
    }

    fn check(&self, leaf: &[u8]) -> Result<(), LogError> {
        if leaf.len() > MAX_LEAF_BYTES {
            return Err(LogError::LeafTooLong(leaf.len()));
        }
        match self.judge.judge(leaf) {
            LeafVerdict::Holds => Ok(()),
            LeafVerdict::Fails | LeafVerdict::Unknown => Err(LogError::LeafNotTrusted),
        }
    }

    /// The log with every decision carried out, and the key that decides what comes next.
    async fn caught_up(&self) -> Result<(Known, String), LogError> {
        let (mut known, is_cold) = self.known().await?;
        loop {
            match self.decision(&known).await? {
                Decision::Made(leaves) => known = self.finish(known, &leaves).await?,
                Decision::Open(key) => {
                    if is_cold && self.is_behind_anchor(&known).await? {
                        // The anchor is written first: it may be ahead of a head that another writer is about to publish.
                        return match self.decision(&known).await? {
                            Decision::Made(_) => Err(LogError::Busy(1)),
                            Decision::Open(_) => Err(LogError::Forged {
                                key: checkpoint_key(known.head.size),
                                what: "the anchor holds a larger checkpoint: the log was cut short",
                            }),
                        };
                    }
                    return Ok((known, key));
                }
            }
        }
    }

    async fn is_behind_anchor(&self, known: &Known) -> Result<bool, LogError> {
        match &self.anchor {
            None => Ok(false),
            Some(anchor) => {
                let larger = anchor.largest_checkpoint(known.head.size + 1).await;
                Ok(larger.map_err(of_anchor)?.is_some())
            }
        }
    }

    /// Step 1; whether anything but the head had to be read.
    async fn known(&self) -> Result<(Known, bool), LogError> {
        let remembered = self.remembered();
        let from = remembered.as_ref().map_or(0, |known| known.head.size);
        let head = match self.shelf.largest_checkpoint(from).await? {
            None => Head { size: 0, root: Edge::default().root(), note: None },
            Some(size) => self.head(size).await?,
        };
        if let Some(known) = remembered {
            if known.head == head {
                return Ok((known, false));
            }
            if known.head.size >= head.size {
                return Err(LogError::Forged {
                    key: checkpoint_key(known.head.size),
                    what: "the checkpoint is not the one that was there before: the log was cut short",
                });
            }
        }
        let known = self.load(head).await?;
        self.remember(&known);
        Ok((known, true))
    }

    async fn head(&self, size: u64) -> Result<Head, LogError> {
        let key = checkpoint_key(size);
        let note = self.must_read(&key).await?;
        let forged = |what| LogError::Forged { key: key.clone(), what };
        let head = self.keys.open(&note).map_err(forged)?;
        if head.size == size { Ok(head) } else { Err(forged("it is the checkpoint of another size")) }
    }

    async fn must_read(&self, key: &str) -> Result<Bytes, LogError> {
        self.shelf.read(key).await?.ok_or_else(|| LogError::Missing { key: key.to_owned() })
    }

    async fn load(&self, head: Head) -> Result<Known, LogError> {
        let mut tiles: BTreeMap<String, Bytes> = BTreeMap::new();
        for tile in Edge::tiles_of(head.size) {
            let key = tile_key(&tile);
            let bytes = self.must_read(&key).await?;
            tiles.insert(key, bytes);
        }
        let edge = Edge::from_tiles(head.size, |tile| tiles.get(&tile_key(tile)).map(AsRef::as_ref));
        let edge = edge.filter(|edge| edge.root() == head.root).ok_or_else(|| LogError::Forged {
            key: checkpoint_key(head.size),
            what: "the tiles at the edge do not give its root",
        })?;
        let entries = match edge.leaves() {
            [] => Vec::new(),
            hashes => self.bundle(head.size / 256, head.size, Some(hashes)).await?,
        };
        Ok(Known { head, edge, entries })
    }

    /// The entries of a bundle; compared with the hashes of a tile where they are known.
    async fn bundle(&self, index: u64, log_size: u64, hashes: Option<&[Hash]>) -> Result<Vec<Vec<u8>>, LogError> {
        let key = tile_key(&bundle_at(index, log_size));
        let bytes = self.must_read(&key).await?;
        let forged = |what| LogError::Forged { key: key.clone(), what };
        let entries = decode_bundle(&bytes).map_err(|_broken| forged("it is no entry bundle"))?;
        let same = |hashes: &[Hash]| entries.iter().map(|entry| leaf_hash(entry)).eq(hashes.iter().copied());
        if hashes.is_some_and(|hashes| !same(hashes)) {
            return Err(forged("its entries are not those of the tile"));
        }
        Ok(entries.into_iter().map(<[u8]>::to_vec).collect())
    }

    /// Step 2: the first intent at the head's size that is not void.
    async fn decision(&self, known: &Known) -> Result<Decision, LogError> {
        for slot in 0..MAX_VOID {
            let key = intent_key(known.head.size, slot);
            let Some(bytes) = self.shelf.read(&key).await? else { return Ok(Decision::Open(key)) };
            match intent::judge(&bytes, &known.edge, self.judge.as_ref()) {
                IntentVerdict::Counts(leaves) => return Ok(Decision::Made(leaves)),
                IntentVerdict::Void(what) => self.met(VoidIntent { key, what }),
                IntentVerdict::Unknown => return Err(LogError::UnknownKey { key }),
            }
        }
        let key = intent_key(known.head.size, 0);
        Err(LogError::Forged { key, what: "there are 64 void intents at this size" })
    }

    /// Step 3, first half: drops leaves that have a position below the head's size. One at or above it proves nothing yet.
    async fn look_up(&self, known: &Known, wanted: &mut Wanted) -> Result<(), LogError> {
        let hashes: Vec<Hash> = wanted.missing.keys().copied().collect();
        let found = self.shelf.read_all(hashes.iter().map(index_key).collect()).await?;
        let mut bundles: BTreeMap<u64, Vec<Vec<u8>>> = BTreeMap::new();
        for (hash, bytes) in hashes.into_iter().zip(found) {
            let Some(bytes) = bytes else { continue };
            let index = position(&bytes).ok_or_else(|| not_a_position(&hash))?;
            if index >= known.head.size {
                continue;
            }
            // Believing a position without looking would let whoever plants one keep a statement out of the log.
            if let std::collections::btree_map::Entry::Vacant(vacant) = bundles.entry(index / 256) {
                vacant.insert(self.bundle(index / 256, known.head.size, None).await?);
            }
            let at = usize::try_from(index % 256).ok();
            let entry = bundles.get(&(index / 256)).zip(at).and_then(|(bundle, at)| bundle.get(at));
            if entry.map(|entry| leaf_hash(entry)) != Some(hash) {
                return Err(not_a_position(&hash));
            }
            wanted.found(hash, index);
        }
        Ok(())
    }

    /// Step 3, second half: whether this writer decided.
    async fn decide(&self, known: &Known, key: &str, batch: &[Vec<u8>]) -> Result<bool, LogError> {
        let bytes = Bytes::from(Intent::new(&known.edge, batch).to_bytes()?);
        match self.shelf.write(key, bytes.clone()).await {
            Ok(Written::New) => {}
            Ok(Written::Taken) | Err(LogError::Store(StoreError::Conflict { .. })) => return Ok(false),
            Err(error) => return Err(error),
        }
        // A delete marker under the key would have let two of us through: only its history tells.
        if self.must_read(key).await? == bytes {
            Ok(true)
        } else {
            Err(LogError::Forged { key: key.to_owned(), what: "it does not hold what was just written" })
        }
    }

    /// Step 4.
    async fn finish(&self, known: Known, leaves: &[Vec<u8>]) -> Result<Known, LogError> {
        let first = known.head.size;
        let (objects, after) = consequences(known, leaves)?;
        self.write_known(objects, first).await?;
        let head = self.sign(&after.edge).await?;
        let note = Bytes::from(head.note.clone().unwrap_or_default());
        if let Some(anchor) = &self.anchor {
            self.publish(anchor.as_ref(), &head, note.clone()).await.map_err(of_anchor)?;
        }
        self.publish(self.shelf.as_ref(), &head, note).await?;
        let after = Known { head, ..after };
        self.remember(&after);
        Ok(after)
    }

    /// Writes what anyone would write; what is there already must be the same.
    async fn write_known(&self, objects: Vec<(String, Bytes)>, first: u64) -> Result<(), LogError> {
        let written = self.shelf.write_all(objects.clone()).await?;
        let taken: Vec<(String, Bytes)> = objects
            .into_iter()
            .zip(written)
            .filter(|(_, written)| *written == Written::Taken)
            .map(|(o, _)| o)
            .collect();
        let stored = self.shelf.read_all(taken.iter().map(|(key, _)| key.clone()).collect()).await?;
        for ((key, ours), theirs) in taken.into_iter().zip(stored) {
            let theirs = theirs.ok_or_else(|| LogError::Missing { key: key.clone() })?;
            // A leaf that stands in the log twice, which only an intruder's intent does, keeps its first position.
            let is_earlier = || position(&theirs).is_some_and(|index| index < first) && position(&ours).is_some();
            if theirs != ours && !is_earlier() {
                return Err(LogError::Forged { key, what: "it does not hold what follows from the log's intents" });
            }
        }
        Ok(())
    }

    async fn sign(&self, edge: &Edge) -> Result<Head, LogError> {
        let key = self.keys.keys().first().ok_or(LogError::WrongKey)?;
        let text = Checkpoint::new(self.keys.origin(), edge.size(), &edge.root()).to_text();
        let signature = self.signer.sign_message(text.as_bytes()).await?;
        let note = Note::assemble(&text, key, &signature.0);
        self.keys.open(note.as_bytes()).map_err(|_not_ours| LogError::WrongKey)
    }

    /// The note, unless one with the same text is there: a key that was rotated meanwhile signs the same text otherwise.
    async fn publish(&self, shelf: &dyn Shelf, head: &Head, note: Bytes) -> Result<(), LogError> {
        let key = checkpoint_key(head.size);
        if shelf.write(&key, note).await? == Written::New {
            return Ok(());
        }
        let stored = shelf.read(&key).await?.ok_or_else(|| LogError::Missing { key: key.clone() })?;
        match self.keys.open(&stored) {
            Ok(stored) if stored.size == head.size && stored.root == head.root => Ok(()),
            Ok(_) => Err(LogError::Forged { key, what: "another root was signed for this size: the log has forked" }),
            Err(what) => Err(LogError::Forged { key, what }),
        }
    }

    fn void_intents(&self) -> MutexGuard<'_, Vec<VoidIntent>> {
        self.void_intents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn met(&self, intent: VoidIntent) {
        let mut met = self.void_intents();
        if !met.contains(&intent) {
            met.push(intent);
        }
    }

    fn remembered(&self) -> Option<Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn remember(&self, known: &Known) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(known.clone());
    }
}

/// The leaves of one call and what is known of them.
#[derive(Default)]
struct Wanted {
    order: Vec<Hash>,
    missing: BTreeMap<Hash, Vec<u8>>,
    found: BTreeMap<Hash, u64>,
}

impl Wanted {
    fn add(&mut self, leaf: &[u8]) {
        let hash = leaf_hash(leaf);
        self.order.push(hash);
        self.missing.insert(hash, leaf.to_vec());
    }

    fn found(&mut self, hash: Hash, position: u64) {
        self.missing.remove(&hash);
        self.found.insert(hash, position);
    }

    /// The next leaves without a position, in the order in which they were given.
    fn next(&self, at_most: usize) -> Vec<Vec<u8>> {
        let mut left = self.missing.clone();
        let next = self.order.iter().filter_map(|hash| left.remove(hash));
        next.take(at_most.min(MAX_BATCH)).collect()
    }

    fn positions(&self) -> Vec<u64> {
        self.order.iter().filter_map(|hash| self.found.get(hash).copied()).collect()
    }
}

/// What went wrong with the anchor and not with the log's own bucket.
fn of_anchor(error: LogError) -> LogError {
    match error {
        LogError::Store(error) => LogError::Anchor(error),
        other => LogError::AnchorDiffers(Box::new(other)),
    }
}

fn position(bytes: &[u8]) -> Option<u64> {
    serde_json::from_slice::<Position>(bytes).ok().map(|position| position.index)
}

fn not_a_position(hash: &Hash) -> LogError {
    LogError::Forged { key: index_key(hash), what: "it is not the position of its leaf" }
}

/// Every object that follows from appending these leaves, but the checkpoint; and the log afterwards.
fn consequences(known: Known, leaves: &[Vec<u8>]) -> Result<(Vec<(String, Bytes)>, Known), LogError> {
    let Known { head, mut edge, mut entries } = known;
    let mut tiles: Vec<(Tile, Vec<u8>)> = Vec::new();
    let mut objects: Vec<(String, Bytes)> = Vec::new();
    for (leaf, index) in leaves.iter().zip(head.size..) {
        let hash = leaf_hash(leaf);
        objects.push((index_key(&hash), canonical::to_vec(&Position { index })?.into()));
        tiles.extend(edge.push(hash));
        entries.push(leaf.clone());
        if entries.len() == BUNDLE {
            objects.push(bundle(&entries, index / 256, edge.size())?);
            entries.clear();
        }
    }
    if !entries.is_empty() {
        objects.push(bundle(&entries, edge.size() / 256, edge.size())?);
    }
    tiles.extend(edge.partial_tiles());
    objects.extend(tiles.into_iter().map(|(tile, bytes)| (tile_key(&tile), bytes.into())));
    Ok((objects, Known { head, edge, entries }))
}

fn bundle(entries: &[Vec<u8>], index: u64, log_size: u64) -> Result<(String, Bytes), LogError> {
    let entries: Vec<&[u8]> = entries.iter().map(Vec::as_slice).collect();
    // Leaves are at most `MAX_LEAF_BYTES` long and at most 256: the encoder refuses nothing of ours.
    let bytes = encode_bundle(&entries).map_err(|_too_long| LogError::LeafTooLong(MAX_LEAF_BYTES))?;
    Ok((tile_key(&bundle_at(index, log_size)), bytes.into()))
}
