use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::domain::{Domain, Epoch};
use super::domain_key::DomainKey;

/// Keys in clear that are kept at most. A function sees a handful of domains; a hostile request names one.
const MAX_KEYS: usize = 256;

/// Unwrapped keys, for as long as the process lives. They are wiped when it drops them.
#[derive(Default)]
pub(super) struct KeyCache(Mutex<HashMap<(Domain, Epoch), Arc<DomainKey>>>);

impl KeyCache {
    pub(super) fn get(&self, domain: &Domain, epoch: Epoch) -> Option<Arc<DomainKey>> {
        let keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.get(&(domain.clone(), epoch)).cloned()
    }

    pub(super) fn put(&self, key: DomainKey) -> Arc<DomainKey> {
        let key = Arc::new(key);
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= MAX_KEYS {
            keys.clear();
        }
        keys.insert((key.domain().clone(), key.epoch()), Arc::clone(&key));
        key
    }

    /// Wipes a key, once nobody uses it any more.
    pub(super) fn forget(&self, domain: &Domain, epoch: Epoch) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&(domain.clone(), epoch));
    }
}

impl fmt::Debug for KeyCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyCache([redacted])")
    }
}
