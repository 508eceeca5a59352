//! The published objects that a release reads: each by the version and the digest that a verified statement names.

use std::collections::HashSet;

use sluice_common::policy::{Compression, Dataset, FormatKind, FormatSpec};
use sluice_common::port::StoreError;
use sluice_common::{ObjectKey, ObjectVersion, Sha256Digest};
use sluice_evidence::predicate::{Outcome, Pseudonymize};
use sluice_evidence::{EvidenceError, Kept};
use sluice_release::ReleaseError;
use sluice_release::tally::Tallies;
use sluice_stage::input::receive;
use sluice_stage::table;
use sluice_tabular::ErrorKind;

use crate::error::ReleaseFunctionError;
use crate::refused::Refused;
use crate::request::Asked;
use crate::{Ended, ReleaseFunction};

/// A published object.
#[derive(Debug, Clone)]
pub(crate) struct Published {
    pub(crate) at: ObjectVersion,
    pub(crate) sha256: Sha256Digest,
}

impl ReleaseFunction {
    /// The objects that the request's statements published, each made from another upload.
    pub(crate) async fn published(&self, asked: &Asked) -> Result<Vec<Published>, Ended> {
        let archive = self.context.ledger().await?.archive();
        let (mut objects, mut inputs) = (Vec::new(), HashSet::new());
        for at in &asked.statements {
            let kept = match archive.load::<Pseudonymize>(at).await {
                Ok(kept) => kept,
                Err(EvidenceError::NotEvidence) => {
                    let detail = "a statement named is none of pseudonymize in the evidence bucket";
                    return Err(Refused::new("statements_unfit", detail).into());
                }
                Err(EvidenceError::Store(StoreError::NotFound { .. })) => {
                    return Err(Refused::new("statement_missing", "a statement named does not exist").into());
                }
                Err(error) => return Err(error.into()),
            };
            Self::check(&kept, &asked.dataset)?;
            let stated = kept.statement().predicate();
            let twice = "two statements are about one upload; its rows would be counted twice";
            for input in &stated.inputs {
                let version = ObjectVersion::from_uri(&input.uri).ok();
                let object = version.map(|version| format!("{}/{}", version.bucket, version.key.as_str()));
                // Another version of a key, or the same bytes under another key, are the same rows.
                let names = [object.unwrap_or_else(|| input.uri.clone()), input.sha256.to_hex()];
                if !names.into_iter().all(|name| inputs.insert(name)) {
                    return Err(Refused::new("input_twice", twice).into());
                }
            }
            for subject in kept.statement().subject() {
                match (subject.version(), subject.digest.sha256) {
                    (Some(at), Some(sha256)) if at.bucket == self.curated_bucket => {
                        objects.push(Published { at, sha256 });
                    }
                    _ => {
                        return Err(Refused::new(
                            "statements_unfit",
                            "what was published is not in the curated bucket",
                        )
                        .into());
                    }
                }
            }
        }
        Ok(objects)
    }

    fn check(kept: &Kept<Pseudonymize>, dataset: &str) -> Result<(), Refused> {
        let stated = kept.statement().predicate();
        if stated.outcome != Outcome::Published {
            return Err(Refused::new("nothing_published", "a statement named says that nothing was published"));
        }
        if stated.policy.dataset.as_deref() != Some(dataset) {
            return Err(Refused::new("other_dataset", "a statement named is about another dataset"));
        }
        Ok(())
    }

    /// Counts the rows of an object, and believes them only when its bytes are the signed ones.
    pub(crate) async fn count(
        &self,
        mut tallies: Tallies,
        object: &Published,
        dataset: &Dataset,
    ) -> Result<Tallies, Ended> {
        let body = match self.context.ports.reader.get(&object.at).await {
            Ok(body) => body,
            Err(StoreError::NotFound { .. }) => {
                return Err(Refused::new("input_gone", "a published object was erased since").into());
            }
            Err(error) => return Err(ReleaseFunctionError::from(error).into()),
        };
        let options = table::read_options(&format_of(&object.at.key, &dataset.format));
        let (input, receiving) = receive(body.stream);
        let counted = tokio::task::spawn_blocking(move || {
            let mut table = table::open(input, &options).map_err(ReleaseError::from)?;
            tallies.read(&mut table).map(|()| tallies)
        });
        let counted = counted.await.unwrap_or_else(|panicked| std::panic::resume_unwind(panicked.into_panic()));
        let received = receiving.finish().await.map_err(ReleaseFunctionError::from)?;
        if received.sha256 != object.sha256 {
            return Err(ReleaseFunctionError::DigestChanged.into());
        }
        counted.map_err(|error| match error {
            ReleaseError::Table(inner) if inner.kind() == ErrorKind::Io => {
                ReleaseFunctionError::Release(ReleaseError::Table(inner)).into()
            }
            other => Refused::from(other).into(),
        })
    }
}

/// How a published object is written: its key's ending says it, since a policy may have been changed after it. Delimiter and
/// header are the dataset's.
fn format_of(key: &ObjectKey, dataset: &FormatSpec) -> FormatSpec {
    let key = key.as_str();
    let kind = match (&dataset.kind, key) {
        (_, key) if key.ends_with(".parquet") => FormatKind::Parquet,
        (_, key) if key.contains(".jsonl") => FormatKind::JsonLines,
        (FormatKind::Csv { .. }, _) => dataset.kind.clone(),
        (FormatKind::JsonLines | FormatKind::Parquet, _) => {
            FormatKind::Csv { delimiter: b',', quote: Some(b'"'), header: true }
        }
    };
    FormatSpec { kind, compression: Compression::Auto, max_ratio: dataset.max_ratio }
}
