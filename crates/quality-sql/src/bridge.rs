//! From our release of Arrow to DataFusion's, which is the one before.
//!
//! Both keep an array as the Arrow format lays it out, so buffers are handed over as they are, without a copy. Each array is
//! validated on arrival (lengths, offsets, UTF-8), as data of a stranger is: that takes the place of `unsafe`.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::arrow::array::{ArrayDataBuilder, ArrayRef, RecordBatch, RecordBatchOptions, make_array};
use datafusion::arrow::buffer::{BooleanBuffer, Buffer, NullBuffer};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::arrow::error::ArrowError;

/// The type there; `None` for nested ones, which no query of ours reads.
fn data_type(ours: &arrow_schema::DataType) -> Option<DataType> {
    use arrow_schema::DataType as Ours;
    Some(match ours {
        Ours::Null => DataType::Null,
        Ours::Boolean => DataType::Boolean,
        Ours::Int8 => DataType::Int8,
        Ours::Int16 => DataType::Int16,
        Ours::Int32 => DataType::Int32,
        Ours::Int64 => DataType::Int64,
        Ours::UInt8 => DataType::UInt8,
        Ours::UInt16 => DataType::UInt16,
        Ours::UInt32 => DataType::UInt32,
        Ours::UInt64 => DataType::UInt64,
        Ours::Float16 => DataType::Float16,
        Ours::Float32 => DataType::Float32,
        Ours::Float64 => DataType::Float64,
        Ours::Timestamp(of, zone) => DataType::Timestamp(unit(*of), zone.clone()),
        Ours::Date32 => DataType::Date32,
        Ours::Date64 => DataType::Date64,
        Ours::Time32(of) => DataType::Time32(unit(*of)),
        Ours::Time64(of) => DataType::Time64(unit(*of)),
        Ours::Binary => DataType::Binary,
        Ours::LargeBinary => DataType::LargeBinary,
        Ours::FixedSizeBinary(width) => DataType::FixedSizeBinary(*width),
        Ours::BinaryView => DataType::BinaryView,
        Ours::Utf8 => DataType::Utf8,
        Ours::LargeUtf8 => DataType::LargeUtf8,
        Ours::Utf8View => DataType::Utf8View,
        Ours::Decimal32(precision, scale) => DataType::Decimal32(*precision, *scale),
        Ours::Decimal64(precision, scale) => DataType::Decimal64(*precision, *scale),
        Ours::Decimal128(precision, scale) => DataType::Decimal128(*precision, *scale),
        Ours::Decimal256(precision, scale) => DataType::Decimal256(*precision, *scale),
        _ => return None,
    })
}

fn unit(ours: arrow_schema::TimeUnit) -> TimeUnit {
    match ours {
        arrow_schema::TimeUnit::Second => TimeUnit::Second,
        arrow_schema::TimeUnit::Millisecond => TimeUnit::Millisecond,
        arrow_schema::TimeUnit::Microsecond => TimeUnit::Microsecond,
        arrow_schema::TimeUnit::Nanosecond => TimeUnit::Nanosecond,
    }
}

/// A schema there, without the columns that no query can read.
#[derive(Debug, Clone)]
pub(crate) struct Bridged {
    /// Its columns by the names that queries use: in small letters, since Spark tells no case of letters apart. Columns that
    /// only their case tells apart keep their names.
    pub(crate) schema: SchemaRef,
    /// The columns' own names, in the same order.
    pub(crate) names: Vec<String>,
    /// The names of the columns that are left out.
    pub(crate) hidden: Vec<String>,
}

pub(crate) fn bridge(ours: &arrow_schema::Schema) -> Bridged {
    let mut alike: BTreeMap<String, usize> = BTreeMap::new();
    for field in ours.fields() {
        *alike.entry(field.name().to_lowercase()).or_default() += 1;
    }
    let mut bridged = Bridged { schema: Arc::new(Schema::empty()), names: Vec::new(), hidden: Vec::new() };
    let mut fields = Vec::with_capacity(ours.fields().len());
    for field in ours.fields() {
        let Some(there) = data_type(field.data_type()) else {
            bridged.hidden.push(field.name().clone());
            continue;
        };
        let small = field.name().to_lowercase();
        let name = if alike.get(&small) == Some(&1) { small } else { field.name().clone() };
        fields.push(Field::new(name, there, true));
        bridged.names.push(field.name().clone());
    }
    bridged.schema = Arc::new(Schema::new(fields));
    bridged
}

/// A batch whose columns are those of `schema`, in its order.
pub(crate) fn batch(ours: &arrow_array::RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let columns = ours.columns().iter().zip(schema.fields());
    let columns = columns.map(|(column, field)| array(column, field.data_type())).collect::<Result<Vec<_>, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(ours.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)
}

