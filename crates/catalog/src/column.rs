//! What is kept of one column.

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Date32Type, Decimal128Type, Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, TimeUnit};
use serde::{Deserialize, Serialize};
use sluice_common::port::{Extent, StatisticsData};

use crate::distinct::Distinct;
use crate::hive::hive_type;
use crate::range::Range;

const MICROS_A_SECOND: i64 = 1_000_000;
/// Digits of the longest decimal that Hive knows.
const MOST_DIGITS: u8 = 38;

/// What was measured of a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Column {
    /// The type in the catalog; empty where parts of the table differ in it.
    pub(crate) hive_type: String,
    pub(crate) nulls: u64,
    pub(crate) content: Content,
}

/// What the catalog is told, by kind of type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Content {
    Boolean {
        trues: u64,
        falses: u64,
    },
    Whole {
        range: Range<i64>,
        distinct: Distinct,
    },
    /// Microseconds since 1970-01-01T00:00Z.
    Time {
        range: Range<i64>,
        distinct: Distinct,
    },
    Double {
        range: Range<f64>,
        distinct: Distinct,
    },
    Decimal {
        scale: i8,
        range: Range<i128>,
        distinct: Distinct,
    },
    /// Days since 1970-01-01.
    Date {
        range: Range<i64>,
        distinct: Distinct,
    },
    /// In characters.
    Text {
        lengths: Lengths,
        distinct: Distinct,
    },
    /// In bytes.
    Binary {
        lengths: Lengths,
    },
    /// There is no shape for it.
    Untold,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lengths {
    longest: u64,
    total: u64,
    values: u64,
}

impl Lengths {
    #[inline]
    fn add(&mut self, length: usize) {
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        self.merge(Self { longest: length, total: length, values: 1 });
    }

    fn merge(&mut self, other: Self) {
        self.longest = self.longest.max(other.longest);
        self.total = self.total.saturating_add(other.total);
        self.values = self.values.saturating_add(other.values);
    }

    fn average(self) -> f64 {
        from_count(self.total) / from_count(self.values.max(1))
    }
}

impl Column {
    /// A column of this type, nothing measured yet.
    pub(crate) fn new(data_type: &DataType, ranges_are_told: bool) -> Self {
        Self { hive_type: hive_type(data_type), nulls: 0, content: Content::new(data_type, ranges_are_told) }
    }

    /// A column of which nothing can be said.
    pub(crate) fn untold(nulls: u64) -> Self {
        Self { hive_type: String::new(), nulls, content: Content::Untold }
    }

    /// Takes in cells of the column's type.
    pub(crate) fn add(&mut self, array: &ArrayRef) {
        self.nulls = self.nulls.saturating_add(u64::try_from(array.logical_null_count()).unwrap_or(u64::MAX));
        if self.content.add(array).is_none() {
            self.content = Content::Untold;
        }
    }

    /// Takes in what was measured of other rows.
    pub(crate) fn merge(&mut self, other: &Self) {
        let nulls = self.nulls.saturating_add(other.nulls);
        if self.hive_type != other.hive_type || !self.content.merge(&other.content) {
            *self = Self::untold(nulls);
        }
        self.nulls = nulls;
    }

    pub(crate) fn is_sound(&self) -> bool {
        self.content.distinct().is_none_or(Distinct::is_sound)
    }

