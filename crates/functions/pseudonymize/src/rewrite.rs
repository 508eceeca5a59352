//! One pass: read, hash, transform, hash, upload; visible only when the bytes read were the sealed ones.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use futures::TryStreamExt as _;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use sluice_catalog::{Gauge, TableState};
use sluice_common::port::{StoreError, WriteOnceUpload};
use sluice_common::{ObjectPath, ObjectVersion, Sha256Digest};
use sluice_evidence::predicate::TextDetection;
use sluice_privacy::pseudonymize::{FormatPreserving, Plan, Risk, Stats, run_watched};
use sluice_stage::input::{HashedReader, Received, Receiving, receive};
use sluice_stage::output::{HashedWriter, send};
use sluice_stage::rows::RowSet;
use sluice_stage::{About, FrameError, table};
use sluice_tabular::{Compression, ReadOptions, TabularError, WriteOptions};

use crate::PseudonymizeFunction;
use crate::error::PublishError;
use crate::texts::Texts;

/// Bytes that tell a compression.
const MAGIC_BYTES: usize = 4;

/// A raw version whose first bytes were seen.
pub(crate) struct Opened {
    input: HashedReader,
    receiving: Receiving,
    pub(crate) compression: Compression,
    pub(crate) arrived: Timestamp,
}

/// How a version is read, transformed and written.
pub(crate) struct Recipe {
    pub(crate) read: ReadOptions,
    pub(crate) plan: Plan,
    pub(crate) write: WriteOptions,
    /// The rows that are not published because they fail.
    pub(crate) left_out: Option<RowSet>,
    /// What measures the result for the catalog, when that is told of it.
    pub(crate) gauge: Option<Gauge>,
    /// Who is asked about texts.
    pub(crate) texts: Option<Texts>,
}

/// A table that was read to its end and written.
pub(crate) struct Rewritten {
    /// The curated object that is there now; `None`: it was given up, because the table may not be published.
    pub(crate) at: Option<ObjectVersion>,
    pub(crate) bytes_read: u64,
    pub(crate) written: Written,
    /// What a service answered about texts.
    pub(crate) text_detection: Option<TextDetection>,
}

/// What the engine's thread gives back.
pub(crate) struct Written {
    pub(crate) output: Received,
    pub(crate) stats: Stats,
    pub(crate) schema: SchemaRef,
    pub(crate) risk: Option<Risk>,
    /// What the catalog is to be told of it.
    pub(crate) measured: Option<TableState>,
}

impl PseudonymizeFunction {
    /// Begins to read a raw version.
    pub(crate) async fn open(&self, version: &ObjectVersion) -> Result<Opened, PublishError> {
        let body = self.frame.ports().reader.get(version).await.map_err(PublishError::raw)?;
        let arrived = body.facts.last_modified;
        let (mut input, receiving) = receive(body.stream);
        let first = input.peek(MAGIC_BYTES).await.map_err(|source| TabularError::Read { source })?;
        let compression = table::compression_of(first);
        Ok(Opened { input, receiving, compression, arrived })
    }

    /// Rewrites a version into an upload, and completes it only when the bytes read were the sealed ones and the table may be
    /// published.
    pub(crate) async fn stream(
        &self,
        opened: Opened,
        sealed_sha256: Sha256Digest,
        path: &ObjectPath,
        recipe: Recipe,
        about: &mut About,
    ) -> Result<Rewritten, PublishError> {
        let Opened { input, receiving, .. } = opened;
        let texts = recipe.texts.clone();
        let metadata = FormatPreserving::metadata(recipe.plan.format_preserving());
        let upload = self.frame.ports().writer.upload_new(path, &metadata).await.map_err(PublishError::curated)?;
        let (writer, sending) = send(upload);
        let engine = tokio::task::spawn_blocking(move || transform(input, writer, recipe));
        let written = engine.await.unwrap_or_else(|panicked| std::panic::resume_unwind(panicked.into_panic()));
        let received = receiving.finish().await;
        // An error of the upload stops the engine, whose own error then says less.
        let upload = sending.finish().await.map_err(PublishError::curated)?;
        // Bytes that are not the sealed ones prove nothing about the upload: their digest is judged first.
        let verdict = match received.map_err(PublishError::raw) {
            Ok(input) if input.sha256 != sealed_sha256 => {
                about.note_bytes_found(input.sha256);
                Err(FrameError::DigestChanged.into())
            }
            Ok(input) => written.map(|written| (input, written)),
            Err(error) => Err(error),
        };
        let (input, written) = match verdict {
            Ok(both) => both,
            Err(error) => {
                give_up(upload).await;
                return Err(error);
            }
        };
        let text_detection = match &texts {
            Some(texts) => match self.keep_answers(texts).await {
                Ok(kept) => Some(kept),
                Err(error) => {
                    give_up(upload).await;
                    return Err(error);
                }
            },
            None => None,
        };
        let mut rewritten = Rewritten { at: None, bytes_read: input.size_bytes, written, text_detection };
        if rewritten.written.risk.as_ref().is_some_and(|risk| !risk.may_be_published()) {
            give_up(upload).await;
            return Ok(rewritten);
        }
        rewritten.at = Some(match upload.complete().await {
            Ok(version_id) => path.version(version_id),
            Err(StoreError::Exists { .. }) => self.adopt(path, rewritten.written.output.sha256).await?,
            Err(error) => return Err(PublishError::curated(error)),
        });
        Ok(rewritten)
    }

    /// An earlier attempt got as far as the object: it is the same one, or someone else wrote it.
    async fn adopt(&self, path: &ObjectPath, expected: Sha256Digest) -> Result<ObjectVersion, PublishError> {
        let reader = self.frame.ports().reader.as_ref();
        let at = reader.current(path).await.map_err(PublishError::curated)?;
        let mut stream = reader.get(&at).await.map_err(PublishError::curated)?.stream;
        let mut hasher = Sha256::new();
        while let Some(chunk) = stream.try_next().await.map_err(PublishError::curated)? {
            hasher.update(&chunk);
        }
        let found = Sha256Digest::from_bytes(hasher.finalize().into());
        if found == expected { Ok(at) } else { Err(PublishError::CuratedConflict) }
    }
}

async fn give_up(upload: Box<dyn WriteOnceUpload>) {
    if let Err(left_behind) = upload.abort().await {
        tracing::warn!(error = %left_behind, "parts of an upload stay until the lifecycle rule");
    }
}

/// Runs on a thread of its own: the engine reads and writes synchronously.
fn transform(input: HashedReader, writer: HashedWriter, recipe: Recipe) -> Result<Written, PublishError> {
    let Recipe { read, plan, write, left_out, mut gauge, texts: _ } = recipe;
    let source = table::source(input, &read)?;
    let mut walk = left_out.map(RowSet::into_walk);
    let left_out = |first_row, rows| walk.as_mut().map(|walk| walk.within(first_row, rows)).unwrap_or_default();
    let mut measure = gauge.as_mut().map(|gauge| |batch: &RecordBatch| gauge.add(batch));
    let watch = measure.as_mut().map(|measure| measure as &mut dyn FnMut(&RecordBatch));
    let finished = run_watched(source, &read, writer, &write, plan, left_out, watch)?;
    let measured = gauge.map(|gauge| gauge.finish(&finished.schema));
    let output = finished.sink.finish().map_err(|source| TabularError::Write { source })?;
    Ok(Written { output, stats: finished.stats, schema: finished.schema, risk: finished.risk, measured })
}
