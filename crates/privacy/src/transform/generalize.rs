use std::cmp::Ordering;
use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Date64Type, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType,
};
use arrow_array::{ArrayRef, PrimitiveArray};
use arrow_schema::{DataType, TimeUnit};
use sluice_common::policy::{self, DatePart, Number};

use super::civil::{Civil, DAY_SECONDS, DateText};
use super::error::type_name;
use super::number::{Decimal, NumberMap, decimals_of, map_numbers, number_type};
use super::text::{Cell, Expected, has_text, try_map_text};
use super::{ColumnTransform, TransformError};

/// The first three digits of ZIP codes that cover 20,000 people or fewer, by the census of 2000 (which the guidance of the
/// US Department of Health lists) or that of 2010. The census of the day decides (45 CFR 164.514(b)(2)(i)(B)); both
/// together are on the safe side.
const SMALL_ZIP3: &[&str] = &[
    "036", "059", "063", "102", "203", "205", "369", "556", "692", "753", "772", "790", "821", "823", "830", "831",
    "878", "879", "884", "890", "893",
];
const NO_ZIP3: &str = "000";

/// A coarser value: the beginning of the bucket, the period or the area that a value is in. What is general already stays
/// as it is. Numbers and dates keep their type.
#[derive(Debug, Clone)]
pub struct Generalize(policy::Generalize);

impl Generalize {
    /// As the policy says.
    pub fn new(parameters: policy::Generalize) -> Self {
        Self(parameters)
    }

    fn expected(&self) -> Expected {
        match &self.0 {
            policy::Generalize::Number { unfit, .. } => Expected { unfit: *unfit, what: "a number" },
            policy::Generalize::Date { unfit, .. } => Expected { unfit: *unfit, what: "a date" },
            policy::Generalize::Zip3 { unfit } => Expected { unfit: *unfit, what: "a US ZIP code" },
            policy::Generalize::Coordinate { unfit, .. } => Expected { unfit: *unfit, what: "a coordinate" },
        }
    }
}

impl ColumnTransform for Generalize {
    fn output_type(&self, input: &DataType) -> Result<DataType, TransformError> {
        match &self.0 {
            policy::Generalize::Number { width, min, max, .. } => {
                let needed = [Some(*width), *min, *max].into_iter().flatten().map(Number::scale).max();
                if decimals_of(input).is_some_and(|decimals| needed.is_some_and(|needed| decimals < needed.into())) {
                    let expected = "numbers with the decimals of the buckets";
                    return Err(TransformError::WrongType { expected, data_type: type_name(input) });
                }
                number_type(input)
            }
            policy::Generalize::Coordinate { .. } => number_type(input),
            policy::Generalize::Date { .. } => match input {
                DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Ok(DataType::Utf8View),
                DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) | DataType::Null => Ok(input.clone()),
                other => Err(TransformError::WrongType { expected: "dates", data_type: type_name(other) }),
            },
            policy::Generalize::Zip3 { .. } => has_text(input).map(|()| DataType::Utf8View),
        }
    }

    fn apply(&self, input: &ArrayRef) -> Result<ArrayRef, TransformError> {
        self.output_type(input.data_type())?;
        let expected = self.expected();
        match &self.0 {
            policy::Generalize::Number { width, min, max, .. } => {
                let [min, max] = [min, max].map(|bound| bound.map(Decimal::from));
                let begin = min.unwrap_or(Decimal { unscaled: 0, scale: 0 });
                map_numbers(input, expected, &Buckets { width: Decimal::from(*width), begin, min, max })
            }
            policy::Generalize::Coordinate { decimals, .. } => {
                map_numbers(input, expected, &Coordinates { decimals: u32::from(*decimals) })
            }
            policy::Generalize::Zip3 { .. } => try_map_text(input, expected, |_row, text, out| match zip3(text) {
                Some(area) => {
                    out.push_str(area);
                    Cell::Text
                }
                None => Cell::Unfit,
            }),
            policy::Generalize::Date { part, order, .. } => dates(input, *part, *order, expected),
        }
    }
}

