//! Tables of the cases: columns with types, rows of JSON values.

use arrow_array::builder::{
    BooleanBuilder, Date32Builder, Decimal128Builder, Float32Builder, Float64Builder, Int8Builder, Int16Builder,
    Int32Builder, Int64Builder, StringViewBuilder, TimestampMicrosecondBuilder,
};
use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::{DataType, Field, Schema};
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;

/// A column: `int`, `string`, `decimal(10,2)`, `struct<a:string,b:int>`, …
#[derive(Deserialize, Clone)]
pub(crate) struct Column {
    name: String,
    #[serde(rename = "type")]
    type_name: String,
}

/// A table of a case.
#[derive(Deserialize, Clone)]
pub(crate) struct Table {
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Vec<Value>>,
}

impl Table {
    /// The table as one batch; a struct becomes one column for each field, named by its dotted path. `schema` has the columns
    /// as they are written, structs as one.
    pub(crate) fn batch(&self, now_epoch_micros: i64) -> Result<RecordBatch, String> {
        let mut fields = Vec::new();
        let mut arrays = Vec::new();
        for (index, column) in self.columns.iter().enumerate() {
            let cells: Vec<Value> = self.rows.iter().map(|row| row.get(index).cloned().unwrap_or_default()).collect();
            for (name, type_name, cells) in flatten(&column.name, &column.type_name, cells) {
                let cells: Vec<Value> = cells.iter().map(|cell| substitute(cell, now_epoch_micros)).collect();
                let array = array(&type_name, &cells)?;
                fields.push(Field::new(name, array.data_type().clone(), true));
                arrays.push(array);
            }
        }
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows.len()));
        RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)
            .map_err(|error| error.to_string())
    }
}

fn flatten(name: &str, type_name: &str, cells: Vec<Value>) -> Vec<(String, String, Vec<Value>)> {
    let Some(inner) = type_name.strip_prefix("struct<").and_then(|inner| inner.strip_suffix('>')) else {
        return vec![(name.to_owned(), type_name.to_owned(), cells)];
    };
    let parts = inner.split(',').enumerate().filter_map(|(position, part)| {
        let (field, type_name) = part.split_once(':')?;
        let values = cells.iter().map(|cell| match cell {
            Value::Array(values) => values.get(position).cloned().unwrap_or_default(),
            Value::Object(values) => values.get(field).cloned().unwrap_or_default(),
            _ => Value::Null,
        });
        Some((format!("{name}.{field}"), type_name.to_owned(), values.collect()))
    });
    parts.collect()
}

/// `{{today-3d}}` and `{{now-2d}}`.
fn substitute(cell: &Value, now_epoch_micros: i64) -> Value {
    let Some(inner) = cell.as_str().and_then(|text| text.strip_prefix("{{")?.strip_suffix("}}")) else {
        return cell.clone();
    };
    let (word, days) = inner.split_once('-').unwrap_or((inner, "0d"));
    let days: i64 = days.trim_end_matches('d').parse().unwrap_or_default();
    let then = now_epoch_micros - days * 86_400_000_000;
    let (days, seconds) = (then.div_euclid(86_400_000_000), then.rem_euclid(86_400_000_000) / 1_000_000);
    let date = civil(days);
    Value::String(match word {
        "today" => date,
        _ => format!("{date}T{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60),
    })
}

/// The date of a day since 1970-01-01, by the era arithmetic of H. Hinnant.
fn civil(days: i64) -> String {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

fn text(cell: &Value) -> Option<String> {
    match cell {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn parsed<T: std::str::FromStr>(cell: &Value) -> Result<Option<T>, String> {
    text(cell).map(|text| text.parse().ok().ok_or_else(|| format!("cannot read {text}"))).transpose()
}

macro_rules! build {
    ($builder:ty, $cells:expr) => {{
        let mut builder = <$builder>::new();
        for cell in $cells {
            builder.append_option(parsed(cell)?);
        }
        Arc::new(builder.finish()) as ArrayRef
    }};
}

fn array(type_name: &str, cells: &[Value]) -> Result<ArrayRef, String> {
    Ok(match type_name {
        "string" => {
            let mut builder = StringViewBuilder::new();
            for cell in cells {
                builder.append_option(text(cell));
            }
            Arc::new(builder.finish())
        }
        "byte" | "tinyint" => build!(Int8Builder, cells),
        "short" | "smallint" => build!(Int16Builder, cells),
        "int" | "integer" => build!(Int32Builder, cells),
        "long" | "bigint" => build!(Int64Builder, cells),
        "float" => build!(Float32Builder, cells),
        "double" => build!(Float64Builder, cells),
        "boolean" => build!(BooleanBuilder, cells),
        "date" => {
            let mut builder = Date32Builder::new();
            for cell in cells {
                builder.append_option(text(cell).and_then(|text| day(&text)));
            }
            Arc::new(builder.finish())
        }
        "timestamp" => {
            let mut builder = TimestampMicrosecondBuilder::new();
            for cell in cells {
                builder.append_option(text(cell).and_then(|text| micros(&text)));
            }
            Arc::new(builder.finish())
        }
        decimal if decimal.starts_with("decimal") => decimals(decimal, cells)?,
        other => return Err(format!("column type {other}")),
    })
}

fn day(text: &str) -> Option<i32> {
    let mut parts = text.get(..10)?.split('-').map(|part| part.parse::<u16>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let date = sluice_dqdl::ast::CivilDate::new(year, u8::try_from(month).ok()?, u8::try_from(day).ok()?)?;
    i32::try_from(date.days_since_epoch()).ok()
}

fn micros(text: &str) -> Option<i64> {
    let mut clock = text.get(11..).unwrap_or("0:0:0").split(':').map(|part| part.parse::<f64>().ok());
    let seconds =
        clock.next()?? * 3600.0 + clock.next().flatten().unwrap_or(0.0) * 60.0 + clock.next().flatten().unwrap_or(0.0);
    #[expect(clippy::cast_possible_truncation, reason = "less than a day")]
    let in_day = (seconds * 1e6) as i64;
    Some(i64::from(day(text)?) * 86_400_000_000 + in_day)
}

fn decimals(type_name: &str, cells: &[Value]) -> Result<ArrayRef, String> {
    let inner = type_name.trim_start_matches("decimal").trim_matches(['(', ')']);
    let (precision, scale) = inner.split_once(',').unwrap_or(("38", "18"));
    let precision: u8 = precision.trim().parse().ok().ok_or_else(|| type_name.to_owned())?;
    let scale: u8 = scale.trim().parse().ok().ok_or_else(|| type_name.to_owned())?;
    let data_type = DataType::Decimal128(precision, i8::try_from(scale).map_err(|error| error.to_string())?);
    let mut builder = Decimal128Builder::new().with_data_type(data_type);
    for cell in cells {
        let unscaled = text(cell).map(|text| {
            let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
            format!("{whole}{fraction:0<width$}", width = usize::from(scale))
                .parse::<i128>()
                .ok()
                .ok_or_else(|| format!("cannot read {text}"))
        });
        builder.append_option(unscaled.transpose()?);
    }
    let array = builder.finish();
    Ok(Arc::new(array))
}
