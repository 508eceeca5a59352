//! From a verdict to a curated object, or to the statement that there is none.

use std::collections::BTreeMap;

use arrow_schema::SchemaRef;
use sluice_common::policy::{Dataset, OnFail};
use sluice_common::port::StoreError;
use sluice_common::{ObjectVersion, Sha256Digest, VersionId};
use sluice_evidence::predicate::{
    ConfigRef, FindingEvidence, FormatPreservingColumn, Input, KeyUse, Outcome, PolicyRef, Pseudonymize,
    PseudonymizeStats, Quality, QualityResult, Seal,
};
use sluice_evidence::{Kept, Recorded, ResourceDescriptor};
use sluice_privacy::pseudonymize::{FormatPreserving, Plan, PlanKeys, Stats, domain_of};
use sluice_privacy::transform;
use sluice_stage::{About, FrameError, LoadedPolicy, PolicySourceError, table as stage_table};

use crate::error::PublishError;
use crate::rewrite::Recipe;
use crate::{PseudonymizeFunction, curated, dropping, measure, table};

/// Name and version of the engine, as statements name it.
pub(crate) const ENGINE: &str = concat!("sluice-privacy/", env!("CARGO_PKG_VERSION"), "+3");

/// A verdict that rests on a seal, and the bytes that both are about.
pub(crate) struct Cleared {
    pub(crate) verdict: Kept<Quality>,
    pub(crate) version: ObjectVersion,
    pub(crate) sha256: Sha256Digest,
}

/// What became of a version.
pub(crate) struct Settled {
    pub(crate) statement: Recorded<Pseudonymize>,
    pub(crate) bytes_read: u64,
}

impl PseudonymizeFunction {
    /// Publishes the version behind a verdict, or states why not. `about` is filled in on the way, so that a failure can
    /// say what is known.
    pub(crate) async fn publish(&self, verdict_at: &ObjectVersion, about: &mut About) -> Result<Settled, PublishError> {
        let cleared = self.clear(verdict_at, about).await?;
        let loaded = self.frame.current_policy().await?;
        let dataset = loaded.policy.dataset_for(&cleared.version.key);
        about.policy = Some(loaded.reference(dataset));
        match self.ruling(&cleared, &loaded, dataset).await? {
            Ruling::Publish(dataset) => self.rewrite(&cleared, &loaded, dataset, about).await,
            Ruling::Withhold(reason) => {
                let statement = self.withhold(&cleared, loaded.reference(dataset), dataset, reason).await?;
                Ok(Settled { statement, bytes_read: 0 })
            }
        }
    }

    /// Loads the verdict and the seal it rests on, and makes sure that both speak of the same bytes.
    async fn clear(&self, verdict_at: &ObjectVersion, about: &mut About) -> Result<Cleared, PublishError> {
        let verdict = self.frame.arrived::<Quality>(verdict_at).await?;
        let (Some(version), Some(sha256)) = (verdict.version(), verdict.sha256()) else {
            return Err(PublishError::VerdictOfOthers);
        };
        about.version = version.clone();
        about.sha256 = Some(sha256);
        about.predecessor = Some(verdict.link());
        self.frame.check_raw(&version)?;
        let archive = self.frame.ledger().await?.archive();
        let seal = archive.follow::<Seal>(&verdict.predecessor).await.map_err(FrameError::from)?;
        if seal.version() != version || seal.sha256() != Some(sha256) {
            return Err(PublishError::VerdictOfOthers);
        }
        Ok(Cleared { verdict, version, sha256 })
    }

