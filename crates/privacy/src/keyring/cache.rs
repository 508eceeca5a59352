use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::cohort::{Cohort, MAX_COHORTS_IN_USE};
use super::domain::{Domain, Epoch};
use super::domain_key::DomainKey;

/// Keys in clear that are kept at most, of some hundred bytes each. A function sees a handful of domains, whose cohorts may be
/// many; a hostile request names one.
const MAX_KEYS: usize = MAX_COHORTS_IN_USE + 256;

/// Unwrapped keys, for as long as the process lives. They are wiped when it drops them.
#[derive(Default)]
pub(super) struct KeyCache(Mutex<HashMap<Whose, Arc<DomainKey>>>);

/// A key belongs to a domain and epoch, or to one of their cohorts.
type Whose = (Domain, Epoch, Option<Cohort>);

impl KeyCache {
    pub(super) fn get(&self, domain: &Domain, epoch: Epoch) -> Option<Arc<DomainKey>> {
        self.of(domain, epoch, None)
    }

    pub(super) fn of_cohort(&self, domain: &Domain, epoch: Epoch, cohort: Cohort) -> Option<Arc<DomainKey>> {
        self.of(domain, epoch, Some(cohort))
    }

    fn of(&self, domain: &Domain, epoch: Epoch, cohort: Option<Cohort>) -> Option<Arc<DomainKey>> {
        let keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.get(&(domain.clone(), epoch, cohort)).cloned()
    }

    pub(super) fn put(&self, key: DomainKey) -> Arc<DomainKey> {
        let key = Arc::new(key);
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= MAX_KEYS {
            keys.clear();
        }
        keys.insert((key.domain().clone(), key.epoch(), key.cohort()), Arc::clone(&key));
        key
    }

    /// Wipes a key, once nobody uses it any more.
    pub(super) fn forget(&self, domain: &Domain, epoch: Epoch) {
        // With the domain's key go those that it unwraps.
        let is_of = |other: &Domain, of: Epoch| other == domain && of == epoch;
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.retain(|(other, of, _), _| !is_of(other, *of));
    }

    /// Wipes a cohort's key, of every epoch.
    pub(super) fn forget_cohort(&self, domain: &Domain, cohort: Cohort) {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.retain(|(other, _, of), _| other != domain || *of != Some(cohort));
    }
}

impl fmt::Debug for KeyCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyCache([redacted])")
    }
}
