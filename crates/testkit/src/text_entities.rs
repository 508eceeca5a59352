use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use sluice_common::policy::TextLanguage;
use sluice_common::port::{TextEntities, TextEntitiesError, TextEntity};

use crate::locked;

/// Knows names by heart, and finds each wherever it stands. What it knows can change, as a model does.
#[derive(Debug, Clone, Default)]
pub struct MemoryTextEntities(Arc<State>);

#[derive(Debug, Default)]
struct State {
    names: Mutex<Vec<String>>,
    calls: AtomicUsize,
    is_throttled: AtomicBool,
}

impl MemoryTextEntities {
    /// From now on these are names, and nothing else.
    pub fn learn(&self, names: &[&str]) {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        *locked(&self.0.names) = names;
    }

    /// From now on it is throttled, or is not.
    pub fn throttle(&self, is_throttled: bool) {
        self.0.is_throttled.store(is_throttled, Ordering::SeqCst);
    }

    /// How often it was asked.
    pub fn calls(&self) -> usize {
        self.0.calls.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl TextEntities for MemoryTextEntities {
    async fn detect(&self, text: &str, _language: TextLanguage) -> Result<Vec<TextEntity>, TextEntitiesError> {
        self.0.calls.fetch_add(1, Ordering::SeqCst);
        if self.0.is_throttled.load(Ordering::SeqCst) {
            return Err(TextEntitiesError::Throttled);
        }
        let names = locked(&self.0.names);
        let points = |bytes: usize| text.get(..bytes).unwrap_or_default().chars().count();
        let of = |name: &String| {
            let found = text.match_indices(name.as_str());
            let spans = found.map(|(at, found)| (points(at), points(at.saturating_add(found.len()))));
            spans.collect::<Vec<_>>()
        };
        let spans = names.iter().flat_map(of);
        Ok(spans.map(|(begin, end)| TextEntity { kind: "NAME".to_owned(), score: 0.99, begin, end }).collect())
    }
}
