//! Statements that a bundle holds and its log does not: too young to be logged, or left out.
//!
//! No clock takes part in the log, and nobody signs when S3 wrote an object: the export notes what S3 said. So a statement that is
//! called too young is never called logged: its verdict is its own, and an export of later must show it in the log. And a date is
//! believed only as far as nothing contradicts it:
//!
//! - A statement may wait for [`PATIENCE`] before the export, as long as the log's queue may without an alarm. One that waited
//!   longer, by its own date, should be in the log. A log that was cut short, or that nobody appends to any more, so fails.
//! - Nothing in the bundle is younger than the export, the objects included whose age a seal has signed: whoever makes old
//!   statements look young must make everything young.
//! - A statement on which another one rests is older than that one, and than the checkpoint over that one's leaf.

use std::collections::HashMap;
use std::io;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sluice_common::Sha256Digest;
use sluice_evidence::Stage;
use sluice_evidence::dsse::Envelope;

use super::{EXPORTED, VERSIONS};
use crate::files::Files;
use crate::layout::{CHECKPOINTS_PREFIX, checkpoint_key, checkpoint_size};
use crate::leaf::Leaf;

/// How long a statement may wait for its leaf: the age of the log's queue that raises an alarm (`LogAgeAlarm` of the template).
pub const PATIENCE: SignedDuration = SignedDuration::from_mins(30);

/// By how much clocks may differ: S3's among its own objects, and the exporter's from S3's.
const SKEW: SignedDuration = SignedDuration::from_mins(2);

/// When a bundle was made ([`EXPORTED`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExportedAt {
    /// After the last object was read.
    pub exported_at: Timestamp,
}

/// A statement that trusted keys signed.
#[derive(Debug, Clone)]
pub(super) struct Stated {
    pub(super) leaf: Vec<u8>,
    /// The leaf's position; none when the log does not hold it.
    pub(super) index: Option<u64>,
}

/// What is known of times in a bundle.
pub(super) struct Times<'a> {
    pub(super) files: &'a dyn Files,
    /// When S3 wrote each object.
    pub(super) written: &'a HashMap<String, Timestamp>,
    /// Leaves under the newest checkpoint.
    pub(super) log_size: u64,
}

/// What became of the statements that the log does not hold.
#[derive(Debug, Default)]
pub(super) struct Unlogged {
    /// Keys of those that are too young.
    pub(super) pending: Vec<String>,
    /// Those that should be in it, and why.
    pub(super) missing: Vec<String>,
}

