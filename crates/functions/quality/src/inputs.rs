//! What a verdict rests on beside the object and its ruleset: metrics of earlier objects, listings of files, reference
//! datasets.
//!
//! They change with time, and a verdict must not. So the first attempt at a run writes down which records and which files
//! it took, under `report/inputs/<id>/<run>.json`, a key that is written once; every later attempt reads that list and
//! looks for nothing new. The verdict names the list's SHA-256, and the list the SHA-256 of every record.
//!
//! Only what arrived before the object counts: records of versions whose `Last-Modified` is earlier (within one second,
//! those with the smaller id), and files as they were when it arrived. Objects that arrive out of order are judged by the
//! records that are there when they come; a late one changes no verdict that was given.

use serde::{Deserialize, Serialize};
use sluice_common::policy::{Dataset, Policy};
use sluice_common::port::{StoreError, UserMetadata};
use sluice_common::{ObjectVersion, Sha256Digest};
use sluice_evidence::EvidenceError;
use sluice_evidence::layout::RunId;
use sluice_quality::{Asks, HistoryRecord};
use sluice_stage::policy::read_capped;

use crate::QualityFunction;
use crate::error::JudgeError;
use crate::keep::report_key;
use crate::listing::Listing;
use crate::past::RecordRef;
use crate::references::ReferenceRef;

const VERSION: u32 = 1;
/// Ten thousand files with keys of the greatest length.
const MAX_BYTES: u64 = 64 << 20;

/// The list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Inputs {
    version: u32,
    /// Records of earlier objects, the newest first.
    pub(crate) history: Vec<RecordRef>,
    /// Files, by the path that a rule names.
    pub(crate) listings: Vec<Listing>,
    /// Reference datasets, by alias.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) references: Vec<ReferenceRef>,
}

/// The list, its digest, and what its records say.
#[derive(Debug, Default)]
pub(crate) struct Pinned {
    pub(crate) inputs: Inputs,
    pub(crate) sha256: Option<Sha256Digest>,
    pub(crate) records: Vec<HistoryRecord>,
}

/// The object that is judged.
pub(crate) struct Subject<'a> {
    pub(crate) object: &'a ObjectVersion,
    pub(crate) arrived_micros: i64,
    pub(crate) policy: &'a Policy,
    pub(crate) dataset: &'a Dataset,
}

impl QualityFunction {
    /// What a run's verdict rests on: as its first attempt wrote it down, or chosen and written down now.
    pub(crate) async fn pin(&self, judged: &Subject<'_>, asks: &Asks, run: &RunId) -> Result<Pinned, JudgeError> {
        if asks.is_nothing() && judged.dataset.quality.references.is_empty() {
            return Ok(Pinned::default());
        }
        let key = report_key(judged.object, "inputs", &format!("{}.json", run.as_str()));
        let path = self.in_evidence(key);
        let bytes = if let Some(at) = self.only_version(&path).await? {
            self.pinned_before(&at).await?
        } else {
            let inputs = self.choose(judged, asks).await?;
            let bytes = serde_json::to_vec(&inputs).map_err(|_unencodable| JudgeError::InputsDamaged)?;
            let writer = self.frame.ports().writer.as_ref();
            match writer.put_new(&path, bytes.clone().into(), &UserMetadata::new()).await {
                Ok(_) => bytes,
                Err(StoreError::Exists { operation }) => {
                    let at = self.only_version(&path).await?;
                    self.pinned_before(&at.ok_or(StoreError::Conflict { operation })?).await?
                }
                Err(error) => return Err(JudgeError::from(EvidenceError::Store(error))),
            }
        };
        let inputs: Inputs = serde_json::from_slice(&bytes).map_err(|_damaged| JudgeError::InputsDamaged)?;
        if inputs.version != VERSION {
            return Err(JudgeError::InputsDamaged);
        }
        let records = self.read_records(&inputs.history).await?;
        Ok(Pinned { inputs, sha256: Some(Sha256Digest::of(&bytes)), records })
    }

    async fn pinned_before(&self, at: &ObjectVersion) -> Result<Vec<u8>, JudgeError> {
        let read = read_capped(self.frame.ports().reader.as_ref(), at, MAX_BYTES).await;
        Ok(read.map_err(EvidenceError::Store)?)
    }

    async fn choose(&self, judged: &Subject<'_>, asks: &Asks) -> Result<Inputs, JudgeError> {
        let history = self.records_before(judged, asks.past_values).await?;
        let mut listings = Vec::with_capacity(asks.file_paths.len());
        for path in &asks.file_paths {
            listings.push(self.list_files(judged, path.as_deref()).await?);
        }
        let references = self.choose_references(judged.dataset).await?;
        Ok(Inputs { version: VERSION, history, listings, references })
    }
}
