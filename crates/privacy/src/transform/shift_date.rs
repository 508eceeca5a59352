use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Date64Type, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType,
};
use arrow_array::{Array, ArrayRef, PrimitiveArray, StringViewArray};
use arrow_schema::{DataType, TimeUnit};
use sluice_common::policy;

use super::civil::{DAY_SECONDS, DateText};
use super::error::type_name;
use super::text::{Cell, Expected, text_of, try_map_text};
use super::{Beside, ColumnTransform, TransformError};
use crate::crypto::Prf;
use crate::keyring::{KeyPurpose, ScopedKey};

/// Moves all dates of a subject by one number of days, so that their order and the time between them stay.
///
/// How far is decided by the domain's key and the text of the subject's column alone: from -`max_days` to `max_days`, never
/// by none. A row without a subject gets no date: what moves with nobody would tell how far. Times of day stay; text keeps
/// its writing, and dates their type.
#[derive(Debug)]
pub struct ShiftDate {
    per: String,
    max_days: u16,
    order: policy::DateOrder,
    expected: Expected,
    prf: Prf,
}

impl ShiftDate {
    /// Shifts under a key of a domain.
    pub fn new<'k>(parameters: &policy::ShiftDate, key: impl Into<ScopedKey<'k>>) -> Self {
        Self {
            per: parameters.per.clone(),
            max_days: parameters.max_days,
            order: parameters.order,
            expected: Expected { unfit: parameters.unfit, what: "a date" },
            prf: Prf::new(&key.into().derive(KeyPurpose::ShiftDate)),
        }
    }

    /// How many days the dates of a subject move.
    pub fn days(&self, subject: &str) -> i64 {
        self.drawn(self.prf.number(subject.as_bytes()))
    }

    fn drawn(&self, number: u128) -> i64 {
        let reach = i64::from(self.max_days);
        // The bias of the remainder is below 2⁻¹¹⁵.
        let drawn = number % (2 * u128::from(self.max_days)).max(1);
        let drawn = i64::try_from(drawn).unwrap_or_default();
        if drawn < reach { drawn - reach } else { drawn - reach + 1 }
    }

    /// How many days the date of each row moves; none in rows without a subject.
    fn days_of_rows(&self, subjects: &StringViewArray) -> Vec<Option<i64>> {
        let mut numbers = Vec::with_capacity(subjects.len());
        self.prf.numbers(subjects.iter().map(|subject| subject.unwrap_or_default().as_bytes()), &mut numbers);
        let rows = subjects.iter().zip(numbers);
        rows.map(|(subject, number)| subject.map(|_named| self.drawn(number))).collect()
    }

    fn shift<T: ArrowPrimitiveType<Native: TryFrom<i64> + Into<i64>>>(
        &self,
        input: &ArrayRef,
        days: &[Option<i64>],
        units_of_day: i64,
    ) -> Result<ArrayRef, TransformError> {
        let array = input.as_primitive::<T>();
        let mut out = Vec::with_capacity(array.len());
        for (row, (value, days)) in array.iter().zip(days).enumerate() {
            let moved = match (value, days) {
                (Some(value), Some(days)) => {
                    let by = days.saturating_mul(units_of_day);
                    let moved: Option<i64> = value.into().checked_add(by);
                    match moved.and_then(|moved| T::Native::try_from(moved).ok()) {
                        Some(moved) => Some(moved),
                        None => self.expected.or_null(row)?,
                    }
                }
                _ => None,
            };
            out.push(moved);
        }
        let moved: PrimitiveArray<T> = out.into_iter().collect();
        Ok(Arc::new(moved.with_data_type(input.data_type().clone())))
    }
}

