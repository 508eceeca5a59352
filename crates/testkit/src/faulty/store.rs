use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use sluice_common::port::{
    BucketInspector, BucketPosture, ByteStream, ChecksumJob, ChecksumJobs, LegalHold, ListCursor, ObjectBody,
    ObjectFacts, ObjectLock, ObjectPart, ObjectReader, ObjectWriter, RangeReader, Retention, StoreError, UserMetadata,
    VersionLister, VersionPage, VersioningState, WriteOnceUpload,
};
use sluice_common::{BucketName, ObjectPath, ObjectVersion, VersionId};

use super::error::Injected as _;
use super::{Fault, FaultPlan, Faulty, call};

#[async_trait]
impl<T: ObjectReader> ObjectReader for Faulty<T> {
    async fn head(&self, at: &ObjectVersion) -> Result<ObjectFacts, StoreError> {
        call(&self.plan, "head", self.inner.head(at)).await
    }

    async fn get(&self, at: &ObjectVersion) -> Result<ObjectBody, StoreError> {
        match self.plan.next("get") {
            None => self.inner.get(at).await,
            Some(Fault::Truncate { after_bytes }) => {
                let ObjectBody { facts, stream } = self.inner.get(at).await?;
                let stream = truncated(stream, after_bytes, facts.size_bytes);
                Ok(ObjectBody { facts, stream })
            }
            Some(Fault::Fail | Fault::LoseAnswer) => Err(StoreError::lost("get")),
            Some(Fault::Throttle) => Err(StoreError::throttled("get")),
            Some(Fault::Deny) => Err(StoreError::denied("get")),
        }
    }

    async fn current(&self, at: &ObjectPath) -> Result<ObjectVersion, StoreError> {
        call(&self.plan, "current", self.inner.current(at)).await
    }

    async fn parts(&self, at: &ObjectVersion) -> Result<Vec<ObjectPart>, StoreError> {
        call(&self.plan, "parts", self.inner.parts(at)).await
    }
}

#[async_trait]
impl<T: RangeReader> RangeReader for Faulty<T> {
    async fn get_range(&self, at: &ObjectVersion, of: &ObjectFacts, range: Range<u64>) -> Result<Bytes, StoreError> {
        let expected = range.end.saturating_sub(range.start);
        match self.plan.next("get_range") {
            Some(Fault::Truncate { after_bytes }) if after_bytes < expected => {
                Err(StoreError::Truncated { operation: "get_range", got: after_bytes, expected })
            }
            None | Some(Fault::Truncate { .. }) => self.inner.get_range(at, of, range).await,
            Some(Fault::Fail | Fault::LoseAnswer) => Err(StoreError::lost("get_range")),
            Some(Fault::Throttle) => Err(StoreError::throttled("get_range")),
            Some(Fault::Deny) => Err(StoreError::denied("get_range")),
        }
    }
}

#[async_trait]
impl<T: ChecksumJobs> ChecksumJobs for Faulty<T> {
    async fn create(&self, job: &ChecksumJob<'_>) -> Result<String, StoreError> {
        call(&self.plan, "create_job", self.inner.create(job)).await
    }
}

/// Lets so many bytes pass, then breaks off, unless the body is no longer than that.
fn truncated(inner: ByteStream, after_bytes: u64, expected: u64) -> ByteStream {
    if after_bytes >= expected {
        return inner;
    }
    let pass = stream::unfold((inner, after_bytes), |(mut inner, left)| async move {
        let chunk = inner.next().await.filter(|_| left > 0)?;
        let chunk = chunk.map(|mut bytes: Bytes| {
            bytes.truncate(usize::try_from(left).unwrap_or(usize::MAX));
            bytes
        });
        let passed = chunk.as_ref().map_or(0, |bytes| u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        Some((chunk, (inner, left.saturating_sub(passed))))
    });
    let end = StoreError::Truncated { operation: "get", got: after_bytes, expected };
    Box::pin(pass.chain(stream::iter([Err(end)])))
}

#[async_trait]
impl<T: ObjectWriter> ObjectWriter for Faulty<T> {
    async fn put_new(&self, at: &ObjectPath, body: Bytes, metadata: &UserMetadata) -> Result<VersionId, StoreError> {
        call(&self.plan, "put_new", self.inner.put_new(at, body, metadata)).await
    }

    async fn upload_new(
        &self,
        at: &ObjectPath,
        metadata: &UserMetadata,
    ) -> Result<Box<dyn WriteOnceUpload>, StoreError> {
        let inner = call(&self.plan, "upload_new", self.inner.upload_new(at, metadata)).await?;
        Ok(Box::new(FaultyUpload { inner, plan: self.plan.clone() }))
    }
}

struct FaultyUpload {
    inner: Box<dyn WriteOnceUpload>,
    plan: FaultPlan,
}

#[async_trait]
impl WriteOnceUpload for FaultyUpload {
    async fn write(&mut self, bytes: Bytes) -> Result<(), StoreError> {
        call(&self.plan, "write", self.inner.write(bytes)).await
    }

    async fn complete(self: Box<Self>) -> Result<VersionId, StoreError> {
        call(&self.plan, "complete", self.inner.complete()).await
    }

    async fn abort(self: Box<Self>) -> Result<(), StoreError> {
        call(&self.plan, "abort", self.inner.abort()).await
    }
}

#[async_trait]
impl<T: ObjectLock> ObjectLock for Faulty<T> {
    async fn retention(&self, at: &ObjectVersion) -> Result<Option<Retention>, StoreError> {
        call(&self.plan, "retention", self.inner.retention(at)).await
    }

    async fn set_retention(&self, at: &ObjectVersion, retention: &Retention) -> Result<(), StoreError> {
        call(&self.plan, "set_retention", self.inner.set_retention(at, retention)).await
    }

    async fn legal_hold(&self, at: &ObjectVersion) -> Result<Option<LegalHold>, StoreError> {
        call(&self.plan, "legal_hold", self.inner.legal_hold(at)).await
    }
}

#[async_trait]
impl<T: VersionLister> VersionLister for Faulty<T> {
    async fn list_versions(
        &self,
        bucket: &BucketName,
        prefix: &str,
        from: Option<&ListCursor>,
    ) -> Result<VersionPage, StoreError> {
        call(&self.plan, "list_versions", self.inner.list_versions(bucket, prefix, from)).await
    }
}

#[async_trait]
impl<T: BucketInspector> BucketInspector for Faulty<T> {
    async fn versioning(&self, bucket: &BucketName) -> Result<VersioningState, StoreError> {
        call(&self.plan, "versioning", self.inner.versioning(bucket)).await
    }

    async fn posture(&self, bucket: &BucketName) -> Result<BucketPosture, StoreError> {
        call(&self.plan, "posture", self.inner.posture(bucket)).await
    }
}
