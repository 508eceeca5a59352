//! A masked table is there only when its classes keep the policy's bounds, as in the pseudonymize function.

use std::fmt;
use std::io::Write;

use sluice_common::policy::PrivacySpec;
use sluice_privacy::pseudonymize::{Plan, PlanKeys, Remedy, Risk};

use super::Masked;

/// A table that may not be published: what was written of it is removed.
#[derive(Debug)]
pub(super) struct HeldBack(pub(super) Box<Risk>);

/// A masked table that is there now.
pub(super) struct Written {
    pub(super) masked: Masked,
    pub(super) place: String,
    pub(super) remedy: Option<Remedy>,
}

impl fmt::Display for HeldBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let figures = &self.0.figures;
        let reason = self.0.violation.map_or("k_too_small", |bound| bound.reason());
        write!(
            f,
            "{reason}: k = {}, {} of {} rows in classes below the policy's min_k; generalize further, or write \
             `small_classes: suppress`",
            figures.k, figures.rows_below_min_k, figures.rows
        )
    }
}

impl std::error::Error for HeldBack {}

/// Writes a table, and once more when the policy says how to help classes that are too small.
pub(super) fn write_within_bounds(
    privacy: &PrivacySpec,
    key: PlanKeys<'_>,
    write: impl Fn(Plan) -> anyhow::Result<(Masked, String)>,
) -> anyhow::Result<Result<Written, HeldBack>> {
    let first = match held_back(write(Plan::new(privacy, key)?))? {
        Ok((masked, place)) => return Ok(Ok(Written { masked, place, remedy: None })),
        Err(held_back) => held_back,
    };
    let Some((plan, remedy)) = first.0.remedy(privacy, key)? else { return Ok(Err(first)) };
    let second = held_back(write(plan))?;
    Ok(second.map(|(masked, place)| Written { masked, place, remedy: Some(remedy) }))
}

/// Tells a table that is held back from everything else that can go wrong.
fn held_back<T>(result: anyhow::Result<T>) -> anyhow::Result<Result<T, HeldBack>> {
    match result {
        Ok(written) => Ok(Ok(written)),
        Err(error) => error.downcast::<HeldBack>().map(Err),
    }
}

pub(super) fn print(out: &mut impl Write, risk: &Risk, remedy: Option<Remedy>) -> std::io::Result<()> {
    writeln!(
        out,
        "\nk-anonymity {}: {} classes, {} unique rows",
        risk.figures.k, risk.figures.classes, risk.figures.unique_rows
    )?;
    match remedy {
        Some(Remedy::Suppressed) => writeln!(out, "{} rows of small classes were left out", risk.rows_suppressed),
        Some(Remedy::Generalized) => writeln!(out, "quasi-identifiers were made one step coarser"),
        None => Ok(()),
    }
}
