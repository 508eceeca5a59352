use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use sluice_common::port::{Queue, QueueError};

use crate::locked;

/// A queue in memory. Clones share the messages.
#[derive(Debug, Clone, Default)]
pub struct MemoryQueue(Arc<Mutex<Vec<String>>>);

impl MemoryQueue {
    /// An empty queue.
    pub fn new() -> Self {
        Self::default()
    }

    /// The bodies sent so far, in order.
    pub fn messages(&self) -> Vec<String> {
        locked(&self.0).clone()
    }

    /// Takes the bodies out.
    pub fn drain(&self) -> Vec<String> {
        std::mem::take(&mut locked(&self.0))
    }
}

#[async_trait]
impl Queue for MemoryQueue {
    async fn send(&self, body: String) -> Result<(), QueueError> {
        locked(&self.0).push(body);
        Ok(())
    }
}
