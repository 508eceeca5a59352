//! What was measured, as bytes: to be kept beside a report, and merged with others into the verdict on a dataset.
//!
//! Packed as `SLQS`, version 1. The checksum tells damage, not tampering: that is for the signed statement over the object.

use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema, TimeUnit};
use serde::{Deserialize, Serialize};
use sluice_packed::{PackError, Packing, UnpackError};

use crate::cells::Kind;
use crate::metric::MetricState;

const VERSION: u8 = 1;
/// The largest state is 256 MiB, inflated.
const PACKING: Packing = Packing { magic: *b"SLQS", version: VERSION, most_bytes: 256 << 20 };
const MOST_COLUMNS: usize = 1 << 16;

/// What was measured so far, to be stored or merged with what was measured of other rows under the same ruleset.
#[derive(Debug, Deserialize)]
pub struct EvaluationState {
    pub(crate) plan: String,
    pub(crate) schema: Vec<StoredColumn>,
    pub(crate) rows: u64,
    pub(crate) selected_rows: Vec<u64>,
    pub(crate) metrics: Vec<MetricState>,
}

/// The same, borrowed to be written.
#[derive(Debug, Serialize)]
pub(crate) struct StateRef<'a> {
    pub(crate) plan: &'a str,
    pub(crate) schema: &'a [StoredColumn],
    pub(crate) rows: u64,
    pub(crate) selected_rows: &'a [u64],
    pub(crate) metrics: &'a [MetricState],
}

/// A column of the table: rules on columns are judged without data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredColumn {
    name: String,
    kind: Kind,
}

/// Why a state cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// Keys of counted values left memory.
    #[error("the counts of distinct values outgrew memory and cannot be stored; raise key_memory_bytes")]
    Spilled,
    /// These are no bytes of a state.
    #[error("the state cannot be read: {0}; evaluate the object again, as `sluice check --state` does")]
    Unreadable(UnpackError),
    /// It cannot be written.
    #[error("the state cannot be written: {problem}")]
    Write {
        /// What was said.
        problem: String,
    },
}

impl StoredColumn {
    pub(crate) fn of(schema: &Schema) -> Vec<Self> {
        let stored = |field: &Arc<Field>| Self { name: field.name().clone(), kind: Kind::of(field.data_type()) };
        schema.fields().iter().map(stored).collect()
    }

    /// The first column that is not in both, in whatever order.
    pub(crate) fn difference<'c>(left: &'c [Self], right: &'c [Self]) -> Option<&'c str> {
        let sorted = |columns: &'c [Self]| {
            let mut columns: Vec<(&str, Kind)> = columns.iter().map(|column| (&*column.name, column.kind)).collect();
            columns.sort_unstable();
            columns
        };
        let (left, right) = (sorted(left), sorted(right));
        let lone = |one: &[(&'c str, Kind)], other: &[(&'c str, Kind)]| {
            one.iter().find(|column| other.binary_search(column).is_err()).map(|(name, _)| *name)
        };
        lone(&left, &right).or_else(|| lone(&right, &left))
    }
}

impl EvaluationState {
    /// Rows that were taken in.
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// The columns of the table, each with a type of its family.
    pub fn schema(&self) -> Schema {
        let field = |column: &StoredColumn| Field::new(&column.name, data_type(column.kind), true);
        Schema::new(self.schema.iter().map(field).collect::<Vec<_>>())
    }

    /// Writes the state.
    ///
    /// # Errors
    /// The keys of counted values went beyond the memory for them.
    pub fn to_bytes(&self) -> Result<Vec<u8>, StateError> {
        encode(&StateRef {
            plan: &self.plan,
            schema: &self.schema,
            rows: self.rows,
            selected_rows: &self.selected_rows,
            metrics: &self.metrics,
        })
    }

