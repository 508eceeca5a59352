use sluice_common::port::{CatalogError, KeyError, MetricsError, QueueError, StoreError};

/// The errors of a port that faults can take.
pub(super) trait Injected: Sized {
    /// No answer came.
    fn lost(operation: &'static str) -> Self;
    /// The service asks for less.
    fn throttled(operation: &'static str) -> Self;
    /// The role may not.
    fn denied(operation: &'static str) -> Self;
}

const TIMEOUT: &str = "timeout";
const THROTTLED: &str = "ThrottlingException";
const DENIED: &str = "AccessDenied";

impl Injected for StoreError {
    fn lost(operation: &'static str) -> Self {
        Self::Other { operation, code: TIMEOUT.into(), source: None }
    }
    fn throttled(operation: &'static str) -> Self {
        Self::Throttled { operation }
    }
    fn denied(operation: &'static str) -> Self {
        Self::Denied { operation }
    }
}

impl Injected for KeyError {
    fn lost(operation: &'static str) -> Self {
        Self::Other { operation, code: TIMEOUT.into(), source: None }
    }
    fn throttled(operation: &'static str) -> Self {
        Self::Throttled { operation }
    }
    fn denied(operation: &'static str) -> Self {
        Self::Denied { operation }
    }
}

impl Injected for CatalogError {
    fn lost(operation: &'static str) -> Self {
        Self::Other { operation, code: TIMEOUT.into(), source: None }
    }
    fn throttled(operation: &'static str) -> Self {
        Self::Other { operation, code: THROTTLED.into(), source: None }
    }
    fn denied(operation: &'static str) -> Self {
        Self::Denied { operation }
    }
}

impl Injected for MetricsError {
    fn lost(_operation: &'static str) -> Self {
        Self { code: TIMEOUT.into(), source: None }
    }
    fn throttled(_operation: &'static str) -> Self {
        Self { code: THROTTLED.into(), source: None }
    }
    fn denied(_operation: &'static str) -> Self {
        Self { code: DENIED.into(), source: None }
    }
}

impl Injected for QueueError {
    fn lost(_operation: &'static str) -> Self {
        Self { code: TIMEOUT.into(), source: None }
    }
    fn throttled(_operation: &'static str) -> Self {
        Self { code: THROTTLED.into(), source: None }
    }
    fn denied(_operation: &'static str) -> Self {
        Self { code: DENIED.into(), source: None }
    }
}
