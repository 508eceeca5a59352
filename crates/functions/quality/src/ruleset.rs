//! The DQDL text of a dataset, wherever the policy says it is.

use std::sync::Arc;

use sluice_common::policy::RulesetRef;
use sluice_common::port::{ObjectReader, RulesetSource};
use sluice_common::{BucketName, ObjectPath, Sha256Digest};
use sluice_dqdl::ast::Ruleset;
use sluice_stage::policy::read_capped;

use crate::error::JudgeError;

/// A ruleset ready to judge, and the digest that the verdict names.
#[derive(Debug)]
pub(crate) struct LoadedRuleset {
    pub(crate) ruleset: Ruleset,
    pub(crate) digest: Sha256Digest,
    /// Its name in Glue, when it has one.
    pub(crate) name: Option<String>,
}

/// Where rulesets are.
pub(crate) struct Rulesets {
    pub(crate) reader: Arc<dyn ObjectReader>,
    pub(crate) glue: Arc<dyn RulesetSource>,
    pub(crate) bucket: BucketName,
}

impl Rulesets {
    /// Loads and parses a ruleset. A ruleset that does not parse is nobody's upload's fault: the object waits until it
    /// is corrected.
    pub(crate) async fn load(&self, reference: &RulesetRef) -> Result<LoadedRuleset, JudgeError> {
        let (text, name) = match reference {
            RulesetRef::Inline(text) => (text.clone(), None),
            RulesetRef::S3(key) => {
                let path = ObjectPath { bucket: self.bucket.clone(), key: key.clone() };
                let at = self.reader.current(&path).await.map_err(JudgeError::RulesetUnreadable)?;
                let limit_bytes = sluice_dqdl::MAX_SOURCE_BYTES as u64;
                let bytes = read_capped(self.reader.as_ref(), &at, limit_bytes).await;
                let bytes = bytes.map_err(JudgeError::RulesetUnreadable)?;
                (String::from_utf8(bytes).map_err(|_not_utf8| JudgeError::RulesetNotText)?, None)
            }
            RulesetRef::Glue(name) => (self.glue.ruleset(name).await?, Some(name.clone())),
        };
        let ruleset = sluice_dqdl::parse(&text)?;
        Ok(LoadedRuleset { ruleset, digest: Sha256Digest::of(text.as_bytes()), name })
    }
}
