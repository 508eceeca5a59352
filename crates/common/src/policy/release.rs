//! The `release` section: what may be published about a dataset under differential privacy.
//!
//! Bounds, categories and the budget are declared here, by people, before anyone looks at the data: a bound that is taken
//! from the data tells of the person who has it.

use serde::Serialize;

use super::reader::{Fields, Reader, join, kind};
use super::yaml::{Node, Yaml};
use crate::privacy_loss::{Delta, Epsilon, PrivacyLoss};

pub(super) const RELEASE_FIELDS: &[&str] = &["budget", "person", "max_rows_per_person", "columns"];
pub(super) const BUDGET_FIELDS: &[&str] = &["epsilon", "delta"];
pub(super) const RELEASE_COLUMN_FIELDS: &[&str] = &["min", "max", "step", "values"];

const MAX_COLUMNS: usize = 256;
const MAX_COLUMN_NAME_BYTES: usize = 1_024;
const MAX_VALUES: usize = 1_000;
const MAX_VALUE_BYTES: usize = 256;
pub(super) const MAX_ROWS_PER_PERSON: u32 = 10_000;
/// Sums are integers of steps. Beyond this many steps between the bounds nobody reads the noise's last digits.
const MAX_STEPS: f64 = 4_294_967_296.0;

/// What may be published about a dataset under differential privacy.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReleaseSpec {
    /// All that may ever be spent on the dataset.
    pub budget: PrivacyLoss,
    /// The column that names a person. Without it one row is one person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// Rows that one person contributes at most; further rows of the person are left out. 1 without a `person`.
    pub max_rows_per_person: u32,
    /// The columns that may be asked about, in the order of the file.
    pub columns: Vec<(String, ReleaseColumn)>,
}

/// What is known about a column without looking at the data.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum ReleaseColumn {
    /// A number: values are drawn into the bounds and rounded to whole steps.
    Number(NumberBounds),
    /// A category: any other value counts as "other".
    Category {
        /// The categories, each once.
        values: Vec<String>,
    },
}

/// Bounds of a number. `min` < `max`, `step` > 0, at most 2³² steps between them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct NumberBounds {
    /// The least value that counts as it is.
    pub min: f64,
    /// The greatest value that counts as it is.
    pub max: f64,
    /// The resolution. Default 1.
    pub step: f64,
}

impl ReleaseSpec {
    /// What is known about a column.
    pub fn column(&self, name: &str) -> Option<&ReleaseColumn> {
        self.columns.iter().find(|(known, _)| known == name).map(|(_, column)| column)
    }
}

impl Reader {
    pub(super) fn release(&mut self, node: &Node, path: &str) -> Option<ReleaseSpec> {
        let fields = self.fields(node, path, RELEASE_FIELDS, &[])?;
        let budget = self.required(&fields, "budget");
        let budget = budget.and_then(|node| self.budget(node, &fields.path_of("budget")));
        let person = self.optional(&fields, "person", None, |reader, node, path| {
            let rule = "a column's name: expected 1 to 1,024 bytes";
            let is_name = |text: &str| (1..=MAX_COLUMN_NAME_BYTES).contains(&text.len());
            reader.text_where(node, path, rule, is_name).map(|text| Some(text.to_owned()))
        });
        let rows = self.optional(&fields, "max_rows_per_person", 1, |reader, node, path| {
            reader.integer(node, path, 1..=MAX_ROWS_PER_PERSON)
        });
        let columns = self.required(&fields, "columns");
        let columns = columns.and_then(|node| self.release_columns(node, &fields.path_of("columns")));
        let (person, max_rows_per_person) = (person?, rows?);
        if let (None, Some(node)) = (&person, fields.get("max_rows_per_person")) {
            let message = "needs `person`, the column that names one; without it one row is one person";
            self.report(&fields.path_of("max_rows_per_person"), node.at, message);
            return None;
        }
        Some(ReleaseSpec { budget: budget?, person, max_rows_per_person, columns: columns? })
    }

    fn budget(&mut self, node: &Node, path: &str) -> Option<PrivacyLoss> {
        let fields = self.fields(node, path, BUDGET_FIELDS, &[])?;
        let epsilon = self.required(&fields, "epsilon").and_then(|node| {
            let path = fields.path_of("epsilon");
            let epsilon = self.decimal::<Epsilon>(node, &path)?;
            self.check(node, &path, !epsilon.is_zero(), "expected more than 0").then_some(epsilon)
        });
        let delta = self.optional(&fields, "delta", Delta::default(), |reader, node, path| {
            let delta = reader.decimal::<Delta>(node, path)?;
            reader.check(node, path, delta.is_below_one(), "expected less than 1").then_some(delta)
        });
        Some(PrivacyLoss { epsilon: epsilon?, delta: delta? })
    }

