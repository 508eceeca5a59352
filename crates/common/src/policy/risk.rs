//! The part of the `privacy` section that says how easily people may be found again in what is published.

use serde::Serialize;

use super::model::{PrivacySpec, Undeclared};
use super::reader::{Fields, Reader, kind};
use super::transform::{DatePart, Generalize, Number, Transform};
use super::transforms::MAX_COLUMN_NAME_BYTES;
use super::yaml::{Node, Yaml};

pub(super) const RISK_FIELDS: [&str; 6] =
    ["quasi_identifiers", "sensitive", "min_k", "min_l", "max_t", "small_classes"];
pub(super) const SMALL_CLASSES: &[(&str, SmallClasses)] = &[
    ("withhold", SmallClasses::Withhold),
    ("suppress", SmallClasses::Suppress),
    ("generalize", SmallClasses::Generalize),
];

/// More columns than this make every row unique anyway.
const MAX_COLUMNS: usize = 64;
const MAX_SENSITIVE: usize = 8;
const MAX_K: u32 = 1_000_000;

/// How easily people may be found again in what is published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RiskSpec {
    /// Published columns that others may know of a person. Rows that agree in all of them are a class.
    pub quasi_identifiers: Vec<String>,
    /// Published columns that nobody may learn of a person.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sensitive: Vec<String>,
    /// The least rows of a class (k-anonymity). Without it k is stated and nothing is held back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_k: Option<u32>,
    /// The least different values of each sensitive column in a class (distinct l-diversity).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_l: Option<u32>,
    /// The greatest distance between a class's values of a sensitive column and the table's (t-closeness); 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_t: Option<Number>,
    /// What becomes of a table with classes that are too small. Default `withhold`.
    pub small_classes: SmallClasses,
}

/// What becomes of a table with classes that do not satisfy the bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SmallClasses {
    /// Nothing is published.
    #[default]
    Withhold,
    /// The rows of these classes are left out, and counted in the statement.
    Suppress,
    /// Each `generalize` of a quasi-identifier is made coarser by one step, for the whole table.
    Generalize,
}

impl RiskSpec {
    /// Whether anything is held back.
    pub fn is_gate(&self) -> bool {
        self.min_k.is_some() || self.min_l.is_some() || self.max_t.is_some()
    }
}

impl PrivacySpec {
    /// The section with each quasi-identifier's `generalize` one step coarser. `None` when none can be.
    pub fn coarser(&self) -> Option<Self> {
        let risk = self.risk.as_ref()?;
        let mut spec = self.clone();
        let mut is_coarser = false;
        for (column, transform) in spec.columns.iter_mut() {
            if let Transform::Generalize(generalize) = transform
                && risk.quasi_identifiers.iter().any(|one| one == column)
                && let Some(next) = generalize.coarser()
            {
                *generalize = next;
                is_coarser = true;
            }
        }
        is_coarser.then_some(spec)
    }
}

impl Generalize {
    /// One step up the hierarchy, each of whose values is a union of values of this one: buckets of twice the width, the
    /// next longer period, one decimal fewer. `None` at the top. Weeks have no step, since no longer period is a whole
    /// number of them.
    pub fn coarser(&self) -> Option<Self> {
        Some(match self {
            Self::Number { width, min, max, unfit } => {
                Self::Number { width: width.doubled()?, min: *min, max: *max, unfit: *unfit }
            }
            Self::Date { part, order, unfit } => {
                let part = match part {
                    DatePart::Hour => DatePart::Day,
                    DatePart::Day => DatePart::Month,
                    DatePart::Month => DatePart::Quarter,
                    DatePart::Quarter => DatePart::Year,
                    DatePart::Week | DatePart::Year => return None,
                };
                Self::Date { part, order: *order, unfit: *unfit }
            }
            Self::Coordinate { decimals, unfit } => {
                Self::Coordinate { decimals: decimals.checked_sub(1)?, unfit: *unfit }
            }
            Self::Zip3 { .. } => return None,
        })
    }
}

impl Reader {
    /// Whether the section says nothing about risk, which without quasi-identifiers it must not.
    pub(super) fn says_nothing_of_risk(&mut self, fields: &Fields<'_>) -> bool {
        let stray = RISK_FIELDS.iter().find_map(|field| Some((field, fields.get(field)?)));
        let Some((field, node)) = stray else { return true };
        let message = "needs `quasi_identifiers`, the columns that others may know of a person";
        self.report(&fields.path_of(field), node.at, message);
        false
    }

