//! `ColumnExists`.

use sluice_dqdl::ast::Rule;

use super::{Lowered, Marks, column_name};
use crate::outcome::{Outcome, Refusal, Verdict};
use crate::plan::{Planner, find_column, missing};

pub(super) fn lower(rule: &Rule, planner: &mut Planner<'_>) -> Result<Lowered, Refusal> {
    let name = column_name(rule, 0)?;
    let message = find_column(planner.schema, &name).is_none().then(|| missing(planner.schema, &name, "the dataset"));
    let key = format!("Dataset.{name}.ColumnExists");
    Ok(Lowered::new(Marks::None, move |_| match &message {
        None => Verdict::new(Outcome::Passed, None).with_metric(&key, 1.0),
        Some(message) => Verdict::failed(message).with_metric(&key, 0.0),
    }))
}
