//! `statistics.json` and `constraints.json` of SageMaker Model Monitor beside the report, when the policy asks for them:
//! `report/monitor/<id[0:2]>/<id>/<run>/…`.
//!
//! They need every column, so the version is read once more. Of a column that the privacy section does not `keep` by name,
//! only what is present and missing is told.

use sluice_common::Sha256Digest;
use sluice_common::policy::{Dataset, Transform};
use sluice_common::port::ObjectBody;
use sluice_evidence::layout::RunId;
use sluice_profile::{Profile, ProfileError};
use sluice_report::sagemaker;
use sluice_stage::input::receive;
use sluice_stage::{About, FrameError, table};
use sluice_tabular::ReadOptions;

use crate::QualityFunction;
use crate::error::JudgeError;
use crate::inputs::Subject;
use crate::keep::report_key;

impl QualityFunction {
    /// Writes both files.
    pub(crate) async fn keep_statistics(
        &self,
        subject: &Subject<'_>,
        run: &RunId,
        read: &ReadOptions,
        sealed_sha256: Sha256Digest,
        about: &mut About,
    ) -> Result<(), JudgeError> {
        let ObjectBody { stream, .. } = self.frame.ports().reader.get(subject.object).await?;
        let (input, receiving) = receive(stream);
        let options = read.clone();
        let profiled = tokio::task::spawn_blocking(move || sluice_profile::profile(table::open(input, &options)?));
        let profiled = profiled.await.unwrap_or_else(|panicked| std::panic::resume_unwind(panicked.into_panic()));
        let received = receiving.finish().await?;
        if received.sha256 != sealed_sha256 {
            about.note_bytes_found(received.sha256);
            return Err(FrameError::DigestChanged.into());
        }
        let profile = shown(profiled.map_err(unprofiled)?, subject.dataset);
        let files = [
            ("statistics.json", sagemaker::statistics(&profile)),
            ("constraints.json", sagemaker::constraints(&profile)),
        ];
        for (name, value) in files {
            let key = report_key(subject.object, "monitor", &format!("{}/{name}", run.as_str()));
            self.keep(key, value.to_string().into_bytes()).await?;
        }
        Ok(())
    }
}

fn unprofiled(error: ProfileError) -> JudgeError {
    match error {
        ProfileError::Table(error) => error.into(),
        other @ ProfileError::Column { .. } => JudgeError::Profile(other),
    }
}

/// The profile, with the values of those columns only that are published as they are because somebody said so.
fn shown(profile: Profile, dataset: &Dataset) -> Profile {
    profile.concealed(|column| matches!(dataset.privacy.columns.get(column), Some(Transform::Keep)))
}
