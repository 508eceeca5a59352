//! The rows that fail, set aside: their numbers in the evidence bucket, the rows themselves in the raw bucket.
//!
//! The verdict names the digest of the numbers, and `pseudonymize` leaves out exactly those rows: what is published follows
//! from what was judged and signed, not from a second evaluation that could differ from the first. Whether a row is unique
//! is known only at the end of the table, so the rows are written in a second pass over the same version, whose digest is
//! compared again.

use std::io::Write;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use sluice_common::port::{ObjectBody, StoreError, UserMetadata};
use sluice_common::{ObjectPath, ObjectVersion, Sha256Digest};
use sluice_evidence::layout::RunId;
use sluice_evidence::predicate::{FailingRows, QuarantinedRows};
use sluice_quality::{Outcome, Report, failing_rows, failing_rows_schema};
use sluice_stage::input::{HashedReader, Received, receive};
use sluice_stage::output::{HashedWriter, send};
use sluice_stage::rows::RowSet;
use sluice_stage::{About, FrameError, table};
use sluice_tabular::{Compression, Format, ReadOptions, Reader, TabularError, WriteOptions, Writer};

use crate::QualityFunction;
use crate::error::JudgeError;
use crate::inputs::Subject;
use crate::keep::{digest_of, key, report_key};

/// Bytes that tell a compression.
const MAGIC_BYTES: usize = 4;

impl QualityFunction {
    /// Sets the rows aside that fail; `None` when there are none.
    pub(crate) async fn set_aside(
        &self,
        judged: &Subject<'_>,
        run: &RunId,
        report: &Arc<Report>,
        read: &ReadOptions,
        sealed_sha256: Sha256Digest,
        about: &mut About,
    ) -> Result<Option<FailingRows>, JudgeError> {
        let numbers = numbers_of(report)?;
        if numbers.members() == 0 {
            return Ok(None);
        }
        let bytes = numbers.to_bytes();
        let numbers_sha256 = Sha256Digest::of(&bytes);
        self.keep(report_key(judged.object, "rows", &format!("{numbers_sha256}.rows")), bytes).await?;
        let kept = self.write_rows(judged, run, Arc::clone(report), read, sealed_sha256, about).await?;
        Ok(Some(FailingRows { rows: numbers.members(), explain_result: rows_explain(report), numbers_sha256, kept }))
    }

    async fn write_rows(
        &self,
        judged: &Subject<'_>,
        run: &RunId,
        report: Arc<Report>,
        read: &ReadOptions,
        sealed_sha256: Sha256Digest,
        about: &mut About,
    ) -> Result<QuarantinedRows, JudgeError> {
        let ports = self.frame.ports();
        let ObjectBody { facts, stream } = ports.reader.get(judged.object).await?;
        let (mut input, receiving) = receive(stream);
        let first = input.peek(MAGIC_BYTES).await.map_err(|source| TabularError::Read { source })?;
        let write = WriteOptions::new(read.format.clone()).with_compression(match read.format {
            Format::Parquet => Compression::None,
            Format::Csv(_) | Format::JsonLines => table::compression_of(first),
        });
        let path = self.quarantine_path(judged, facts.last_modified, run, &write);
        let upload = ports.writer.upload_new(&path, &UserMetadata::new()).await?;
        let (writer, sending) = send(upload);
        let read = read.clone();
        let written = tokio::task::spawn_blocking(move || write_failing(input, writer, &report, &read, &write)).await;
        let written = written.unwrap_or_else(|panicked| std::panic::resume_unwind(panicked.into_panic()));
        let received = receiving.finish().await;
        let upload = sending.finish().await?;
        let outcome = match received {
            Ok(received) if received.sha256 != sealed_sha256 => {
                about.note_bytes_found(received.sha256);
                Err(FrameError::DigestChanged.into())
            }
            Ok(_) => written,
            Err(error) => Err(error.into()),
        };
        let output = match outcome {
            Ok(output) => output,
            Err(error) => {
                if let Err(left_behind) = upload.abort().await {
                    tracing::warn!(error = %left_behind, "parts of an upload stay until the lifecycle rule");
                }
                return Err(error);
            }
        };
        let at = match upload.complete().await {
            Ok(version_id) => path.version(version_id),
            Err(StoreError::Exists { .. }) => self.adopt(&path, output.sha256).await?,
            Err(error) => return Err(error.into()),
        };
        Ok(QuarantinedRows { uri: at.uri(), sha256: output.sha256 })
    }