    /// What a catalog is told of the column, in a table of so many rows.
    pub(crate) fn told(&self, rows: u64) -> Option<StatisticsData> {
        let nulls = self.nulls;
        let most = rows.saturating_sub(nulls);
        let different = |distinct: &Distinct| distinct.estimate().min(most);
        Some(match &self.content {
            Content::Boolean { trues, falses } => StatisticsData::Boolean { trues: *trues, falses: *falses, nulls },
            Content::Whole { range, distinct } => {
                StatisticsData::Long(Extent { range: range.told(), nulls, distinct: different(distinct) })
            }
            Content::Time { range, distinct } => {
                let seconds = |micros: i64| micros.div_euclid(MICROS_A_SECOND);
                let range = range.told().map(|(least, greatest)| (seconds(least), seconds(greatest)));
                StatisticsData::Long(Extent { range, nulls, distinct: different(distinct) })
            }
            Content::Double { range, distinct } => {
                StatisticsData::Double(Extent { range: range.told(), nulls, distinct: different(distinct) })
            }
            Content::Decimal { scale, range, distinct } => StatisticsData::Decimal {
                scale: i32::from(*scale),
                extent: Extent { range: range.told(), nulls, distinct: different(distinct) },
            },
            Content::Date { range, distinct } => {
                StatisticsData::Date(Extent { range: range.told(), nulls, distinct: different(distinct) })
            }
            Content::Text { lengths, distinct } => StatisticsData::Text {
                max_length: lengths.longest,
                average_length: lengths.average(),
                nulls,
                distinct: different(distinct),
            },
            Content::Binary { lengths } => {
                StatisticsData::Binary { max_length: lengths.longest, average_length: lengths.average(), nulls }
            }
            Content::Untold => return None,
        })
    }
}

impl Content {
    fn new(data_type: &DataType, ranges_are_told: bool) -> Self {
        let distinct = Distinct::default();
        match canonical(data_type) {
            Some(DataType::Boolean) => Self::Boolean { trues: 0, falses: 0 },
            Some(DataType::Int64) => Self::Whole { range: Range::new(ranges_are_told), distinct },
            Some(DataType::Timestamp(..)) => Self::Time { range: Range::new(ranges_are_told), distinct },
            Some(DataType::Float64) => Self::Double { range: Range::new(ranges_are_told), distinct },
            Some(DataType::Decimal128(_, scale)) => {
                Self::Decimal { scale, range: Range::new(ranges_are_told), distinct }
            }
            Some(DataType::Date32) => Self::Date { range: Range::new(ranges_are_told), distinct },
            Some(DataType::Utf8View) => Self::Text { lengths: Lengths::default(), distinct },
            Some(DataType::BinaryView) => Self::Binary { lengths: Lengths::default() },
            _ => Self::Untold,
        }
    }

    /// `None` when the cells are not what they were said to be.
    fn add(&mut self, array: &ArrayRef) -> Option<()> {
        if matches!(self, Self::Untold) {
            return Some(());
        }
        let array = &arrow_cast::cast(array, &canonical(array.data_type())?).ok()?;
        match self {
            Self::Boolean { trues, falses } => {
                let (yes, all) = (array.as_boolean_opt()?.true_count(), array.len() - array.null_count());
                *trues = trues.saturating_add(u64::try_from(yes).ok()?);
                *falses = falses.saturating_add(u64::try_from(all - yes).ok()?);
            }
            Self::Whole { range, distinct } => {
                for value in array.as_primitive_opt::<Int64Type>()?.iter().flatten() {
                    range.add(value);
                    distinct.add(&value.to_le_bytes());
                }
            }
            Self::Time { range, distinct } => {
                let micros = arrow_cast::cast(array, &DataType::Int64).ok()?;
                for value in micros.as_primitive_opt::<Int64Type>()?.iter().flatten() {
                    range.add(value);
                    distinct.add(&value.to_le_bytes());
                }
            }
            Self::Double { range, distinct } => {
                for value in array.as_primitive_opt::<Float64Type>()?.iter().flatten() {
                    if !value.is_nan() {
                        range.add(value);
                    }
                    // -0 equals 0, and each NaN counts as the same value.
                    let value = if value.is_nan() { f64::NAN } else { value + 0.0 };
                    distinct.add(&value.to_le_bytes());
                }
            }
            Self::Decimal { range, distinct, .. } => {
                for value in array.as_primitive_opt::<Decimal128Type>()?.iter().flatten() {
                    range.add(value);
                    distinct.add(&value.to_le_bytes());
                }
            }
            Self::Date { range, distinct } => {
                for value in array.as_primitive_opt::<Date32Type>()?.iter().flatten() {
                    range.add(i64::from(value));
                    distinct.add(&value.to_le_bytes());
                }
            }
            Self::Text { lengths, distinct } => {
                for value in array.as_string_view_opt()?.iter().flatten() {
                    lengths.add(value.chars().count());
                    distinct.add(value.as_bytes());
                }
            }
            Self::Binary { lengths } => {
                array.as_binary_view_opt()?.iter().flatten().for_each(|value| lengths.add(value.len()));
            }
            Self::Untold => {}
        }
        Some(())
    }

