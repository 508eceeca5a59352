//! Column statistics of the Glue Data Catalog (AWS Glue API, `UpdateColumnStatisticsForTable`), from a profile.

use jiff::Timestamp;
use serde_json::{Value, json};
use sluice_profile::{CellType, ColumnProfile, Profile};

/// Statistics that one request may carry.
pub const MOST_PER_REQUEST: usize = 25;

/// What Glue keeps of one column.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnStatistics {
    /// `ColumnName`.
    pub column_name: String,
    /// `ColumnType`: the Hive type.
    pub column_type: &'static str,
    /// `StatisticsData`.
    pub data: StatisticsData,
}

/// `ColumnStatisticsData`: one shape for each kind of type.
#[derive(Debug, Clone, PartialEq)]
pub enum StatisticsData {
    /// `BooleanColumnStatisticsData`.
    Boolean {
        /// `NumberOfTrues`.
        trues: u64,
        /// `NumberOfFalses`.
        falses: u64,
        /// `NumberOfNulls`.
        nulls: u64,
    },
    /// `DateColumnStatisticsData`, in seconds since 1970-01-01T00:00Z.
    Date(Extent<i64>),
    /// `LongColumnStatisticsData`. Points in time are seconds since 1970-01-01T00:00Z, as Hive has them.
    Long(Extent<i64>),
    /// `DoubleColumnStatisticsData`.
    Double(Extent<f64>),
    /// `StringColumnStatisticsData`.
    String {
        /// `MaximumLength`.
        max_length: u64,
        /// `AverageLength`.
        average_length: f64,
        /// `NumberOfNulls`.
        nulls: u64,
        /// `NumberOfDistinctValues`.
        distinct: u64,
    },
}

/// The statistics of ordered values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Extent<T> {
    /// `MinimumValue`; absent where the profile conceals it.
    pub min: Option<T>,
    /// `MaximumValue`.
    pub max: Option<T>,
    /// `NumberOfNulls`.
    pub nulls: u64,
    /// `NumberOfDistinctValues`.
    pub distinct: u64,
}

/// The statistics of every column that Glue has a shape for.
pub fn column_statistics(profile: &Profile) -> Vec<ColumnStatistics> {
    profile.columns.iter().filter_map(of_column).collect()
}

/// The bodies of the requests that store these statistics, [`MOST_PER_REQUEST`] columns each.
pub fn update_requests(
    database: &str,
    table: &str,
    statistics: &[ColumnStatistics],
    analyzed_at: Timestamp,
) -> Vec<Value> {
    let body = |part: &[ColumnStatistics]| {
        let list: Vec<Value> = part.iter().map(|statistics| statistics.to_json(analyzed_at)).collect();
        json!({ "DatabaseName": database, "TableName": table, "ColumnStatisticsList": list })
    };
    statistics.chunks(MOST_PER_REQUEST).map(body).collect()
}

fn of_column(column: &ColumnProfile) -> Option<ColumnStatistics> {
    let nulls = column.nulls.count;
    let distinct = column.distinct.values;
    let values = column.numbers.as_ref().and_then(|numbers| numbers.values.as_ref());
    let times = column.times.as_ref();
    let seconds = |text: &str| text.parse::<Timestamp>().ok().map(Timestamp::as_second);
    let times = Extent {
        min: times.and_then(|times| seconds(&times.earliest)),
        max: times.and_then(|times| seconds(&times.latest)),
        nulls,
        distinct,
    };
    let (column_type, data) = match column.cell_type {
        CellType::Integral => {
            let whole = |pick: fn(&sluice_profile::NumberValues) -> f64| values.map(pick).and_then(whole);
            let extent = Extent { min: whole(|values| values.min), max: whole(|values| values.max), nulls, distinct };
            ("bigint", StatisticsData::Long(extent))
        }
        CellType::Fractional => {
            let min = values.map(|values| values.min);
            let max = values.map(|values| values.max);
            ("double", StatisticsData::Double(Extent { min, max, nulls, distinct }))
        }
        CellType::Boolean => {
            let top = column.top_values.as_ref().filter(|top| top.is_complete && top.error == 0)?;
            let of = |word: &str| {
                let same = top.values.iter().filter(|value| value.value.eq_ignore_ascii_case(word));
                same.map(|value| value.count).sum()
            };
            ("boolean", StatisticsData::Boolean { trues: of("true"), falses: of("false"), nulls })
        }
        CellType::Date => ("date", StatisticsData::Date(times)),
        CellType::Timestamp => ("timestamp", StatisticsData::Long(times)),
        CellType::String => {
            let lengths = column.lengths.as_ref()?;
            let data =
                StatisticsData::String { max_length: lengths.max, average_length: lengths.mean, nulls, distinct };
            ("string", data)
        }
        CellType::Unknown | CellType::Opaque => return None,
    };
    Some(ColumnStatistics { column_name: column.name.clone(), column_type, data })
}

/// An integer that a double holds exactly.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn whole(value: f64) -> Option<i64> {
    (value.abs() <= 9_007_199_254_740_992.0).then_some(value as i64)
}

impl ColumnStatistics {
    /// An entry of `ColumnStatisticsList`.
    pub fn to_json(&self, analyzed_at: Timestamp) -> Value {
        let (kind, member, data) = match &self.data {
            StatisticsData::Boolean { trues, falses, nulls } => (
                "BOOLEAN",
                "BooleanColumnStatisticsData",
                json!({ "NumberOfTrues": trues, "NumberOfFalses": falses, "NumberOfNulls": nulls }),
            ),
            StatisticsData::Date(extent) => ("DATE", "DateColumnStatisticsData", extent.to_json()),
            StatisticsData::Long(extent) => ("LONG", "LongColumnStatisticsData", extent.to_json()),
            StatisticsData::Double(extent) => ("DOUBLE", "DoubleColumnStatisticsData", extent.to_json()),
            StatisticsData::String { max_length, average_length, nulls, distinct } => (
                "STRING",
                "StringColumnStatisticsData",
                json!({
                    "MaximumLength": max_length,
                    "AverageLength": average_length,
                    "NumberOfNulls": nulls,
                    "NumberOfDistinctValues": distinct,
                }),
            ),
        };
        json!({
            "ColumnName": self.column_name,
            "ColumnType": self.column_type,
            "AnalyzedTime": analyzed_at.as_second(),
            "StatisticsData": { "Type": kind, member: data },
        })
    }
}

impl<T> Extent<T>
where
    T: Copy + Into<Value>,
{
    fn to_json(self) -> Value {
        let mut data = json!({ "NumberOfNulls": self.nulls, "NumberOfDistinctValues": self.distinct });
        for (member, value) in [("MinimumValue", self.min), ("MaximumValue", self.max)] {
            if let (Some(value), Some(data)) = (value, data.as_object_mut()) {
                data.insert(member.to_owned(), value.into());
            }
        }
        data
    }
}