    /// An earlier attempt got as far as the file: it is the same one, or someone else wrote it.
    async fn adopt(&self, path: &ObjectPath, expected: Sha256Digest) -> Result<ObjectVersion, JudgeError> {
        let reader = self.frame.ports().reader.as_ref();
        let at = reader.current(path).await?;
        if digest_of(reader, &at).await? == expected { Ok(at) } else { Err(JudgeError::QuarantineConflict) }
    }

    /// `quarantine/<dataset>/dt=YYYY-MM-DD/<id>-<run>.<ending>`: never a part of the uploader's key.
    fn quarantine_path(
        &self,
        judged: &Subject<'_>,
        arrived: Timestamp,
        run: &RunId,
        write: &WriteOptions,
    ) -> ObjectPath {
        let (day, id) = (arrived.to_zoned(TimeZone::UTC).date(), judged.object.id());
        let (dataset, ending) = (&judged.dataset.name, table::ending(write));
        let prefix = sluice_common::object::QUARANTINED_ROWS_PREFIX;
        let key = key(format!("{prefix}{dataset}/dt={day}/{id}-{}{ending}", run.as_str()));
        ObjectPath { bucket: self.frame.raw_bucket().clone(), key }
    }
}

/// The numbers of the rows that fail some rule.
fn numbers_of(report: &Report) -> Result<RowSet, JudgeError> {
    let wide = |row: usize| u64::try_from(row).unwrap_or(u64::MAX);
    let failing = report.row_results.as_ref().map(|results| !&results.passing_rows());
    let runs = failing.iter().flat_map(|rows| rows.set_slices()).map(|(start, end)| wide(start)..wide(end));
    RowSet::of(report.rows, runs).map_err(|_never| JudgeError::InputsDamaged)
}

/// Whether every rule that does not hold judges rows and some row fails it: without those rows, nothing is left that failed.
fn rows_explain(report: &Report) -> bool {
    let Some(results) = &report.row_results else { return false };
    let is_explained = |(index, rule): (usize, &sluice_quality::RuleOutcome)| match rule.outcome {
        Outcome::Passed => true,
        Outcome::Failed => results.failing_rows(index).is_some_and(|failing| failing > 0),
        Outcome::Error => false,
    };
    report.rules.iter().enumerate().all(is_explained)
}

/// Runs on a thread of its own.
fn write_failing(
    input: HashedReader,
    writer: HashedWriter,
    report: &Report,
    read: &ReadOptions,
    write: &WriteOptions,
) -> Result<Received, JudgeError> {
    let reader = Reader::open(table::source(input, read)?, read)?;
    let sink = copy_failing(reader, writer, report, write)?;
    Ok(sink.finish().map_err(|source| TabularError::Write { source })?)
}

fn copy_failing<W: Write + Send>(
    reader: Reader,
    sink: W,
    report: &Report,
    write: &WriteOptions,
) -> Result<W, JudgeError> {
    let mut sink = Some(sink);
    let mut open: Option<Writer<W>> = None;
    let mut columns = usize::MAX;
    for block in reader {
        let block = block?;
        let schema = failing_rows_schema(&block.batch.schema());
        let shape = |error: arrow_schema::ArrowError| TabularError::Shape { problem: error.to_string() };
        let Some(failing) = failing_rows(report, &block.batch, block.first_row, &schema).map_err(shape)? else {
            continue;
        };
        // JSON Lines bring columns as they come up. Files of lines may follow each other, and so may their members.
        if columns != block.batch.num_columns()
            && let Some(full) = open.take()
        {
            sink = Some(full.finish()?);
        }
        if let Some(sink) = sink.take() {
            columns = block.batch.num_columns();
            open = Some(Writer::new(sink, write, schema)?);
        }
        if let Some(writer) = &mut open {
            writer.write(&failing)?;
        }
    }
    let sink = match open {
        Some(writer) => Some(writer.finish()?),
        None => sink,
    };
    // Either is there; the verdict before said that some row fails.
    sink.ok_or(JudgeError::InputsDamaged)
}