struct Buckets {
    width: Decimal,
    begin: Decimal,
    min: Option<Decimal>,
    max: Option<Decimal>,
}

impl NumberMap for Buckets {
    fn exact(&self, _row: usize, number: Decimal, _has_fixed_scale: bool) -> Option<Decimal> {
        if let Some(max) = self.max
            && number.compare(max)? != Ordering::Less
        {
            return Some(max);
        }
        if let Some(min) = self.min
            && number.compare(min)? == Ordering::Less
        {
            return Some(min);
        }
        let scale = number.scale.max(self.width.scale).max(self.begin.scale);
        let [number, width, begin] = [number, self.width, self.begin].map(|one| one.widened(scale));
        let (number, width, begin) = (number?.unscaled, width?.unscaled, begin?.unscaled);
        let above = number.checked_sub(begin)?.div_euclid(width).checked_mul(width)?;
        Some(Decimal { unscaled: begin.checked_add(above)?, scale }.shortest())
    }
}

struct Coordinates {
    decimals: u32,
}

impl NumberMap for Coordinates {
    fn exact(&self, _row: usize, number: Decimal, _has_fixed_scale: bool) -> Option<Decimal> {
        const HALF_TURN: Decimal = Decimal { unscaled: 180, scale: 0 };
        let size = Decimal { unscaled: number.unscaled.checked_abs()?, ..number };
        (size.compare(HALF_TURN)? != Ordering::Greater).then(|| number.truncated(self.decimals))
    }
}

/// `12345`, `12345-6789` or three digits.
fn zip3(text: &str) -> Option<&str> {
    let digits = |text: &str, count| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_zip = match text.split_once('-') {
        Some((zip, more)) => digits(zip, 5) && digits(more, 4),
        None => digits(text, 5) || digits(text, 3),
    };
    let area = text.get(..3).filter(|_| is_zip)?;
    Some(if SMALL_ZIP3.contains(&area) { NO_ZIP3 } else { area })
}

/// Seconds since 1970 of the beginning of a period.
fn begin_of(part: DatePart, seconds: i64) -> i64 {
    let days = seconds.div_euclid(DAY_SECONDS);
    let civil = Civil::from_days(days);
    let days = match part {
        DatePart::Hour => return seconds.div_euclid(3_600) * 3_600,
        DatePart::Day => days,
        // 1970-01-01 was a Thursday.
        DatePart::Week => days - (days + 3).rem_euclid(7),
        DatePart::Month => Civil { day: 1, ..civil }.to_days(),
        DatePart::Quarter => Civil { day: 1, month: (civil.month - 1) / 3 * 3 + 1, ..civil }.to_days(),
        DatePart::Year => Civil { day: 1, month: 1, ..civil }.to_days(),
    };
    days * DAY_SECONDS
}

fn dates(
    input: &ArrayRef,
    part: DatePart,
    order: policy::DateOrder,
    expected: Expected,
) -> Result<ArrayRef, TransformError> {
    match input.data_type() {
        DataType::Date32 => Ok(floored::<Date32Type>(input, |days| begin_of(part, days * DAY_SECONDS) / DAY_SECONDS)),
        DataType::Date64 => Ok(in_units::<Date64Type>(input, part, 1_000)),
        DataType::Timestamp(TimeUnit::Second, _) => Ok(in_units::<TimestampSecondType>(input, part, 1)),
        DataType::Timestamp(TimeUnit::Millisecond, _) => Ok(in_units::<TimestampMillisecondType>(input, part, 1_000)),
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            Ok(in_units::<TimestampMicrosecondType>(input, part, 1_000_000))
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            Ok(in_units::<TimestampNanosecondType>(input, part, 1_000_000_000))
        }
        DataType::Null => Ok(Arc::clone(input)),
        _ => try_map_text(input, expected, |_row, text, out| {
            let Some(date) = DateText::parse(text, order) else { return Cell::Unfit };
            let begin = begin_of(part, date.date.to_days() * DAY_SECONDS).div_euclid(DAY_SECONDS);
            let hour = if part == DatePart::Hour { hour_of(date.rest) } else { Some(String::new()) };
            match hour {
                Some(hour) if date.write(begin, out) => {
                    out.push_str(&hour);
                    Cell::Text
                }
                _ => Cell::Unfit,
            }
        }),
    }
}

