//! Statements that were verified a moment ago, so that meeting one again costs a hash and no signature.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use sluice_common::Sha256Digest;

/// The most that are remembered: some 70 MB. What comes after them is verified each time.
const MOST: usize = 1 << 20;

/// Envelopes that verified, by their bytes and the time at which S3 wrote them: a byte or a second more is another one.
#[derive(Debug, Default)]
pub(crate) struct Memo(Mutex<HashSet<Sha256Digest>>);

/// An envelope as it is remembered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trace(Sha256Digest);

impl Trace {
    pub(crate) fn of(envelope_json: &[u8], written: Timestamp) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(written.as_nanosecond().to_be_bytes());
        hasher.update(envelope_json);
        Self(Sha256Digest::from_bytes(hasher.finalize().into()))
    }
}

impl Memo {
    pub(crate) fn knows(&self, trace: Trace) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&trace.0)
    }

    pub(crate) fn add(&self, trace: Trace) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() < MOST {
            known.insert(trace.0);
        }
    }
}
