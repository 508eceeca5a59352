//! Faults on demand, where and when a plan says.

mod error;
mod keys;
mod plan;
mod services;
mod store;

#[cfg(test)]
mod tests;

use std::future::Future;

pub use plan::{Fault, FaultPlan};

use error::Injected;

/// A port that fails as its plan says. The operations are named as the methods of the ports: `head`, `get`, `get_range`, `create_job`, `current`,
/// `parts`, `put_new`, `upload_new`, `write`, `complete`, `abort`, `retention`, `set_retention`, `legal_hold`,
/// `list_versions`, `versioning`, `posture`, `sign`, `public_key`, `sign_message`, `message_key`, `generate`, `unwrap_key`, `register`, `ruleset`,
/// `put`, `send`.
#[derive(Debug, Clone)]
pub struct Faulty<T> {
    inner: T,
    plan: FaultPlan,
}

impl<T> Faulty<T> {
    /// Puts a plan before a port. The plan may be shared by several ports: then it counts the calls of all.
    pub fn new(inner: T, plan: FaultPlan) -> Self {
        Self { inner, plan }
    }

    /// The port without faults.
    pub fn inner(&self) -> &T {
        &self.inner
    }

    /// The plan.
    pub fn plan(&self) -> &FaultPlan {
        &self.plan
    }
}

/// Makes one call, unless the plan has something else in mind for it.
async fn call<R, E: Injected>(
    plan: &FaultPlan,
    operation: &'static str,
    effect: impl Future<Output = Result<R, E>> + Send,
) -> Result<R, E> {
    match plan.next(operation) {
        None | Some(Fault::Truncate { .. }) => effect.await,
        Some(Fault::LoseAnswer) => {
            effect.await?;
            Err(E::lost(operation))
        }
        Some(Fault::Fail) => Err(E::lost(operation)),
        Some(Fault::Throttle) => Err(E::throttled(operation)),
        Some(Fault::Deny) => Err(E::denied(operation)),
    }
}