    /// Reads a state.
    ///
    /// # Errors
    /// The bytes are no state, of another version, damaged, or larger than 256 MiB inflated.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StateError> {
        Self::checked(PACKING.unpack(bytes))
    }

    fn checked(read: Result<Self, UnpackError>) -> Result<Self, StateError> {
        let state = read.map_err(StateError::Unreadable)?;
        if state.schema.len() > MOST_COLUMNS {
            return Err(StateError::Unreadable(UnpackError::Damaged { problem: "it holds more than a state" }));
        }
        Ok(state)
    }
}

pub(crate) fn encode(state: &StateRef<'_>) -> Result<Vec<u8>, StateError> {
    if state.metrics.iter().any(MetricState::is_too_large_to_store) {
        return Err(StateError::Spilled);
    }
    PACKING.pack(state).map_err(|error| match error {
        PackError::TooLarge { .. } => StateError::Spilled,
        other => StateError::Write { problem: other.to_string() },
    })
}

const fn data_type(kind: Kind) -> DataType {
    match kind {
        Kind::Text => DataType::Utf8View,
        Kind::Integer => DataType::Int64,
        Kind::Float => DataType::Float64,
        Kind::Decimal => DataType::Decimal128(38, 18),
        Kind::Boolean => DataType::Boolean,
        Kind::Date => DataType::Date32,
        Kind::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
        Kind::Opaque => DataType::BinaryView,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Evaluation, EvaluationOptions, NoHistory};
    use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringViewArray};
    use proptest::prelude::*;
    use sluice_packed::HEADER_BYTES;

    const RULES: &str = r#"Rules = [ IsUnique "id", Mean "id" > 0, ColumnLength "name" > 0, InterquartileRange "id" >= 0,
        IsComplete "name" where "id > 1", ColumnCorrelation "id" "id" > 0, Kurtosis "id" > 0 ]"#;

    fn evaluation(rows: std::ops::Range<i64>) -> Evaluation {
        let id: ArrayRef = Arc::new(Int64Array::from_iter_values(rows.clone()));
        let name: ArrayRef = Arc::new(StringViewArray::from_iter_values(rows.map(|row| format!("name {row}"))));
        let batch = RecordBatch::try_from_iter([("id", id), ("name", name)]).unwrap();
        let ruleset = sluice_dqdl::parse(RULES).unwrap();
        let mut evaluation = Evaluation::new(&ruleset, &batch.schema(), &EvaluationOptions::at(0), &NoHistory);
        evaluation.update(&batch, 0).unwrap();
        evaluation
    }

    #[test]
    fn states_are_read_back_and_others_are_refused() {
        let bytes = evaluation(0..50).state_bytes().unwrap();
        let read = EvaluationState::from_bytes(&bytes).unwrap();
        assert_eq!((read.rows(), read.schema().fields().len()), (50, 2));
        assert_eq!(read.to_bytes().unwrap(), bytes);
        assert!(matches!(EvaluationState::from_bytes(b"parquet"), Err(StateError::Unreadable(UnpackError::Magic))));
        let mut changed = bytes.clone();
        changed[4] = 9;
        assert!(matches!(
            EvaluationState::from_bytes(&changed),
            Err(StateError::Unreadable(UnpackError::Version { found: 9 }))
        ));
        changed[4] = VERSION;
        *changed.last_mut().unwrap() ^= 1;
        assert!(matches!(
            EvaluationState::from_bytes(&changed),
            Err(StateError::Unreadable(UnpackError::Damaged { .. }))
        ));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(120))]

        #[test]
        fn hostile_states_neither_panic_nor_grow(at in 0usize..1200, with: Vec<u8>, cut in 0usize..40) {
            let bytes = evaluation(0..30).state_bytes().unwrap();
            let mut plain = zstd::bulk::decompress(&bytes[HEADER_BYTES..], 1 << 20).unwrap();
            let start = at.min(plain.len());
            let end = (start + cut).min(plain.len());
            plain.splice(start..end, with);
            let frame = zstd::bulk::compress(&plain, 1).unwrap();
            if let Ok(state) = EvaluationState::checked(PACKING.unpack_frame(&frame)) {
                let mut judged = evaluation(0..3);
                if judged.merge(state).is_ok() {
                    drop(judged.finish());
                }
            }
        }
    }
}