fn array(ours: &dyn arrow_array::Array, to: &DataType) -> Result<ArrayRef, ArrowError> {
    let data = ours.to_data();
    let nulls = data
        .nulls()
        .map(|nulls| NullBuffer::new(BooleanBuffer::new(buffer(nulls.buffer()), nulls.offset(), nulls.len())));
    let there = ArrayDataBuilder::new(to.clone())
        .len(data.len())
        .offset(data.offset())
        .nulls(nulls)
        .buffers(data.buffers().iter().map(buffer).collect())
        .align_buffers(true)
        .build()?;
    Ok(make_array(there))
}

fn buffer(ours: &arrow_buffer::Buffer) -> Buffer {
    Buffer::from(Bytes::from_owner(ours.clone()))
}

#[cfg(test)]
mod tests {
    use arrow_array::builder::{Decimal128Builder, StringViewBuilder};
    use arrow_array::{ArrayRef as Ours, BooleanArray, Float64Array, Int64Array, RecordBatch as OurBatch};
    use datafusion::arrow::array::AsArray as _;
    use datafusion::arrow::datatypes::{Decimal128Type, Float64Type, Int64Type};
    use proptest::prelude::*;

    use super::*;

    type Row = (Option<i64>, Option<f64>, Option<bool>, Option<String>, Option<i32>);

    fn ours(rows: &[Row]) -> OurBatch {
        let mut texts = StringViewBuilder::new();
        let mut decimals = Decimal128Builder::new().with_precision_and_scale(12, 2).unwrap();
        for row in rows {
            texts.append_option(row.3.as_deref());
            decimals.append_option(row.4.map(i128::from));
        }
        let columns: Vec<(&str, Ours)> = vec![
            ("i", Arc::new(rows.iter().map(|row| row.0).collect::<Int64Array>())),
            ("f", Arc::new(rows.iter().map(|row| row.1).collect::<Float64Array>())),
            ("b", Arc::new(rows.iter().map(|row| row.2).collect::<BooleanArray>())),
            ("t", Arc::new(texts.finish())),
            ("d", Arc::new(decimals.finish())),
        ];
        OurBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
    }

    proptest! {
        #[test]
        fn every_cell_arrives_as_it_was_also_of_a_slice(rows: Vec<Row>, cut in 0usize..20) {
            let whole = ours(&rows);
            let cut = cut.min(rows.len());
            let there = batch(&whole.slice(cut, rows.len() - cut), &bridge(&whole.schema()).schema).unwrap();
            let (i, f) = (there.column(0).as_primitive::<Int64Type>(), there.column(1).as_primitive::<Float64Type>());
            let (b, t) = (there.column(2).as_boolean(), there.column(3).as_string_view());
            let d = there.column(4).as_primitive::<Decimal128Type>();
            let found: Vec<_> = (0..there.num_rows()).map(|row| (
                i.iter().nth(row).unwrap(), f.iter().nth(row).unwrap().map(f64::to_bits), b.iter().nth(row).unwrap(),
                t.iter().nth(row).unwrap().map(str::to_owned), d.iter().nth(row).unwrap(),
            )).collect();
            let wanted: Vec<_> = rows[cut..].iter().map(|row| {
                let row = row.clone();
                (row.0, row.1.map(f64::to_bits), row.2, row.3, row.4.map(i128::from))
            }).collect();
            prop_assert_eq!(found, wanted);
        }
    }

    #[test]
    fn nested_columns_are_hidden_and_named() {
        let list = arrow_schema::DataType::new_list(arrow_schema::DataType::Int64, true);
        let schema = arrow_schema::Schema::new(vec![
            arrow_schema::Field::new("tags", list, true),
            arrow_schema::Field::new("id", arrow_schema::DataType::Int64, true),
        ]);
        let bridged = bridge(&schema);
        assert_eq!(bridged.hidden, ["tags"]);
        assert_eq!(bridged.schema.fields().len(), 1);
    }

    #[test]
    fn names_are_small_where_that_tells_them_apart() {
        let field = |name: &str| arrow_schema::Field::new(name, arrow_schema::DataType::Int64, true);
        let schema = arrow_schema::Schema::new(vec![field("OrderId"), field("A"), field("a")]);
        let bridged = bridge(&schema);
        let names: Vec<&str> = bridged.schema.fields().iter().map(|field| field.name().as_str()).collect();
        assert_eq!(names, ["orderid", "A", "a"]);
        assert_eq!(bridged.names, ["OrderId", "A", "a"]);
    }
}
