use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use sluice_common::ObjectVersion;
use sluice_common::port::{ObjectFacts, RangeReader, StoreError};

/// A store that is far away: every range waits for a latency and then arrives at the rate of one connection. On tokio's
/// paused clock the waiting costs nothing and is exact. Clones share the counters.
#[derive(Debug, Clone)]
pub struct Distant<T> {
    inner: T,
    latency: Duration,
    bytes_per_second: u64,
    in_flight: Arc<AtomicUsize>,
    most_in_flight: Arc<AtomicUsize>,
}

impl<T> Distant<T> {
    /// Puts a way before a store.
    pub fn new(inner: T, latency: Duration, bytes_per_second: u64) -> Self {
        Self {
            inner,
            latency,
            bytes_per_second: bytes_per_second.max(1),
            in_flight: Arc::default(),
            most_in_flight: Arc::default(),
        }
    }

    /// The most ranges that were ever under way at once.
    pub fn most_in_flight(&self) -> usize {
        self.most_in_flight.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl<T: RangeReader> RangeReader for Distant<T> {
    async fn get_range(&self, at: &ObjectVersion, of: &ObjectFacts, range: Range<u64>) -> Result<Bytes, StoreError> {
        let now = self.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_in_flight.fetch_max(now, Ordering::Relaxed);
        let millis = range.end.saturating_sub(range.start).saturating_mul(1000) / self.bytes_per_second;
        tokio::time::sleep(self.latency + Duration::from_millis(millis)).await;
        let bytes = self.inner.get_range(at, of, range).await;
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
        bytes
    }
}