    /// Whether a verdict lets its version through.
    async fn ruling<'d>(
        &self,
        cleared: &Cleared,
        loaded: &LoadedPolicy,
        dataset: Option<&'d Dataset>,
    ) -> Result<Ruling<'d>, PublishError> {
        let stated = cleared.verdict.statement().predicate();
        let Some(dataset) = dataset else {
            return Ok(Ruling::Withhold("no_dataset"));
        };
        match (stated.result, dataset.quality.on_fail) {
            (QualityResult::Stopped, _) => return Ok(Ruling::Withhold("no_dataset")),
            (QualityResult::Failed, OnFail::Quarantine) => return Ok(Ruling::Withhold("quality_failed")),
            (QualityResult::Failed | QualityResult::Passed, OnFail::DropRows) => {
                if let Some(reason) = dropping::withheld(stated) {
                    return Ok(Ruling::Withhold(reason));
                }
            }
            (QualityResult::Failed, OnFail::Publish) | (QualityResult::Passed, _) => {}
        }
        if self.is_superseded(&stated.policy, loaded, dataset).await? {
            return Ok(Ruling::Withhold("verdict_superseded"));
        }
        Ok(Ruling::Publish(dataset))
    }

    /// Whether the rules changed since the verdict. A change elsewhere in the policy leaves a verdict valid.
    async fn is_superseded(
        &self,
        judged_under: &PolicyRef,
        loaded: &LoadedPolicy,
        dataset: &Dataset,
    ) -> Result<bool, PublishError> {
        if judged_under.digest == loaded.policy.digest {
            return Ok(judged_under.dataset.as_deref() != Some(&dataset.name));
        }
        let version_id = judged_under.version_id.clone().and_then(|id| VersionId::new(id).ok());
        let Some(version_id) = version_id else {
            return Ok(true);
        };
        let earlier = match self.frame.policy.version(&version_id).await {
            Ok(earlier) => earlier,
            // The rules of then are gone, or this release reads them no more: nobody can say that they still hold.
            Err(
                PolicySourceError::Store(StoreError::NotFound { .. })
                | PolicySourceError::NotText
                | PolicySourceError::Refused(_),
            ) => return Ok(true),
            Err(error) => return Err(FrameError::from(error).into()),
        };
        let judged_as = judged_under.dataset.as_deref().and_then(|name| earlier.policy.dataset(name));
        let same = judged_as.is_some_and(|judged_as| judged_as.quality_digest() == dataset.quality_digest());
        Ok(earlier.policy.digest != judged_under.digest || !same)
    }

    async fn withhold(
        &self,
        cleared: &Cleared,
        policy: PolicyRef,
        dataset: Option<&Dataset>,
        reason: &'static str,
    ) -> Result<Recorded<Pseudonymize>, PublishError> {
        let sha256 = cleared.sha256;
        // Without a dataset there is no privacy section: the policy as a whole is what decided.
        let digest = dataset.map_or(policy.digest, |dataset| *dataset.privacy_digest());
        let predicate = Pseudonymize {
            outcome: Outcome::Withheld { reason: reason.to_owned() },
            inputs: vec![Input { uri: cleared.version.uri(), sha256 }],
            policy,
            config: ConfigRef { digest },
            engine: ENGINE.to_owned(),
            keys: Vec::new(),
            format_preserving: Vec::new(),
            stats: PseudonymizeStats::default(),
            dropped: None,
            text_detection: None,
            predecessor: cleared.verdict.link(),
        };
        Ok(self.frame.record(vec![ResourceDescriptor::object(&cleared.version, sha256)], predicate).await?)
    }

    async fn rewrite(
        &self,
        cleared: &Cleared,
        loaded: &LoadedPolicy,
        dataset: &Dataset,
        about: &mut About,
    ) -> Result<Settled, PublishError> {
        self.check_catalog(dataset)?;
        let key = match domain_of(&dataset.privacy)? {
            Some(domain) => Some(self.keyring.current(&domain).await?),
            None => None,
        };
        let subjects = self.subject_keys(&dataset.privacy, key.as_ref()).await?;
        let texts = self.texts(cleared, dataset).await?;
        let keys = PlanKeys {
            domain: key.as_deref(),
            subjects: subjects.as_ref(),
            texts: texts.as_ref().map(|texts| &texts.service),
        };
        let plan = Plan::new(&dataset.privacy, keys)?;
        let failing = dropping::failing_rows(dataset, cleared.verdict.statement().predicate());
        let mut predicate = Pseudonymize {
            outcome: Outcome::Published,
            inputs: vec![Input { uri: cleared.version.uri(), sha256: cleared.sha256 }],
            policy: loaded.reference(Some(dataset)),
            config: ConfigRef { digest: *dataset.privacy_digest() },
            engine: ENGINE.to_owned(),
            keys: keys_used(dataset, keys),
            format_preserving: plan.format_preserving().iter().map(format_preserving).collect(),
            stats: PseudonymizeStats::default(),
            dropped: failing.map(dropping::dropped),
            text_detection: None,
            predecessor: cleared.verdict.link(),
        };
        if let Some(published) = self.published_before(&predicate, about).await? {
            // Its table may not be registered yet, and only a rewrite tells its columns.
            if dataset.catalog.is_none() {
                return Ok(Settled { statement: Recorded::AlreadyThere(published), bytes_read: 0 });
            }
        }
        let left_out = match failing {
            Some(failing) => Some(self.row_numbers(cleared, failing).await?),
            None => None,
        };
        let read = stage_table::read_options(&dataset.format);
        let opened = self.open(&cleared.version).await?;
        let write = curated::write_options(dataset, &read, opened.compression);
        let arrived = opened.arrived;
        let numbers = failing.map(|failing| &failing.numbers_sha256);
        let path = curated::path(&self.curated_bucket, dataset, &cleared.version, arrived, keys, numbers, &write)?;
        let gauge = measure::gauge(dataset);
        let recipe = Recipe { read, plan, write: write.clone(), left_out, gauge, texts: texts.clone() };
        let gated = self.write_within_bounds(opened, cleared, &path, recipe, (dataset, keys), about).await?;
        predicate.stats = counts(&gated.stats, &gated.schema, failing.map_or(0, |failing| failing.rows));
        gated.state(&mut predicate.stats, dataset);
        predicate.text_detection.clone_from(&gated.text_detection);
        let subject = match &gated.published {
            Ok((at, sha256)) => ResourceDescriptor::object(at, *sha256),
            Err(reason) => {
                // Nothing was published: with no key, and of no row.
                predicate.outcome = Outcome::Withheld { reason: (*reason).to_owned() };
                (predicate.keys, predicate.dropped) = (Vec::new(), None);
                predicate.format_preserving = Vec::new();
                ResourceDescriptor::object(&cleared.version, cleared.sha256)
            }
        };
        if let Some(risk) = &gated.risk {
            self.keep_risk_page(cleared, dataset, &predicate, risk).await?;
        }
        let statement = self.frame.record(vec![subject], predicate).await?;
        if let Ok((at, _)) = &gated.published {
            self.keep_measured(dataset, at, gated.measured.as_ref()).await?;
            self.register(dataset, &write, &gated.schema).await?;
        }
        Ok(Settled { statement, bytes_read: gated.bytes_read })
    }

    /// The statement of an earlier attempt at this run, whose objects are still the current ones. An object that was
    /// erased since stays erased: an old event must not bring it back.
    async fn published_before(
        &self,
        run: &Pseudonymize,
        about: &mut About,
    ) -> Result<Option<Kept<Pseudonymize>>, PublishError> {
        let key = run.key().map_err(FrameError::from)?;
        let archive = self.frame.ledger().await?.archive();
        let Some(published) = archive.find::<Pseudonymize>(&key).await.map_err(FrameError::from)? else {
            return Ok(None);
        };
        for subject in published.statement().subject() {
            let Some(version) = subject.version() else { continue };
            let current = self.frame.ports().reader.current(&version.path()).await;
            let error = match current {
                Ok(at) if at == version => continue,
                Ok(_) => PublishError::CuratedConflict,
                Err(StoreError::NotFound { .. }) => PublishError::CuratedGone,
                Err(error) => return Err(PublishError::curated(error)),
            };
            about.evidence.push(FindingEvidence { uri: version.uri(), sha256: subject.digest.sha256 });
            return Err(error);
        }
        Ok(Some(published))
    }

    /// A table that could not be registered is known before anything is published.
    fn check_catalog(&self, dataset: &Dataset) -> Result<(), PublishError> {
        match &dataset.catalog {
            Some(catalog) if catalog.database != self.catalog_database => Err(PublishError::ForeignDatabase),
            Some(_) | None => Ok(()),
        }
    }

    /// Makes the table known. It comes last and is safe to repeat: a message is done when this is done, too.
    async fn register(
        &self,
        dataset: &Dataset,
        write: &sluice_tabular::WriteOptions,
        schema: &SchemaRef,
    ) -> Result<(), PublishError> {
        let Some(catalog) = &dataset.catalog else {
            return Ok(());
        };
        let table = table::describe(catalog, dataset, &self.curated_bucket, write, schema);
        Ok(self.catalog.register(&table).await?)
    }
}

