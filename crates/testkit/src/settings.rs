use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use sluice_common::port::{KeyError, KeyInspector, KeyPosture, TrailInspector, TrailPosture, TrailSettingsError};

use crate::locked;

/// The settings of keys and trails in memory. What was never set is not found. Clones share the settings.
#[derive(Debug, Clone, Default)]
pub struct MemorySettings {
    keys: Arc<Mutex<BTreeMap<String, KeyPosture>>>,
    trails: Arc<Mutex<BTreeMap<String, TrailPosture>>>,
}

impl MemorySettings {
    /// Without any key or trail.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a key's settings.
    pub fn set_key(&self, arn: &str, posture: KeyPosture) {
        locked(&self.keys).insert(arn.to_owned(), posture);
    }

    /// Sets a trail's settings.
    pub fn set_trail(&self, arn: &str, posture: TrailPosture) {
        locked(&self.trails).insert(arn.to_owned(), posture);
    }

    /// Changes a key's settings. Returns whether it exists.
    pub fn change_key(&self, arn: &str, change: impl FnOnce(&mut KeyPosture)) -> bool {
        locked(&self.keys).get_mut(arn).map(change).is_some()
    }

    /// Changes a trail's settings. Returns whether it exists.
    pub fn change_trail(&self, arn: &str, change: impl FnOnce(&mut TrailPosture)) -> bool {
        locked(&self.trails).get_mut(arn).map(change).is_some()
    }
}

#[async_trait]
impl KeyInspector for MemorySettings {
    async fn key_posture(&self, key_arn: &str) -> Result<KeyPosture, KeyError> {
        let found = locked(&self.keys).get(key_arn).cloned();
        found.ok_or_else(|| KeyError::Unusable { operation: "DescribeKey", code: "NotFoundException".to_owned() })
    }
}

#[async_trait]
impl TrailInspector for MemorySettings {
    async fn trail_posture(&self, trail_arn: &str) -> Result<TrailPosture, TrailSettingsError> {
        let found = locked(&self.trails).get(trail_arn).cloned();
        found.ok_or_else(|| TrailSettingsError { operation: "GetTrail", code: "TrailNotFoundException".to_owned() })
    }
}