/// A time with zeros for minutes and seconds; what it says of its zone stays. A date without a time has none.
fn hour_of(rest: &str) -> Option<String> {
    if rest.is_empty() {
        return Some(String::new());
    }
    let mut characters = rest.char_indices();
    let (_, between) = characters.next()?;
    let hour = rest.get(1..3).filter(|hour| matches!(hour.parse::<u8>(), Ok(0..=24)))?;
    let minutes = rest.get(3..).filter(|minutes| minutes.starts_with(':'))?;
    let zone = minutes.find(['Z', 'z', '+', '-']).and_then(|begin| minutes.get(begin..)).unwrap_or_default();
    let is_zone = zone.len() <= 6 && zone.bytes().all(|byte| byte.is_ascii_digit() || b"Zz+-:".contains(&byte));
    is_zone.then(|| format!("{between}{hour}:00:00{zone}"))
}

fn in_units<T: ArrowPrimitiveType<Native: TryFrom<i64> + Into<i64>>>(
    input: &ArrayRef,
    part: DatePart,
    units_of_second: i64,
) -> ArrayRef {
    floored::<T>(input, |value| begin_of(part, value.div_euclid(units_of_second)).saturating_mul(units_of_second))
}

/// A beginning that the type cannot say, which is before its first value, becomes NULL.
fn floored<T: ArrowPrimitiveType<Native: TryFrom<i64> + Into<i64>>>(
    input: &ArrayRef,
    begin: impl Fn(i64) -> i64,
) -> ArrayRef {
    let array = input.as_primitive::<T>();
    let floored: PrimitiveArray<T> =
        array.iter().map(|value| value.and_then(|value| T::Native::try_from(begin(value.into())).ok())).collect();
    Arc::new(floored.with_data_type(input.data_type().clone()))
}

#[cfg(test)]
mod tests {
    use arrow_array::types::{Float64Type, Int64Type};
    use arrow_array::{Date32Array, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray};
    use proptest::prelude::*;
    use sluice_common::policy::{DateOrder, Unfit};

    use super::*;

    fn buckets(width: &str, min: &str, max: &str) -> Generalize {
        let width = Number::parse(width).unwrap();
        let (min, max) = (Number::parse(min), Number::parse(max));
        Generalize::new(policy::Generalize::Number { width, min, max, unfit: Unfit::Null })
    }

    fn period(part: DatePart) -> Generalize {
        Generalize::new(policy::Generalize::Date { part, order: DateOrder::Ymd, unfit: Unfit::Null })
    }

    fn coordinate(decimals: u8) -> Generalize {
        Generalize::new(policy::Generalize::Coordinate { decimals, unfit: Unfit::Null })
    }

    fn zip() -> Generalize {
        Generalize::new(policy::Generalize::Zip3 { unfit: Unfit::Null })
    }

    fn text(generalize: &Generalize, text: &str) -> Option<String> {
        let input: ArrayRef = Arc::new(StringArray::from(vec![text]));
        generalize.apply(&input).unwrap().as_string_view().iter().next().unwrap().map(str::to_owned)
    }

