//! Column statistics as the JSON of `UpdateColumnStatisticsForTable` (AWS Glue API reference).

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sluice_common::port::{ColumnStatistics, Extent, StatisticsData, TableName};

const SECONDS_A_DAY: i64 = 86_400;

/// The whole request.
pub(super) fn request_body(table: &TableName, columns: &[ColumnStatistics], analyzed_at: Timestamp) -> String {
    let list: Vec<Value> = columns.iter().map(|column| entry(column, analyzed_at)).collect();
    json!({ "DatabaseName": table.database, "TableName": table.table, "ColumnStatisticsList": list }).to_string()
}

fn entry(statistics: &ColumnStatistics, analyzed_at: Timestamp) -> Value {
    let (kind, member, data) = match &statistics.data {
        StatisticsData::Boolean { trues, falses, nulls } => {
            let data = json!({ "NumberOfTrues": trues, "NumberOfFalses": falses, "NumberOfNulls": nulls });
            ("BOOLEAN", "BooleanColumnStatisticsData", data)
        }
        StatisticsData::Long(extent) => ("LONG", "LongColumnStatisticsData", of_extent(extent, |value| json!(value))),
        // JSON has no word for what is not finite.
        StatisticsData::Double(extent) => {
            ("DOUBLE", "DoubleColumnStatisticsData", of_extent(extent, |value| json!(value)))
        }
        StatisticsData::Decimal { scale, extent } => {
            let number = |value: i128| json!({ "Scale": scale, "UnscaledValue": base64(&shortest(value)) });
            ("DECIMAL", "DecimalColumnStatisticsData", of_extent(extent, number))
        }
        StatisticsData::Date(extent) => {
            let midnight = |day: i64| json!(day.saturating_mul(SECONDS_A_DAY));
            ("DATE", "DateColumnStatisticsData", of_extent(extent, midnight))
        }
        StatisticsData::Text { max_length, average_length, nulls, distinct } => {
            let data = json!({
                "MaximumLength": max_length,
                "AverageLength": average_length,
                "NumberOfNulls": nulls,
                "NumberOfDistinctValues": distinct,
            });
            ("STRING", "StringColumnStatisticsData", data)
        }
        StatisticsData::Binary { max_length, average_length, nulls } => {
            let data = json!({ "MaximumLength": max_length, "AverageLength": average_length, "NumberOfNulls": nulls });
            ("BINARY", "BinaryColumnStatisticsData", data)
        }
    };
    json!({
        "ColumnName": statistics.column.name,
        "ColumnType": statistics.column.hive_type,
        "AnalyzedTime": analyzed_at.as_second(),
        "StatisticsData": { "Type": kind, member: data },
    })
}

fn of_extent<T: Copy>(extent: &Extent<T>, number: impl Fn(T) -> Value) -> Value {
    let mut data = Map::new();
    if let Some((least, greatest)) = extent.range {
        let bounds = [("MinimumValue", number(least)), ("MaximumValue", number(greatest))];
        data.extend(
            bounds.into_iter().filter(|(_, bound)| !bound.is_null()).map(|(name, bound)| (name.to_owned(), bound)),
        );
    }
    data.insert("NumberOfNulls".to_owned(), extent.nulls.into());
    data.insert("NumberOfDistinctValues".to_owned(), extent.distinct.into());
    data.into()
}

/// Two's complement, big-endian, without the leading bytes that say nothing: Java's `BigInteger.toByteArray`.
fn shortest(value: i128) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    let fill = if value < 0 { 0xff } else { 0 };
    let says_sign = |byte: Option<&u8>| byte.is_some_and(|byte| (byte & 0x80 != 0) == (value < 0));
    let needless = (0..bytes.len() - 1).take_while(|&at| bytes.get(at) == Some(&fill) && says_sign(bytes.get(at + 1)));
    bytes.iter().copied().skip(needless.count()).collect()
}

fn base64(bytes: &[u8]) -> String {
    aws_smithy_types::base64::encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unscaled_values_are_as_java_writes_them() {
        // BigInteger.valueOf(n).toByteArray(), as its documentation has it: the fewest bytes with at least one sign bit.
        for (value, bytes) in [
            (0, vec![0]),
            (1, vec![1]),
            (127, vec![127]),
            (128, vec![0, 128]),
            (-1, vec![255]),
            (-128, vec![128]),
            (-129, vec![255, 127]),
            (12_345, vec![0x30, 0x39]),
        ] {
            assert_eq!(shortest(value), bytes, "{value}");
        }
        assert_eq!(shortest(i128::MIN).len(), 16);
    }
}