impl ColumnTransform for ShiftDate {
    fn output_type(&self, input: &DataType) -> Result<DataType, TransformError> {
        match input {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Ok(DataType::Utf8View),
            DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) | DataType::Null => Ok(input.clone()),
            other => Err(TransformError::WrongType { expected: "dates", data_type: type_name(other) }),
        }
    }

    fn apply(&self, _input: &ArrayRef) -> Result<ArrayRef, TransformError> {
        Err(TransformError::SubjectNeeded { transform: "shift_date" })
    }

    fn apply_beside(&self, input: &ArrayRef, beside: &Beside<'_>) -> Result<ArrayRef, TransformError> {
        let subjects = beside.subject.filter(|subjects| subjects.len() == input.len());
        let subjects = text_of(subjects.ok_or(TransformError::SubjectNeeded { transform: "shift_date" })?)?;
        let days = self.days_of_rows(&subjects);
        match input.data_type() {
            DataType::Date32 => self.shift::<Date32Type>(input, &days, 1),
            DataType::Date64 => self.shift::<Date64Type>(input, &days, DAY_SECONDS * 1_000),
            DataType::Timestamp(TimeUnit::Second, _) => self.shift::<TimestampSecondType>(input, &days, DAY_SECONDS),
            DataType::Timestamp(TimeUnit::Millisecond, _) => {
                self.shift::<TimestampMillisecondType>(input, &days, DAY_SECONDS * 1_000)
            }
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                self.shift::<TimestampMicrosecondType>(input, &days, DAY_SECONDS * 1_000_000)
            }
            DataType::Timestamp(TimeUnit::Nanosecond, _) => {
                self.shift::<TimestampNanosecondType>(input, &days, DAY_SECONDS * 1_000_000_000)
            }
            DataType::Null => Ok(Arc::clone(input)),
            _ => {
                self.output_type(input.data_type())?;
                try_map_text(input, self.expected, |row, text, out| {
                    let Some(date) = DateText::parse(text, self.order) else { return Cell::Unfit };
                    let Some(Some(days)) = days.get(row) else { return Cell::Null };
                    if !date.write(date.date.to_days() + days, out) {
                        return Cell::Unfit;
                    }
                    out.push_str(date.rest);
                    Cell::Text
                })
            }
        }
    }

    fn subject(&self) -> Option<&str> {
        Some(&self.per)
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::{Date32Array, Int64Array, StringArray, TimestampMillisecondArray};
    use proptest::prelude::*;
    use sluice_common::policy::{DateOrder, Unfit};
    use zeroize::Zeroizing;

    use super::*;
    use crate::keyring::{Domain, DomainKey, Epoch};

    fn shift(max_days: u16, unfit: Unfit) -> ShiftDate {
        let key = DomainKey::new(Domain::new("customers").unwrap(), Epoch::FIRST, Zeroizing::new([7; 32]));
        let parameters = policy::ShiftDate { per: "id".to_owned(), max_days, order: DateOrder::Ymd, unfit };
        ShiftDate::new(&parameters, &key)
    }

    #[expect(clippy::needless_pass_by_value, reason = "tests build them in place")]
    fn apply(shift: &ShiftDate, input: ArrayRef, subjects: ArrayRef) -> Result<ArrayRef, TransformError> {
        shift.apply_beside(&input, &Beside { subject: Some(&subjects), ..Beside::default() })
    }

    fn texts(array: &ArrayRef) -> Vec<Option<String>> {
        array.as_string_view().iter().map(|text| text.map(str::to_owned)).collect()
    }

    #[test]
    fn every_distance_comes_up_but_none() {
        let shift = shift(3, Unfit::Refuse);
        let mut seen: Vec<i64> = (0..200).map(|subject| shift.days(&subject.to_string())).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen, [-3, -2, -1, 1, 2, 3]);
    }

    #[test]
    fn types_and_writing_stay() {
        let shift = shift(30, Unfit::Refuse);
        let days = shift.days("7");
        let subjects: ArrayRef = Arc::new(Int64Array::from(vec![Some(7), Some(7), None]));
        let dates = apply(&shift, Arc::new(Date32Array::from(vec![Some(100), None, Some(5)])), Arc::clone(&subjects));
        let expected = Date32Array::from(vec![Some(i32::try_from(100 + days).unwrap()), None, None]);
        assert_eq!(dates.unwrap().as_primitive::<Date32Type>(), &expected);
        let times = TimestampMillisecondArray::from(vec![1, 2, 3]).with_timezone("Europe/Berlin");
        let shifted = apply(&shift, Arc::new(times.clone()), Arc::clone(&subjects)).unwrap();
        assert_eq!(shifted.data_type(), times.data_type());
        assert_eq!(shifted.as_primitive::<TimestampMillisecondType>().value(0), 1 + days * 86_400_000);
        let input = StringArray::from(vec!["2025/06/15 23:59:59.5", "", "2025-06-15"]);
        let shifted = texts(&apply(&shift, Arc::new(input), subjects).unwrap());
        assert!(shifted[0].as_ref().unwrap().ends_with(" 23:59:59.5"));
        assert_eq!(shifted[1..], [Some(String::new()), None]);
    }

    #[test]
    fn what_is_no_date_is_refused_or_null() {
        let subjects: ArrayRef = Arc::new(StringArray::from(vec!["a", "a"]));
        let input = || Arc::new(StringArray::from(vec!["2025-01-01", "canary"]));
        let error = apply(&shift(30, Unfit::Refuse), input(), Arc::clone(&subjects)).unwrap_err();
        assert_eq!(error, TransformError::Unfit { expected: "a date", row: 1 });
        assert!(texts(&apply(&shift(30, Unfit::Null), input(), subjects).unwrap())[1].is_none());
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1]));
        assert!(matches!(
            shift(3, Unfit::Null).output_type(numbers.data_type()),
            Err(TransformError::WrongType { .. })
        ));
        assert!(matches!(shift(3, Unfit::Null).apply(&numbers), Err(TransformError::SubjectNeeded { .. })));
    }

    proptest! {
        #[test]
        fn the_order_of_a_subjects_dates_stays(
            days in prop::collection::vec(0i32..40_000, 2..20),
            subject in "\\PC{1,12}",
            max_days in 1u16..=3_650,
        ) {
            let shift = shift(max_days, Unfit::Refuse);
            let subjects: ArrayRef = Arc::new(StringArray::from(vec![subject.as_str(); days.len()]));
            let input = Date32Array::from(days.clone());
            let shifted = apply(&shift, Arc::new(input), subjects).unwrap();
            let shifted = shifted.as_primitive::<Date32Type>();
            for (before, after) in days.iter().zip(shifted.values()) {
                prop_assert_eq!(i64::from(after - before), shift.days(&subject));
                prop_assert!((1..=i32::from(max_days)).contains(&(after - before).abs()));
            }
        }
    }
}
