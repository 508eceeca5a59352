//! Where a version is published, and in which form.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use sluice_common::policy::{Dataset, OutputFormat};
use sluice_common::{BucketName, ObjectKey, ObjectPath, ObjectVersion, Sha256Digest};
use sluice_privacy::keyring::DomainKey;
use sluice_privacy::pseudonymize::PlanKeys;
use sluice_stage::table;
use sluice_tabular::{Compression, Format, ReadOptions, WriteOptions};

use crate::error::PublishError;
use crate::publish::ENGINE;

/// How the result is written: the input's format and compression, or Parquet.
pub(crate) fn write_options(dataset: &Dataset, read: &ReadOptions, input: Compression) -> WriteOptions {
    match dataset.privacy.output {
        OutputFormat::Parquet => WriteOptions::new(Format::Parquet),
        OutputFormat::Same => match &read.format {
            Format::Parquet => WriteOptions::new(Format::Parquet),
            format => WriteOptions::new(format.clone()).with_compression(input),
        },
    }
}

/// `dataset/dt=YYYY-MM-DD/id-run.ending`: never a part of the uploader's key, which may itself be personal data.
///
/// The date is the day of arrival, in UTC; `id` names the version, `run` the configuration, the domain key, the engine, the rows
/// left out and how many cohorts were destroyed: another configuration or another engine, whose bytes may differ, is another object, so that what was published once stays
/// what it was.
pub(crate) fn path(
    bucket: &BucketName,
    dataset: &Dataset,
    version: &ObjectVersion,
    arrived: Timestamp,
    keys: PlanKeys<'_>,
    dropped: Option<&Sha256Digest>,
    write: &WriteOptions,
) -> Result<ObjectPath, PublishError> {
    let config = dataset.privacy_digest();
    let epoch = keys.domain.map(DomainKey::id).unwrap_or_default();
    let cohorts = keys.subjects.map(|subjects| format!("\ncohorts {}", subjects.shredded())).unwrap_or_default();
    let without = dropped.map(|rows| format!("\n{rows}")).unwrap_or_default();
    let run = shortened(&Sha256Digest::of(format!("{config}\n{epoch}\n{ENGINE}{without}{cohorts}").as_bytes()), 16);
    let id = shortened(version.id().digest(), 32);
    let day = arrived.to_zoned(TimeZone::UTC).date();
    let key = format!("{}/dt={day}/{id}-{run}{}", dataset.name, table::ending(write));
    let key = ObjectKey::new(key).map_err(|_too_long| PublishError::DatasetName)?;
    Ok(ObjectPath { bucket: bucket.clone(), key })
}

fn shortened(digest: &Sha256Digest, digits: usize) -> String {
    digest.to_hex().chars().take(digits).collect()
}
