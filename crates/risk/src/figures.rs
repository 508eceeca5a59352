use serde::Serialize;

use crate::assessor::Options;

/// How easily people are found again.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    /// Rows.
    pub rows: u64,
    /// Classes of rows that agree in all quasi-identifiers.
    pub classes: u64,
    /// k: rows of the smallest class; 0 for a table without rows.
    pub k: u64,
    /// Rows that are alone in their class.
    pub unique_rows: u64,
    /// Rows in classes smaller than the `min_k` that was asked for.
    pub rows_below_min_k: u64,
    /// Classes by size.
    pub sizes: ClassSizes,
    /// Of each sensitive column, in the order asked for.
    pub diversity: Vec<Diversity>,
}

/// Classes by size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClassSizes {
    /// Of one row.
    pub one: u64,
    /// Of 2 to 4 rows.
    pub from_2_to_4: u64,
    /// Of 5 to 9 rows.
    pub from_5_to_9: u64,
    /// Of 10 to 19 rows.
    pub from_10_to_19: u64,
    /// Of 20 rows or more.
    pub from_20: u64,
}

/// How much a class tells of a sensitive value.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Diversity {
    /// The sensitive column.
    pub column: String,
    /// Distinct l: the fewest different values in a class.
    pub distinct_l: u64,
    /// Entropy l: e to the least entropy of a class's values.
    pub entropy_l: f64,
    /// t: the largest distance between a class's values and the table's, 0 to 1. Absent when the column has more different
    /// values than are counted: then nearly every row has its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closeness_t: Option<f64>,
}

/// A bound that is not kept; the first of k, l, t.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Violation {
    /// A class has fewer rows than `min_k`.
    K,
    /// A class has fewer different sensitive values than `min_l`.
    L,
    /// A class's sensitive values are farther from the table's than `max_t`, or nobody can say.
    T,
}

impl Violation {
    /// A stable name.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::K => "k_too_small",
            Self::L => "l_too_small",
            Self::T => "t_too_large",
        }
    }
}

impl Figures {
    /// The bound that is not kept. A table without rows keeps all.
    pub fn violation(&self, bounds: &Options) -> Option<Violation> {
        if self.rows == 0 {
            return None;
        }
        let is_diverse = |one: &Diversity| one.distinct_l >= bounds.min_l;
        let is_close = |one: &Diversity| bounds.max_t.is_none_or(|most| one.closeness_t.is_some_and(|t| t <= most));
        if self.k < bounds.min_k {
            Some(Violation::K)
        } else if !self.diversity.iter().all(is_diverse) {
            Some(Violation::L)
        } else if !self.diversity.iter().all(is_close) {
            Some(Violation::T)
        } else {
            None
        }
    }

    /// The share of rows that are alone in their class, 0 to 1.
    #[expect(clippy::cast_precision_loss, reason = "a share, for people to read")]
    pub fn uniqueness(&self) -> f64 {
        if self.rows == 0 { 0.0 } else { self.unique_rows as f64 / self.rows as f64 }
    }
}

impl ClassSizes {
    pub(crate) const fn count(&mut self, rows: u64) {
        let size = match rows {
            0 | 1 => &mut self.one,
            2..=4 => &mut self.from_2_to_4,
            5..=9 => &mut self.from_5_to_9,
            10..=19 => &mut self.from_10_to_19,
            20.. => &mut self.from_20,
        };
        *size = size.saturating_add(1);
    }
}
