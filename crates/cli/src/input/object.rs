//! An object version, read as if it were a file.

use std::io::{self, Read};

use bytes::{Buf as _, Bytes};
use futures::StreamExt as _;
use sluice_common::digest::{ChecksumType, S3Checksum};
use sluice_common::port::{ByteStream, ObjectReader, VersionLister};
use tokio::runtime::Runtime;

use super::{Input, OpenBytes, Stored};
use crate::cloud::{self, Cloud};

/// An object's body, read synchronously: the connection goes on whenever more is asked for.
pub(super) struct S3Read {
    runtime: Runtime,
    stream: ByteStream,
    current: Bytes,
}

impl Read for S3Read {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.runtime.block_on(self.stream.next()) {
                Some(chunk) => self.current = chunk.map_err(io::Error::other)?,
                None => return Ok(0),
            }
        }
        let length = self.current.len().min(into.len());
        self.current.copy_to_slice(into.get_mut(..length).unwrap_or_default());
        Ok(length)
    }
}

/// Opens an object in the S3 of the environment's credentials.
pub(super) fn open(location: &str) -> anyhow::Result<Input> {
    let cloud = Cloud::connect()?;
    let objects = cloud.objects();
    open_in(&objects, cloud.runtime, location)
}

/// Opens an object in any S3.
pub(crate) fn open_in<S>(objects: &S, runtime: Runtime, location: &str) -> anyhow::Result<Input>
where
    S: ObjectReader + VersionLister,
{
    let opened = runtime.block_on(Box::pin(async {
        let version = cloud::version_of(objects, location).await?;
        let body = match objects.get(&version).await {
            Ok(body) => body,
            Err(error) => return Err(cloud::explain(objects, &version.path(), error).await),
        };
        let is_composite = |checksum: &S3Checksum| checksum.checksum_type == ChecksumType::Composite;
        let part_sizes = if body.facts.checksums.iter().any(is_composite) {
            objects.parts(&version).await?.iter().map(|part| part.size_bytes).collect()
        } else {
            Vec::new()
        };
        anyhow::Ok((version, body, part_sizes))
    }));
    let (version, body, part_sizes) = opened?;
    let stored = Stored { version, checksums: body.facts.checksums, part_sizes };
    let bytes = OpenBytes::S3(S3Read { runtime, stream: body.stream, current: Bytes::new() });
    Ok(Input { bytes, size_bytes: Some(body.facts.size_bytes), stored: Some(stored) })
}