    fn release_columns(&mut self, node: &Node, path: &str) -> Option<Vec<(String, ReleaseColumn)>> {
        let Yaml::Mapping(entries) = &node.yaml else {
            self.report(path, node.at, format!("expected columns and their bounds, found {}", kind(node)));
            return None;
        };
        if entries.len() > MAX_COLUMNS {
            self.report(path, node.at, format!("{} columns are named; at most {MAX_COLUMNS} are read", entries.len()));
            return None;
        }
        let columns: Vec<_> = entries
            .iter()
            .map(|entry| {
                let column = self.release_column(&entry.value, &join(path, &entry.key));
                column.map(|column| (entry.key.clone(), column))
            })
            .collect();
        columns.into_iter().collect()
    }

    fn release_column(&mut self, node: &Node, path: &str) -> Option<ReleaseColumn> {
        let fields = self.fields(node, path, RELEASE_COLUMN_FIELDS, &[])?;
        match fields.get("values") {
            None => self.number_bounds(&fields, node).map(ReleaseColumn::Number),
            Some(values) => {
                let is_alone = ["min", "max", "step"].iter().all(|field| fields.get(field).is_none());
                let message = "a column has either `values` or `min` and `max`";
                self.check(node, path, is_alone, message).then_some(())?;
                self.categories(values, &fields.path_of("values")).map(|values| ReleaseColumn::Category { values })
            }
        }
    }

    fn number_bounds(&mut self, fields: &Fields<'_>, node: &Node) -> Option<NumberBounds> {
        let min = self.required(fields, "min").and_then(|node| self.finite(node, &fields.path_of("min")));
        let max = self.required(fields, "max").and_then(|node| self.finite(node, &fields.path_of("max")));
        let step = self.optional(fields, "step", 1.0, Self::finite);
        let bounds = NumberBounds { min: min?, max: max?, step: step? };
        let is_sound = bounds.min < bounds.max
            && bounds.step > 0.0
            && (bounds.max - bounds.min) / bounds.step <= MAX_STEPS
            && bounds.max.abs().max(bounds.min.abs()) / bounds.step <= MAX_STEPS;
        let message = "expected min < max, step > 0, and at most 4,294,967,296 steps from 0 and between them";
        self.check(node, &fields.path, is_sound, message).then_some(bounds)
    }

    fn categories(&mut self, node: &Node, path: &str) -> Option<Vec<String>> {
        let Yaml::Sequence(nodes) = &node.yaml else {
            self.report(path, node.at, format!("expected a list, found {}", kind(node)));
            return None;
        };
        let mut values: Vec<String> = Vec::with_capacity(nodes.len().min(MAX_VALUES));
        let is_sized = (1..=MAX_VALUES).contains(&nodes.len());
        self.check(node, path, is_sized, "expected 1 to 1,000 values").then_some(())?;
        for (index, node) in nodes.iter().enumerate() {
            let path = format!("{path}[{index}]");
            let rule = "a value: expected at most 256 bytes";
            let value = self.text_where(node, &path, rule, |text| text.len() <= MAX_VALUE_BYTES)?;
            let is_new = values.iter().all(|known| known != value);
            self.check(node, &path, is_new, "stands twice").then_some(())?;
            values.push(value.to_owned());
        }
        Some(values)
    }

    fn check(&mut self, node: &Node, path: &str, holds: bool, message: &str) -> bool {
        if !holds {
            self.report(path, node.at, message);
        }
        holds
    }

    fn decimal<T: std::str::FromStr<Err: std::fmt::Display>>(&mut self, node: &Node, path: &str) -> Option<T> {
        let Yaml::Scalar { text, .. } = &node.yaml else {
            self.report(path, node.at, format!("expected a number, found {}", kind(node)));
            return None;
        };
        text.parse().map_err(|error: T::Err| self.report(path, node.at, error.to_string())).ok()
    }

    fn finite(&mut self, node: &Node, path: &str) -> Option<f64> {
        let number = match &node.yaml {
            Yaml::Scalar { text, plain: true } if kind(node) == "a number" => text.parse::<f64>().ok(),
            _ => None,
        };
        let finite = number.filter(|number| number.is_finite());
        if finite.is_none() {
            self.report(path, node.at, format!("expected a finite number, found {}", kind(node)));
        }
        finite
    }
}
