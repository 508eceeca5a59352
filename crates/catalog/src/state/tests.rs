use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int32Array, RecordBatch, StringArray,
    TimestampMillisecondArray,
};
use proptest::prelude::*;
use sluice_common::port::{Extent, StatisticsData};
use sluice_packed::HEADER_BYTES;

use super::*;
use crate::Gauge;

/// A row of every kind of column; `None`: all of its cells are NULL.
type Row = Option<(i32, f64, i64, String, bool)>;

fn batch(rows: &[Row]) -> RecordBatch {
    let ints: Int32Array = rows.iter().map(|row| row.as_ref().map(|row| row.0)).collect();
    let doubles: Float64Array = rows.iter().map(|row| row.as_ref().map(|row| row.1)).collect();
    let times: TimestampMillisecondArray = rows.iter().map(|row| row.as_ref().map(|row| row.2)).collect();
    let texts: StringArray = rows.iter().map(|row| row.as_ref().map(|row| row.3.as_str())).collect();
    let flags: BooleanArray = rows.iter().map(|row| row.as_ref().map(|row| row.4)).collect();
    let days: Date32Array = rows.iter().map(|row| row.as_ref().map(|row| row.0)).collect();
    let prices: Decimal128Array = rows.iter().map(|row| row.as_ref().map(|row| i128::from(row.2))).collect();
    let prices = prices.with_precision_and_scale(20, 2).unwrap();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("N", Arc::new(ints)),
        ("d", Arc::new(doubles)),
        ("at", Arc::new(times)),
        ("text", Arc::new(texts)),
        ("flag", Arc::new(flags)),
        ("day", Arc::new(days)),
        ("price", Arc::new(prices)),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
}

fn state_of(rows: &[Row], ranges_are_told: bool) -> TableState {
    let batch = batch(rows);
    let mut gauge = Gauge::new(ranges_are_told);
    gauge.add(&batch);
    gauge.finish(&batch.schema())
}

#[expect(clippy::unnecessary_wraps, reason = "a row among others that are NULL")]
fn row(n: i32) -> Row {
    Some((n, f64::from(n) / 2.0, i64::from(n) * 1_500, format!("zä{n}"), n % 2 == 0))
}

fn data(state: &TableState, column: &str) -> StatisticsData {
    state.statistics().into_iter().find(|one| one.column.name == column).unwrap().data
}

fn merged(parts: &[&TableState]) -> TableState {
    let mut whole = TableState::default();
    for part in parts {
        whole.merge(part);
    }
    whole
}

#[test]
fn every_kind_of_column_is_told_in_its_own_shape() {
    let state = state_of(&[row(-3), None, row(4), row(4)], true);
    assert_eq!(state.rows(), 4);
    assert_eq!(data(&state, "n"), StatisticsData::Long(Extent { range: Some((-3, 4)), nulls: 1, distinct: 2 }));
    assert_eq!(data(&state, "d"), StatisticsData::Double(Extent { range: Some((-1.5, 2.0)), nulls: 1, distinct: 2 }));
    // −4.5 s lies in the second that begins at −5.
    assert_eq!(data(&state, "at"), StatisticsData::Long(Extent { range: Some((-5, 6)), nulls: 1, distinct: 2 }));
    let text = StatisticsData::Text { max_length: 4, average_length: 10.0 / 3.0, nulls: 1, distinct: 2 };
    assert_eq!(data(&state, "text"), text);
    assert_eq!(data(&state, "flag"), StatisticsData::Boolean { trues: 2, falses: 1, nulls: 1 });
    assert_eq!(data(&state, "day"), StatisticsData::Date(Extent { range: Some((-3, 4)), nulls: 1, distinct: 2 }));
    let extent = Extent { range: Some((-4_500, 6_000)), nulls: 1, distinct: 2 };
    assert_eq!(data(&state, "price"), StatisticsData::Decimal { scale: 2, extent });
    let types: Vec<String> = state.statistics().into_iter().map(|one| one.column.hive_type).collect();
    assert_eq!(types, ["timestamp", "double", "date", "boolean", "int", "decimal(20,2)", "string"]);
}

#[test]
fn what_must_not_be_told_is_not_kept() {
    let bytes = |rows: &[Row]| state_of(rows, false);
    let state = bytes(&[row(1), row(7)]);
    assert_eq!(data(&state, "n"), StatisticsData::Long(Extent { range: None, nulls: 0, distinct: 2 }));
    // Together with a part that tells, nothing is told: the greatest of a part is not that of the table.
    let mixed = merged(&[&state_of(&[row(9)], true), &state]);
    assert_eq!(data(&mixed, "n"), StatisticsData::Long(Extent { range: None, nulls: 0, distinct: 3 }));
}

