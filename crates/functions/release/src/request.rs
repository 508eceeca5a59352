//! What is asked, of which published objects.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::Value;
use sluice_common::ObjectVersion;
use sluice_release::{Query, ReleaseError, ReleaseRequest};

use crate::refused::Refused;

/// The most objects of one release.
const MAX_STATEMENTS: usize = 1_000;

/// A request in order.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) dataset: String,
    /// The release's id and its questions.
    pub(crate) request: ReleaseRequest,
    /// Statements of pseudonymize, each about an object to be read.
    pub(crate) statements: Vec<ObjectVersion>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Payload {
    dataset: String,
    id: String,
    queries: Vec<Query>,
    statements: Vec<String>,
}

impl Asked {
    /// Reads a payload.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub(crate) fn parse(payload: &Value) -> Result<Self, Refused> {
        let Payload { dataset, id, queries, statements } =
            Payload::deserialize(payload).map_err(ReleaseError::Unreadable)?;
        // The questions are held to what holds for them everywhere.
        let questions = serde_json::to_vec(&ReleaseRequest { id, queries }).map_err(ReleaseError::Unreadable)?;
        let request = ReleaseRequest::parse(&questions)?;
        if statements.is_empty() || statements.len() > MAX_STATEMENTS {
            return Err(Refused::new("statements_unfit", "name 1 to 1,000 statements of pseudonymize in `statements`"));
        }
        let unfit = || Refused::new("statements_unfit", "a statement is named as s3://bucket/key?versionId=…");
        let located: Result<Vec<_>, _> = statements.iter().map(|uri| ObjectVersion::from_uri(uri)).collect();
        let statements = located.map_err(|_not_a_uri| unfit())?;
        if statements.iter().collect::<HashSet<_>>().len() < statements.len() {
            return Err(Refused::new("input_twice", "a statement stands twice; its rows would be counted twice"));
        }
        Ok(Self { dataset, request, statements })
    }
}
