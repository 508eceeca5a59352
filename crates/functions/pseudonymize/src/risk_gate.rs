//! A table is published only when its classes keep the policy's bounds. When they do not, it is written once more as the
//! policy wants, or nothing is published.

use arrow_schema::SchemaRef;
use sluice_catalog::TableState;
use sluice_common::policy::Dataset;
use sluice_common::{ObjectPath, ObjectVersion, Sha256Digest};
use sluice_evidence::predicate::{DiversityFigures, PseudonymizeStats, RiskFigures, RiskRemedy, TextDetection};
use sluice_privacy::pseudonymize::{PlanKeys, Remedy, Risk, Stats};
use sluice_stage::About;

use crate::PseudonymizeFunction;
use crate::error::PublishError;
use crate::publish::Cleared;
use crate::rewrite::{Opened, Recipe, Rewritten, Written};

/// What became of a table.
pub(crate) struct Gated {
    /// The object that is there now, or the bound that it does not keep.
    pub(crate) published: Result<(ObjectVersion, Sha256Digest), &'static str>,
    pub(crate) bytes_read: u64,
    pub(crate) stats: Stats,
    pub(crate) schema: SchemaRef,
    pub(crate) measured: Option<TableState>,
    pub(crate) text_detection: Option<TextDetection>,
    pub(crate) risk: Option<Risk>,
    remedy: Option<(Remedy, u64)>,
}

impl PseudonymizeFunction {
    /// Writes a table, and once more when the policy says how to help classes that are too small.
    pub(crate) async fn write_within_bounds(
        &self,
        opened: Opened,
        cleared: &Cleared,
        path: &ObjectPath,
        recipe: Recipe,
        (dataset, keys): (&Dataset, PlanKeys<'_>),
        about: &mut About,
    ) -> Result<Gated, PublishError> {
        let (read, write, left_out) = (recipe.read.clone(), recipe.write.clone(), recipe.left_out.clone());
        let (gauge, texts) = (recipe.gauge.clone(), recipe.texts.clone());
        let first = self.stream(opened, cleared.sha256, path, recipe, about).await?;
        let (None, Some(risk)) = (&first.at, &first.written.risk) else {
            return Ok(Gated::new(first, "k_too_small", None));
        };
        let (reason, k_before) = (risk.violation.map_or("k_too_small", |bound| bound.reason()), risk.figures.k);
        let Some((plan, remedy)) = risk.remedy(&dataset.privacy, keys)? else {
            return Ok(Gated::new(first, reason, None));
        };
        let opened = self.open(&cleared.version).await?;
        let second = Recipe { read, plan, write, left_out, gauge, texts };
        let second = self.stream(opened, cleared.sha256, path, second, about).await?;
        let still = second.written.risk.as_ref().and_then(|risk| risk.violation);
        Ok(Gated::new(second, still.map_or(reason, |bound| bound.reason()), Some((remedy, k_before))))
    }
}

impl Gated {
    fn new(rewritten: Rewritten, otherwise: &'static str, remedy: Option<(Remedy, u64)>) -> Self {
        let Rewritten { at, bytes_read, written, text_detection } = rewritten;
        let Written { output, stats, schema, risk, measured } = written;
        let published = at.map(|at| (at, output.sha256)).ok_or(otherwise);
        Self { published, bytes_read, stats, schema, measured, text_detection, risk, remedy }
    }

    /// Adds the figures to what is stated of a run.
    pub(crate) fn state(&self, stats: &mut PseudonymizeStats, dataset: &Dataset) {
        if let Some(risk) = &self.risk {
            stats.k = Some(risk.figures.k);
            stats.rows_written = stats.rows_written.saturating_sub(risk.rows_suppressed);
            let min_k = dataset.privacy.risk.as_ref().and_then(|risk| risk.min_k).map(u64::from);
            stats.risk = Some(figures(risk, min_k, self.remedy));
        }
        if self.published.is_err() {
            stats.rows_written = 0;
        }
    }
}

fn figures(risk: &Risk, min_k: Option<u64>, remedy: Option<(Remedy, u64)>) -> RiskFigures {
    let decimal = |figure: f64| format!("{figure:.3}");
    let diversity = risk.figures.diversity.iter().map(|one| DiversityFigures {
        column: one.column.clone(),
        distinct_l: one.distinct_l,
        entropy_l: decimal(one.entropy_l),
        closeness_t: one.closeness_t.map(decimal),
    });
    RiskFigures {
        classes: risk.figures.classes,
        unique_rows: risk.figures.unique_rows,
        min_k,
        rows_below_min_k: risk.figures.rows_below_min_k,
        diversity: diversity.collect(),
        remedy: remedy.map(|(remedy, k_before)| RiskRemedy {
            action: remedy.as_str().to_owned(),
            k_before,
            rows_suppressed: risk.rows_suppressed,
        }),
    }
}
