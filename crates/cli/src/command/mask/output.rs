//! Where a masked table goes: it is there whole, or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use sluice_aws::S3Objects;
use sluice_common::port::{ObjectReader as _, ObjectWriter as _, StoreError, UserMetadata, WriteOnceUpload};
use sluice_common::{ObjectPath, VersionId};
use sluice_privacy::pseudonymize::FormatPreserving;
use sluice_stage::output::send;

use super::{Job, Masked};
use crate::cloud::{self, Cloud};

/// Writes the table and says where it is.
pub(super) fn write(job: Job, output: &str) -> anyhow::Result<(Masked, String)> {
    if cloud::is_s3(output) {
        let path = cloud::path_of(output).with_context(|| output.to_owned())?;
        return to_s3(job, &path, output).with_context(|| output.to_owned());
    }
    let masked = to_file(job, Path::new(output))?;
    Ok((masked, output.to_owned()))
}

fn to_file(job: Job, output: &Path) -> anyhow::Result<Masked> {
    let partial = Partial::create(output)?;
    let (mut sink, masked) = job.run(BufWriter::new(partial.file()?))?;
    sink.flush()?;
    partial.publish()?;
    Ok(masked)
}

fn to_s3(job: Job, path: &ObjectPath, output: &str) -> anyhow::Result<(Masked, String)> {
    let cloud = Cloud::connect()?;
    let objects = cloud.objects();
    let metadata = FormatPreserving::metadata(job.plan.format_preserving());
    let upload = cloud.runtime.block_on(Box::pin(begin(&objects, path, &metadata)))?;
    let (masked, version_id) = cloud.runtime.block_on(Box::pin(transfer(job, upload, &objects, path)))?;
    Ok((masked, version_id.map_or_else(|| output.to_owned(), |version_id| path.clone().version(version_id).uri())))
}

async fn begin(
    objects: &S3Objects,
    path: &ObjectPath,
    metadata: &UserMetadata,
) -> anyhow::Result<Box<dyn WriteOnceUpload>> {
    match objects.current(path).await {
        Ok(_taken) => bail!(TAKEN),
        Err(StoreError::NotFound { .. }) => {}
        Err(error) if is_unversioned(&error) => bail!(TAKEN),
        Err(error) => return Err(cloud::explain(objects, path, error).await),
    }
    match objects.upload_new(path, metadata).await {
        Ok(upload) => Ok(upload),
        Err(error) => Err(explain_upload(objects, path, error).await),
    }
}

/// The engine writes on a thread of its own, where its input may wait for the network, while the parts go up.
async fn transfer(
    job: Job,
    upload: Box<dyn WriteOnceUpload>,
    objects: &S3Objects,
    path: &ObjectPath,
) -> anyhow::Result<(Masked, Option<VersionId>)> {
    let (writer, sending) = send(upload);
    let engine = tokio::task::spawn_blocking(move || {
        let (writer, masked) = job.run(writer)?;
        writer.finish()?;
        anyhow::Ok(masked)
    });
    let masked = engine.await?;
    // An error of the upload stops the engine, whose own error then says less.
    let upload = match sending.finish().await {
        Ok(upload) => upload,
        Err(error) => return Err(explain_upload(objects, path, error).await),
    };
    let masked = match masked {
        Ok(masked) => masked,
        Err(error) => {
            let left_behind = "parts of the upload stay; a lifecycle rule of the bucket can remove them";
            return Err(if upload.abort().await.is_ok() { error } else { error.context(left_behind) });
        }
    };
    match upload.complete().await {
        Ok(version_id) => Ok((masked, Some(version_id))),
        Err(StoreError::Exists { .. }) => bail!(TAKEN),
        Err(error) if is_unversioned(&error) => Ok((masked, None)),
        Err(error) => Err(explain_upload(objects, path, error).await),
    }
}

const TAKEN: &str = "there is an object already, and none is overwritten; choose another key";

/// A bucket without versioning names no version of what is in it.
fn is_unversioned(error: &StoreError) -> bool {
    matches!(error, StoreError::Other { code, .. } if code == "NoVersionId")
}

/// What is not found when something is written is the bucket.
async fn explain_upload(objects: &S3Objects, path: &ObjectPath, error: StoreError) -> anyhow::Error {
    match error {
        StoreError::NotFound { .. } => anyhow::Error::new(error).context(format!("there is no bucket {}", path.bucket)),
        other => cloud::explain(objects, path, other).await,
    }
}

/// An output under a name of its own until it is whole. Dropped before, it is removed.
struct Partial<'o> {
    path: PathBuf,
    output: &'o Path,
    is_published: bool,
}

impl<'o> Partial<'o> {
    fn create(output: &'o Path) -> anyhow::Result<Self> {
        let mut name = output.as_os_str().to_owned();
        name.push(".partial");
        let path = PathBuf::from(name);
        File::create(&path).with_context(|| format!("{}", path.display()))?;
        Ok(Self { path, output, is_published: false })
    }

    fn file(&self) -> anyhow::Result<File> {
        OpenOptions::new().write(true).open(&self.path).with_context(|| format!("{}", self.path.display()))
    }

    fn publish(mut self) -> anyhow::Result<()> {
        fs::rename(&self.path, self.output).with_context(|| format!("{}", self.output.display()))?;
        self.is_published = true;
        Ok(())
    }
}

impl Drop for Partial<'_> {
    fn drop(&mut self) {
        if !self.is_published {
            // What failed before is the error to tell; a file left behind is named so that nobody takes it for whole.
            drop(fs::remove_file(&self.path));
        }
    }
}
