//! The shelf and the signer of the model: calls become requests, answers are given from outside.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use ed25519_dalek::{Signer as _, SigningKey};
use futures::FutureExt as _;
use sluice_common::port::{Ed25519Signature, KeyError, MessageSigner, SpkiDer};
use sluice_log::layout::{CHECKPOINTS_PREFIX, checkpoint_size};
use sluice_log::{Appender, LeafJudge, LeafVerdict, LogError, LogKeys, Shelf, Written};
use sluice_tlog::VerifierKey;

/// One call of a writer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Request {
    Read(String),
    ReadAll(Vec<String>),
    Write(String, Bytes),
    WriteAll(Vec<(String, Bytes)>),
    Largest(u64),
    Sign(Vec<u8>),
}

/// What it is told.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Answer {
    Read(Result<Option<Bytes>, Rewritten>),
    ReadAll(Result<Vec<Option<Bytes>>, Rewritten>),
    Written(Vec<Written>),
    Largest(Result<Option<u64>, Rewritten>),
    Signed(Vec<u8>),
}

/// The key of a second version or a delete marker.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Rewritten(String);

impl From<Rewritten> for LogError {
    fn from(rewritten: Rewritten) -> Self {
        Self::Rewritten { key: rewritten.0, versions: 1, delete_markers: 1 }
    }
}

/// Where a writer stands after the answers so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It waits for an answer.
    Asks(Request),
    /// It appended; its leaves' positions.
    Done(Vec<u64>),
    /// It stopped and raised the alarm.
    Alarmed(String),
    /// It stopped and will try again.
    GaveUp,
}

/// Answers from a script; the call after the last answer stays pending.
#[derive(Clone, Default)]
struct Script(Arc<Mutex<(VecDeque<Answer>, Option<Request>)>>);

impl Script {
    async fn ask(&self, request: Request) -> Answer {
        let answer = {
            let mut script = self.0.lock().unwrap();
            let answer = script.0.pop_front();
            if answer.is_none() {
                script.1 = Some(request);
            }
            answer
        };
        match answer {
            Some(answer) => answer,
            None => std::future::pending().await,
        }
    }
}

#[async_trait]
impl Shelf for Script {
    async fn read(&self, key: &str) -> Result<Option<Bytes>, LogError> {
        let Answer::Read(answer) = self.ask(Request::Read(key.to_owned())).await else { panic!("another answer") };
        Ok(answer?)
    }

    async fn read_all(&self, keys: Vec<String>) -> Result<Vec<Option<Bytes>>, LogError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let Answer::ReadAll(answer) = self.ask(Request::ReadAll(keys)).await else { panic!("another answer") };
        Ok(answer?)
    }

    async fn write(&self, key: &str, bytes: Bytes) -> Result<Written, LogError> {
        let request = Request::Write(key.to_owned(), bytes);
        let Answer::Written(written) = self.ask(request).await else { panic!("another answer") };
        Ok(written[0])
    }

    async fn write_all(&self, objects: Vec<(String, Bytes)>) -> Result<Vec<Written>, LogError> {
        let Answer::Written(written) = self.ask(Request::WriteAll(objects)).await else { panic!("another answer") };
        Ok(written)
    }

    async fn largest_checkpoint(&self, known: u64) -> Result<Option<u64>, LogError> {
        let Answer::Largest(answer) = self.ask(Request::Largest(known)).await else { panic!("another answer") };
        Ok(answer?)
    }
}

#[async_trait]
impl MessageSigner for Script {
    async fn sign_message(&self, message: &[u8]) -> Result<Ed25519Signature, KeyError> {
        let Answer::Signed(bytes) = self.ask(Request::Sign(message.to_vec())).await else { panic!("another answer") };
        Ok(Ed25519Signature(bytes))
    }

    async fn message_key(&self) -> Result<SpkiDer, KeyError> {
        unreachable!("the protocol is given its keys")
    }
}

/// Leaves of the model are `leaf N`; anything else was signed by nobody.
struct Judge;

impl LeafJudge for Judge {
    fn judge(&self, leaf: &[u8]) -> LeafVerdict {
        if leaf.starts_with(b"leaf ") { LeafVerdict::Holds } else { LeafVerdict::Fails }
    }
}

