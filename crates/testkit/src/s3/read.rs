use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream;
use sluice_common::port::{ObjectBody, ObjectFacts, ObjectPart, ObjectReader, RangeReader, StoreError};
use sluice_common::{ObjectPath, ObjectVersion};

use super::state::{State, Version};
use super::{MemoryS3, Refusal, port_version_id};

fn facts(version: &Version) -> Result<ObjectFacts, Refusal> {
    let object = version.object.as_ref().ok_or(Refusal::METHOD_NOT_ALLOWED)?;
    Ok(ObjectFacts {
        size_bytes: u64::try_from(object.body.len()).unwrap_or(u64::MAX),
        etag: object.etag.clone(),
        last_modified: version.last_modified,
        checksums: object.checksum.iter().cloned().collect(),
        encryption: object.encryption.clone(),
        metadata: object.metadata.clone(),
    })
}

fn body(state: &State, at: &ObjectVersion) -> Result<ObjectBody, Refusal> {
    let facts = facts(state.version(at)?)?;
    let mut rest = state.object(at)?.body.clone();
    let chunk_bytes = state.chunk_bytes;
    let chunks = std::iter::from_fn(move || (!rest.is_empty()).then(|| Ok(rest.split_to(chunk_bytes.min(rest.len())))));
    Ok(ObjectBody { facts, stream: Box::pin(stream::iter(chunks)) })
}

#[async_trait]
impl ObjectReader for MemoryS3 {
    async fn head(&self, at: &ObjectVersion) -> Result<ObjectFacts, StoreError> {
        self.state().version(at).and_then(facts).map_err(|refusal| refusal.of("HeadObject"))
    }

    async fn get(&self, at: &ObjectVersion) -> Result<ObjectBody, StoreError> {
        body(&self.state(), at).map_err(|refusal| refusal.of("GetObject"))
    }

    async fn current(&self, at: &ObjectPath) -> Result<ObjectVersion, StoreError> {
        let operation = "HeadObject";
        let id = self.state().current(at).map(|version| version.id.clone()).map_err(|refusal| refusal.of(operation))?;
        Ok(at.version(port_version_id(&id, operation)?))
    }

    async fn parts(&self, at: &ObjectVersion) -> Result<Vec<ObjectPart>, StoreError> {
        let state = self.state();
        state.object(at).map(|object| object.parts.clone()).map_err(|refusal| refusal.of("GetObjectAttributes"))
    }
}

#[async_trait]
impl RangeReader for MemoryS3 {
    async fn get_range(&self, at: &ObjectVersion, of: &ObjectFacts, range: Range<u64>) -> Result<Bytes, StoreError> {
        let operation = "GetObject";
        let refused = |code: &str| StoreError::Other { operation, code: code.to_owned(), source: None };
        let state = self.state();
        let object = state.object(at).map_err(|refusal| refusal.of(operation))?;
        if object.etag != of.etag {
            return Err(refused("EntityTagChanged"));
        }
        let bounds = usize::try_from(range.start).ok().zip(usize::try_from(range.end).ok());
        let within = bounds.filter(|(start, end)| start <= end && *end <= object.body.len());
        let (start, end) = within.ok_or_else(|| refused("InvalidRange"))?;
        if u64::try_from(object.body.len()).ok() != Some(of.size_bytes) {
            return Err(refused("OtherRange"));
        }
        Ok(object.body.slice(start..end))
    }
}