    pub(super) fn risk(&mut self, quasi: &Node, fields: &Fields<'_>) -> Option<RiskSpec> {
        let quasi_identifiers = self.column_names(quasi, &fields.path_of("quasi_identifiers"), MAX_COLUMNS);
        let sensitive = self.optional(fields, "sensitive", Vec::new(), |reader, node, path| {
            reader.column_names(node, path, MAX_SENSITIVE)
        });
        let least = |reader: &mut Self, field| {
            reader.optional(fields, field, None, |reader, node, path| reader.integer(node, path, 2..=MAX_K).map(Some))
        };
        let (min_k, min_l) = (least(self, "min_k"), least(self, "min_l"));
        let max_t = self.optional(fields, "max_t", None, |reader, node, path| reader.distance(node, path).map(Some));
        let small_classes = self.optional(fields, "small_classes", SmallClasses::Withhold, |reader, node, path| {
            reader.one_of(node, path, "action", SMALL_CLASSES, &[])
        });
        let spec = RiskSpec {
            quasi_identifiers: quasi_identifiers?,
            sensitive: sensitive?,
            min_k: min_k?,
            min_l: min_l?,
            max_t: max_t?,
            small_classes: small_classes?,
        };
        self.check_risk(&spec, fields).then_some(spec)
    }

    fn check_risk(&mut self, spec: &RiskSpec, fields: &Fields<'_>) -> bool {
        let mut is_sound = true;
        for field in ["min_l", "max_t"] {
            if let Some(node) = fields.get(field).filter(|_| spec.sensitive.is_empty()) {
                self.report(&fields.path_of(field), node.at, "needs `sensitive`, the columns that nobody may learn");
                is_sound = false;
            }
        }
        if let Some(node) = fields.get("small_classes").filter(|_| !spec.is_gate()) {
            self.report(
                &fields.path_of("small_classes"),
                node.at,
                "needs `min_k`, `min_l` or `max_t`: without one no class is too small",
            );
            is_sound = false;
        }
        let both = spec.sensitive.iter().position(|one| spec.quasi_identifiers.contains(one));
        if let (Some(index), Some(node)) = (both, fields.get("sensitive")) {
            let path = format!("{}[{index}]", fields.path_of("sensitive"));
            self.report(
                &path,
                node.at,
                "is a quasi-identifier too: what others know cannot be what they must not learn",
            );
            is_sound = false;
        }
        is_sound
    }

    /// What the section as a whole says of the columns that risk is told by: each must be published.
    pub(super) fn check_risk_columns(&mut self, spec: &PrivacySpec, fields: &Fields<'_>) -> bool {
        let Some(risk) = &spec.risk else { return true };
        let mut is_sound = true;
        for (field, columns) in [("quasi_identifiers", &risk.quasi_identifiers), ("sensitive", &risk.sensitive)] {
            let Some(node) = fields.get(field) else { continue };
            for (index, column) in columns.iter().enumerate() {
                let message = match spec.columns.get(column) {
                    Some(Transform::Drop) => {
                        "is dropped: nobody is found by a column that is not published; leave it out"
                    }
                    None if spec.undeclared != Undeclared::Keep => {
                        "is not in `columns`, so it is not published; declare a transform for it, or correct the name"
                    }
                    Some(_) | None => continue,
                };
                self.report(&format!("{}[{index}]", fields.path_of(field)), item_at(node, index).at, message);
                is_sound = false;
            }
        }
        if risk.small_classes == SmallClasses::Generalize
            && is_sound
            && spec.coarser().is_none()
            && let Some(node) = fields.get("small_classes")
        {
            let message = "no quasi-identifier has a `generalize` that can be made coarser (number, date, coordinate); \
                           give one such a transform, or write suppress";
            self.report(&fields.path_of("small_classes"), node.at, message);
            is_sound = false;
        }
        is_sound
    }

    fn column_names(&mut self, node: &Node, path: &str, most: usize) -> Option<Vec<String>> {
        let Yaml::Sequence(nodes) = &node.yaml else {
            self.report(path, node.at, format!("expected a list of columns, found {}", kind(node)));
            return None;
        };
        if nodes.is_empty() || nodes.len() > most {
            self.report(path, node.at, format!("expected 1 to {most} columns, found {}", nodes.len()));
            return None;
        }
        let mut names: Vec<String> = Vec::with_capacity(nodes.len());
        for (index, node) in nodes.iter().enumerate() {
            let path = format!("{path}[{index}]");
            let rule = format!("a column's name: expected 1 to {MAX_COLUMN_NAME_BYTES} bytes");
            let is_name = |text: &str| (1..=MAX_COLUMN_NAME_BYTES).contains(&text.len());
            let name = self.text_where(node, &path, &rule, is_name)?;
            if names.iter().any(|known| known == name) {
                self.report(&path, node.at, "stands twice");
                return None;
            }
            names.push(name.to_owned());
        }
        Some(names)
    }

    fn distance(&mut self, node: &Node, path: &str) -> Option<Number> {
        let number = match &node.yaml {
            Yaml::Scalar { text, plain: true } => Number::parse(text),
            _ => None,
        };
        let within = number.filter(|number| (0.0..=1.0).contains(&number.to_f64()));
        if within.is_none() {
            self.report(path, node.at, "expected a number from 0 to 1");
        }
        within
    }
}

fn item_at(node: &Node, index: usize) -> &Node {
    match &node.yaml {
        Yaml::Sequence(nodes) => nodes.get(index).unwrap_or(node),
        _ => node,
    }
}