pub(crate) fn leaf(number: u8) -> Vec<u8> {
    format!("leaf {number}").into_bytes()
}

pub(crate) fn secret() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

/// Runs a writer from its start with the answers so far.
pub(crate) fn replay(leaves: &[u8], answers: &[Answer]) -> Standing {
    let script = Script::default();
    script.0.lock().unwrap().0.extend(answers.iter().cloned());
    let key = VerifierKey::ed25519("log.example/model", secret().verifying_key().to_bytes()).unwrap();
    let keys = LogKeys::new(vec![key]).unwrap();
    let appender = Appender::new(Arc::new(script.clone()), Arc::new(script.clone()), keys, Arc::new(Judge));
    let leaves: Vec<Vec<u8>> = leaves.iter().map(|number| leaf(*number)).collect();
    match appender.append(&leaves).now_or_never() {
        None => Standing::Asks(script.0.lock().unwrap().1.take().unwrap()),
        Some(Ok(appended)) => Standing::Done(appended.positions),
        Some(Err(error @ (LogError::Rewritten { .. } | LogError::Forged { .. } | LogError::Missing { .. }))) => {
            Standing::Alarmed(error.to_string())
        }
        Some(Err(_busy)) => Standing::GaveUp,
    }
}

/// A bucket: the versions of each key, oldest first; nothing for a delete marker.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Store {
    pub(crate) keys: BTreeMap<Arc<str>, Vec<Option<Bytes>>>,
    /// Hash of everything written so far, whatever the order of the keys.
    pub(crate) digest: u64,
    /// Writes replace what is there.
    pub(crate) unconditional: bool,
    /// Reads see the current version only.
    pub(crate) blind: bool,
}

impl Store {
    /// Adds a version, or a delete marker.
    pub(crate) fn push(&mut self, key: &str, version: Option<Bytes>) {
        let versions = self.keys.entry(key.into()).or_default();
        let mut hasher = DefaultHasher::new();
        (key, versions.len(), &version).hash(&mut hasher);
        self.digest ^= hasher.finish();
        versions.push(version);
    }

    pub(crate) fn read(&self, key: &str) -> Result<Option<Bytes>, Rewritten> {
        match self.keys.get(key).map(Vec::as_slice) {
            None | Some([]) => Ok(None),
            Some([one @ Some(_)]) => Ok(one.clone()),
            Some([.., newest]) if self.blind => Ok(newest.clone()),
            Some(_) => Err(Rewritten(key.to_owned())),
        }
    }

    pub(crate) fn write(&mut self, key: &str, bytes: &Bytes) -> Written {
        let is_free = self.keys.get(key).and_then(|versions| versions.last()).is_none_or(Option::is_none);
        if is_free || self.unconditional {
            self.push(key, Some(bytes.clone()));
            Written::New
        } else {
            Written::Taken
        }
    }

    fn largest(&self, known: u64) -> Result<Option<u64>, Rewritten> {
        let mut largest = None;
        let prefix: Arc<str> = CHECKPOINTS_PREFIX.into();
        for (key, _) in self.keys.range(prefix..).take_while(|(key, _)| key.starts_with(CHECKPOINTS_PREFIX)) {
            if let (Some(size), Some(_)) = (checkpoint_size(key), self.read(key)?) {
                largest = Some(size).filter(|size| *size >= known).or(largest);
            }
        }
        Ok(largest)
    }

    /// Carries out a request.
    pub(crate) fn answer(&mut self, request: &Request) -> Answer {
        match request {
            Request::Read(key) => Answer::Read(self.read(key)),
            Request::ReadAll(keys) => Answer::ReadAll(keys.iter().map(|key| self.read(key)).collect()),
            Request::Write(key, bytes) => Answer::Written(vec![self.write(key, bytes)]),
            Request::WriteAll(objects) => {
                Answer::Written(objects.iter().map(|(key, bytes)| self.write(key, bytes)).collect())
            }
            Request::Largest(known) => Answer::Largest(self.largest(*known)),
            Request::Sign(text) => Answer::Signed(secret().sign(text).to_bytes().to_vec()),
        }
    }
}