    /// False when the two are of different kinds.
    fn merge(&mut self, other: &Self) -> bool {
        match (&mut *self, other) {
            (Self::Boolean { trues, falses }, Self::Boolean { trues: more_trues, falses: more_falses }) => {
                *trues = trues.saturating_add(*more_trues);
                *falses = falses.saturating_add(*more_falses);
            }
            (Self::Whole { range, .. }, Self::Whole { range: other, .. })
            | (Self::Time { range, .. }, Self::Time { range: other, .. })
            | (Self::Date { range, .. }, Self::Date { range: other, .. }) => range.merge(*other),
            (Self::Double { range, .. }, Self::Double { range: other, .. }) => range.merge(*other),
            (Self::Decimal { scale, range, .. }, Self::Decimal { scale: same, range: other, .. }) if scale == same => {
                range.merge(*other);
            }
            (Self::Text { lengths, .. }, Self::Text { lengths: other, .. })
            | (Self::Binary { lengths }, Self::Binary { lengths: other }) => lengths.merge(*other),
            (Self::Untold, Self::Untold) => {}
            _ => return false,
        }
        if let (Some(ours), Some(theirs)) = (self.distinct_mut(), other.distinct()) {
            ours.merge(theirs);
        }
        true
    }

    const fn distinct(&self) -> Option<&Distinct> {
        match self {
            Self::Whole { distinct, .. }
            | Self::Time { distinct, .. }
            | Self::Double { distinct, .. }
            | Self::Decimal { distinct, .. }
            | Self::Date { distinct, .. }
            | Self::Text { distinct, .. } => Some(distinct),
            Self::Boolean { .. } | Self::Binary { .. } | Self::Untold => None,
        }
    }

    const fn distinct_mut(&mut self) -> Option<&mut Distinct> {
        match self {
            Self::Whole { distinct, .. }
            | Self::Time { distinct, .. }
            | Self::Double { distinct, .. }
            | Self::Decimal { distinct, .. }
            | Self::Date { distinct, .. }
            | Self::Text { distinct, .. } => Some(distinct),
            Self::Boolean { .. } | Self::Binary { .. } | Self::Untold => None,
        }
    }
}

/// The one type of each kind that is measured; `None`: there is no shape for it.
fn canonical(data_type: &DataType) -> Option<DataType> {
    Some(match data_type {
        DataType::Boolean => DataType::Boolean,
        DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::UInt8
        | DataType::UInt16
        | DataType::UInt32 => DataType::Int64,
        DataType::UInt64 => DataType::Decimal128(20, 0),
        DataType::Float16 | DataType::Float32 | DataType::Float64 => DataType::Float64,
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale)
            if *precision <= MOST_DIGITS =>
        {
            DataType::Decimal128(*precision, *scale)
        }
        DataType::Date32 | DataType::Date64 => DataType::Date32,
        DataType::Timestamp(_, zone) => DataType::Timestamp(TimeUnit::Microsecond, zone.clone()),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8View,
        DataType::Dictionary(_, values)
            if matches!(**values, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View) =>
        {
            DataType::Utf8View
        }
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => DataType::BinaryView,
        _ => return None,
    })
}

/// The nearest `f64` to a count.
#[expect(clippy::cast_precision_loss, reason = "exact below 2^53, the nearest double above")]
const fn from_count(value: u64) -> f64 {
    value as f64
}