#[test]
fn columns_that_come_up_later_are_null_before_and_other_types_are_untold() {
    let one = |name: &str, array: ArrayRef| {
        let batch = RecordBatch::try_from_iter([(name, array)]).unwrap();
        let mut gauge = Gauge::new(true);
        gauge.add(&batch);
        gauge.finish(&batch.schema())
    };
    let ints = one("a", Arc::new(Int32Array::from(vec![1, 2, 3])));
    let texts = one("b", Arc::new(StringArray::from(vec!["x", "y"])));
    for whole in [merged(&[&ints, &texts]), merged(&[&texts, &ints])] {
        assert_eq!(data(&whole, "a"), StatisticsData::Long(Extent { range: Some((1, 3)), nulls: 2, distinct: 3 }));
        assert!(matches!(data(&whole, "b"), StatisticsData::Text { nulls: 3, .. }));
    }
    let other = one("A", Arc::new(StringArray::from(vec!["1"])));
    for whole in [merged(&[&ints, &other, &texts]), merged(&[&other, &texts, &ints])] {
        let told: Vec<String> = whole.statistics().into_iter().map(|one| one.column.name).collect();
        assert_eq!((told, whole.rows()), (vec!["b".to_owned()], 6));
    }
}

#[test]
fn names_that_differ_in_case_only_are_untold_and_a_table_without_rows_has_its_columns() {
    let column = || Arc::new(Int32Array::from(Vec::<i32>::new())) as ArrayRef;
    let batch = RecordBatch::try_from_iter([("a", column()), ("A", column()), ("b", column())]).unwrap();
    let state = Gauge::new(true).finish(&batch.schema());
    let told = state.statistics();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].data, StatisticsData::Long(Extent { range: None, nulls: 0, distinct: 0 }));
}

#[test]
fn infinities_and_nan_have_an_order_or_none() {
    let rows = [f64::NAN, -0.0, 0.0, f64::INFINITY].map(|d| Some((0, d, 0, String::new(), true)));
    let StatisticsData::Double(extent) = data(&state_of(&rows, true), "d") else { panic!("doubles") };
    assert_eq!((extent.range, extent.distinct), (Some((0.0, f64::INFINITY)), 3));
}

#[test]
fn bytes_are_read_back_and_others_are_refused() {
    let bytes = state_of(&[row(1), row(2)], true).to_bytes().unwrap();
    assert_eq!(TableState::from_bytes(&bytes).unwrap(), state_of(&[row(1), row(2)], true));
    assert!(bytes.len() < 2_000, "seven columns of two values are small: {}", bytes.len());
    assert!(matches!(TableState::from_bytes(b"parquet"), Err(StateError::Unreadable(UnpackError::Magic))));
    let mut changed = bytes;
    changed[4] = 9;
    assert!(matches!(TableState::from_bytes(&changed), Err(StateError::Unreadable(UnpackError::Version { found: 9 }))));
    changed[4] = VERSION;
    *changed.last_mut().unwrap() ^= 1;
    assert!(matches!(TableState::from_bytes(&changed), Err(StateError::Unreadable(UnpackError::Damaged { .. }))));
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let cell = (any::<i32>(), any::<f64>(), -1_000_000_000..1_000_000_000i64, "[a-zäß]{0,4}", any::<bool>());
    prop::collection::vec(prop::option::weighted(0.9, cell), 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn states_of_parts_merge_to_that_of_the_whole(a in rows(), b in rows(), c in rows(), told: bool) {
        let [x, y, z] = [&a, &b, &c].map(|rows| TableState::from_bytes(&state_of(rows, told).to_bytes().unwrap()).unwrap());
        let whole = state_of(&[a, b, c].concat(), told);
        prop_assert_eq!(&merged(&[&x, &y, &z]), &whole);
        prop_assert_eq!(&merged(&[&z, &merged(&[&y, &x])]), &whole);
    }

    #[test]
    fn hostile_states_neither_panic_nor_grow(at in 0usize..4_000, with: Vec<u8>, cut in 0usize..40) {
        let bytes = state_of(&[row(1), row(2), None], true).to_bytes().unwrap();
        let mut plain = zstd::bulk::decompress(&bytes[HEADER_BYTES..], 1 << 20).unwrap();
        let start = at.min(plain.len());
        let end = (start + cut).min(plain.len());
        plain.splice(start..end, with);
        let frame = zstd::bulk::compress(&plain, 1).unwrap();
        if let Ok(mut state) = TableState::checked(PACKING.unpack_frame(&frame)) {
            state.merge(&state_of(&[row(5)], true));
            drop(state.statistics());
        }
    }

    #[test]
    fn any_bytes_are_a_state_or_an_error(bytes: Vec<u8>) {
        drop(TableState::from_bytes(&bytes));
        drop(TableState::checked(PACKING.unpack_frame(&bytes)));
    }
}
