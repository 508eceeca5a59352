//! The keys of the cohorts that a dataset's subjects are in.

use std::sync::Arc;

use sluice_common::policy::PrivacySpec;
use sluice_privacy::keyring::DomainKey;
use sluice_privacy::pseudonymize::{SubjectKeys, Waiter};
use tokio::runtime::Handle;

use crate::PseudonymizeFunction;
use crate::error::PublishError;

impl PseudonymizeFunction {
    /// Where the policy names subjects: their cohorts, as they are now.
    pub(crate) async fn subject_keys(
        &self,
        privacy: &PrivacySpec,
        key: Option<&Arc<DomainKey>>,
    ) -> Result<Option<SubjectKeys>, PublishError> {
        let (Some(subjects), Some(key)) = (&privacy.subjects, key) else { return Ok(None) };
        let cohorts = self.keyring.cohorts(Arc::clone(key), subjects.cohorts).await?;
        let runtime = Handle::current();
        // The engine has a thread of its own, and the runtime's own thread drives the connections meanwhile.
        let wait: Waiter = Arc::new(move |future| runtime.block_on(future));
        Ok(Some(SubjectKeys::new(&subjects.column, Arc::new(cohorts), wait)))
    }
}