/// What is to become of a version.
enum Ruling<'d> {
    Publish(&'d Dataset),
    Withhold(&'static str),
}

/// The domain key, once for each purpose it was used for.
fn keys_used(dataset: &Dataset, keys: PlanKeys<'_>) -> Vec<KeyUse> {
    /// In the order of statements that are there already; a later transform comes last.
    const PURPOSES: [&str; 8] = ["token", "encrypt", "fpe", "hash", "noise", "redact_text", "shift_date", "surrogate"];
    let Some(key) = keys.domain else {
        return Vec::new();
    };
    let is_used = |purpose: &&str| {
        dataset.privacy.columns.iter().any(|(_, one)| one.is_keyed() && transform::name(one) == *purpose)
    };
    let used = PURPOSES.into_iter().filter(is_used).map(|purpose| KeyUse {
        key_id: key.domain().as_str().to_owned(),
        version: key.epoch().number(),
        purpose: purpose.to_owned(),
    });
    // Which cohorts were destroyed when the run began decides what it writes, as the version of a key does.
    let cohorts = keys.subjects.map(|subjects| KeyUse {
        key_id: key.domain().as_str().to_owned(),
        version: subjects.shredded(),
        purpose: "cohorts".to_owned(),
    });
    used.chain(cohorts).collect()
}

fn format_preserving(column: &FormatPreserving) -> FormatPreservingColumn {
    FormatPreservingColumn {
        column: column.column.clone(),
        domain: column.domain.as_str().to_owned(),
        epoch: column.mark.epoch().number(),
        key_id: column.mark.key_id(),
        mark: column.mark.to_string(),
    }
}

fn counts(stats: &Stats, schema: &SchemaRef, dropped: u64) -> PseudonymizeStats {
    let mut transforms = BTreeMap::new();
    for column in &stats.columns {
        *transforms.entry(column.transform.to_owned()).or_insert(0u64) += 1;
    }
    PseudonymizeStats {
        rows_read: stats.rows,
        rows_written: stats.rows.saturating_sub(dropped),
        columns: schema.fields().len() as u64,
        transforms,
        values_destroyed: stats.values_destroyed,
        k: None,
        risk: None,
    }
}