    #[test]
    fn numbers() {
        let ages = buckets("10", "20", "90");
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![Some(7), Some(20), Some(39), Some(95), None]));
        let expected = Int64Array::from(vec![Some(20), Some(20), Some(30), Some(90), None]);
        assert_eq!(ages.apply(&numbers).unwrap().as_primitive::<Int64Type>(), &expected);
        let floats: ArrayRef = Arc::new(Float64Array::from(vec![0.3, -0.05, 1e40]));
        let expected = Float64Array::from(vec![Some(0.3), Some(-0.1), None]);
        assert_eq!(buckets("0.1", "", "").apply(&floats).unwrap().as_primitive::<Float64Type>(), &expected);
        assert_eq!(text(&buckets("25", "", ""), "-1.5").as_deref(), Some("-25"));
        assert_eq!(text(&buckets("25", "", ""), "x"), None);
        assert!(matches!(buckets("2.5", "", "").apply(&numbers), Err(TransformError::WrongType { .. })));
    }

    #[test]
    fn periods() {
        for (part, begin) in [
            (DatePart::Year, "2025-01-01"),
            (DatePart::Quarter, "2025-07-01"),
            (DatePart::Month, "2025-08-01"),
            (DatePart::Week, "2025-08-11"),
            (DatePart::Day, "2025-08-14"),
            (DatePart::Hour, "2025-08-14T13:00:00+02:00"),
        ] {
            assert_eq!(text(&period(part), "2025-08-14T13:59:59.9+02:00").as_deref(), Some(begin));
        }
        assert_eq!(text(&period(DatePart::Hour), "2025-08-14").as_deref(), Some("2025-08-14"));
        assert_eq!(text(&period(DatePart::Hour), "2025-08-14 noon"), None);
        let dates: ArrayRef = Arc::new(Date32Array::from(vec![Some(20_119), Some(-1), None]));
        let expected = Date32Array::from(vec![Some(20_089), Some(-365), None]);
        assert_eq!(period(DatePart::Year).apply(&dates).unwrap().as_primitive::<Date32Type>(), &expected);
        let times = TimestampMicrosecondArray::from(vec![1_738_328_399_999_999]).with_timezone("UTC");
        let hours = period(DatePart::Hour).apply(&(Arc::new(times) as ArrayRef)).unwrap();
        assert_eq!(hours.as_primitive::<TimestampMicrosecondType>().value(0), 1_738_324_800_000_000);
    }

    #[test]
    fn places() {
        for (code, area) in [
            ("90210", Some("902")),
            ("90210-1234", Some("902")),
            ("902", Some("902")),
            ("03601", Some("000")),
            ("89301-0001", Some("000")),
            ("000", Some("000")),
            ("9021", None),
            ("90210-12", None),
            ("SW1A 1AA", None),
        ] {
            assert_eq!(text(&zip(), code).as_deref(), area, "{code}");
        }
        assert_eq!(text(&coordinate(2), "52.52437").as_deref(), Some("52.52"));
        assert_eq!(text(&coordinate(1), "-0.19").as_deref(), Some("-0.1"));
        assert_eq!(text(&coordinate(0), "-0.9").as_deref(), Some("0"));
        assert_eq!(text(&coordinate(2), "180.01"), None);
    }

    proptest! {
        #[test]
        fn what_is_general_stays(number in -1_000_000i64..1_000_000, decimals in 0u32..4, width in 1i64..500, days in 0i64..40_000) {
            let mut value = String::new();
            Decimal { unscaled: number.into(), scale: decimals }.write(&mut value);
            let wide = format!("{}.{:02}", width / 100, width % 100);
            for generalize in [buckets(&wide, "", ""), buckets(&wide, "-3.1", ""), coordinate(2)] {
                if let Some(once) = text(&generalize, &value) {
                    prop_assert_eq!(text(&generalize, &once), Some(once));
                }
            }
            let float: ArrayRef = Arc::new(Float64Array::from(vec![f64::from(i32::try_from(number).unwrap()) / 1_000.0]));
            let once = buckets(&wide, "", "").apply(&float).unwrap();
            prop_assert_eq!(&buckets(&wide, "", "").apply(&once).unwrap(), &once);
            let date = Civil::from_days(days);
            let date = format!("{:04}-{:02}-{:02} 11:22:33", date.year, date.month, date.day);
            for part in [DatePart::Year, DatePart::Quarter, DatePart::Month, DatePart::Week, DatePart::Day, DatePart::Hour] {
                let once = text(&period(part), &date).unwrap();
                prop_assert_eq!(text(&period(part), &once), Some(once));
            }
        }
    }
}