impl Times<'_> {
    /// When S3 wrote the newest checkpoint.
    pub(super) fn newest_checkpoint(&self) -> Option<Timestamp> {
        self.written.get(&checkpoint_key(self.log_size)).copied()
    }

    /// Judges the statements that the log does not hold.
    pub(super) fn judge<'s>(
        &self,
        stated: impl Iterator<Item = (&'s String, &'s Stated)> + Clone,
    ) -> io::Result<Unlogged> {
        let mut unlogged = Unlogged::default();
        let mut waiting = stated.clone().filter(|(_, one)| one.index.is_none()).peekable();
        if waiting.peek().is_none() {
            return Ok(unlogged);
        }
        let Some(exported) = self.exported()? else {
            let what = format!("the statement is not in the log, and no {EXPORTED} says how young it is");
            unlogged.missing.extend(waiting.map(|(key, _)| format!("{key}: {what}")));
            return Ok(unlogged);
        };
        let known = self.known(stated)?;
        let latest = self.written.iter().map(|(key, written)| (key.as_str(), *written)).chain(known.sealed);
        if let Some((key, written)) = latest.max_by_key(|(_, written)| *written).filter(|(_, at)| *at > later(exported))
        {
            let what = format!(
                "{key} is of {written}, which is after the export of {exported}: the times of this bundle are not to be believed"
            );
            unlogged.missing.push(what);
            return Ok(unlogged);
        }
        for (key, one) in waiting {
            let pae = Leaf::parse(&one.leaf).map(|leaf| leaf.pae);
            let followed = pae.and_then(|pae| known.followed.get(&pae)).copied();
            match self.why_missing(key, exported, followed) {
                Some(why) => unlogged.missing.push(format!("{key}: the statement is not in the log: {why}")),
                None => unlogged.pending.push(key.clone()),
            }
        }
        Ok(unlogged)
    }

    fn why_missing(&self, key: &str, exported: Timestamp, followed: Option<Timestamp>) -> Option<String> {
        let Some(written) = self.written.get(key).copied() else {
            return Some(format!("{VERSIONS} does not say when it was written"));
        };
        if let Some(followed) = followed.filter(|followed| written > later(*followed)) {
            return Some(format!("it is said to be of {written}, but what rests on it was there at {followed}"));
        }
        let is_young = exported.duration_since(written) <= PATIENCE;
        let minutes = PATIENCE.as_mins();
        (!is_young).then(|| format!("it was written at {written}, more than {minutes} minutes before the export"))
    }

    fn exported(&self) -> io::Result<Option<Timestamp>> {
        let file = self.files.read(EXPORTED)?;
        Ok(file.and_then(|json| serde_json::from_slice::<ExportedAt>(&json).ok()).map(|file| file.exported_at))
    }

    /// What the statements say of each other's age.
    fn known<'s>(&self, stated: impl Iterator<Item = (&'s String, &'s Stated)>) -> io::Result<Known<'s>> {
        let checkpoints = self.checkpoints();
        let mut known = Known::default();
        for (key, one) in stated {
            let Some(payload) = self.payload(key)? else { continue };
            if key.starts_with(Stage::Seal.prefix().as_str()) {
                let made = payload.pointer("/predicate/object/lastModified").and_then(Value::as_str);
                known.sealed.extend(made.and_then(|made| made.parse().ok()).map(|made| (key.as_str(), made)));
            }
            let over =
                one.index.and_then(|index| checkpoints.iter().find(|(size, _)| *size > index)).map(|(_, at)| *at);
            let Some(at) = [self.written.get(key).copied(), over].into_iter().flatten().min() else { continue };
            each_link(&payload, &mut |pae| {
                let first = known.followed.entry(pae).or_insert(at);
                *first = (*first).min(at);
            });
        }
        Ok(known)
    }

    fn payload(&self, key: &str) -> io::Result<Option<Value>> {
        let envelope = self.files.read(key)?.and_then(|json| Envelope::from_json(&json).ok());
        Ok(envelope.and_then(|envelope| serde_json::from_slice(&envelope.payload).ok()))
    }

    /// The sizes of the checkpoints with their times, in order.
    fn checkpoints(&self) -> Vec<(u64, Timestamp)> {
        let of_log = self.written.iter().filter(|(key, _)| key.starts_with(CHECKPOINTS_PREFIX));
        let mut sized: Vec<_> = of_log.filter_map(|(key, at)| Some((checkpoint_size(key)?, *at))).collect();
        sized.sort_unstable();
        sized
    }
}

/// What statements say of the age of others.
#[derive(Default)]
struct Known<'s> {
    /// When S3 made the objects of seals, which the seals have signed.
    sealed: Vec<(&'s str, Timestamp)>,
    /// By what a statement's signature covers: when the first one that rests on it was there.
    followed: HashMap<Sha256Digest, Timestamp>,
}

fn later(time: Timestamp) -> Timestamp {
    time.checked_add(SKEW).unwrap_or(Timestamp::MAX)
}

/// The statements that a payload links to, wherever in it. A payload that was parsed is not deeper than the parser goes.
fn each_link(value: &Value, take: &mut impl FnMut(Sha256Digest)) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match value.as_str().filter(|_| name == "paeSha256").and_then(|text| text.parse().ok()) {
                    Some(pae) => take(pae),
                    None => each_link(value, take),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| each_link(item, take)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
