use arrow_schema::DataType;

use crate::crypto::Ff1Error;

/// Why a column cannot be transformed. Messages hold no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransformError {
    /// The policy names a keyed transform but no domain.
    #[error("transform `{transform}` needs a key: name a domain in the policy's privacy section")]
    KeyNeeded {
        /// The transform.
        transform: &'static str,
    },
    /// A list, struct or map, which has no single text.
    #[error(
        "values of type {data_type} have no single text form; name a field below it (`list[*].field`, `list[*]`), or drop the column"
    )]
    UnsupportedType {
        /// Arrow's name of the type, without the names of fields.
        data_type: &'static str,
    },
    /// A value is outside what its type can mean, such as a date beyond the calendar.
    #[error(
        "row {row} of a batch holds a value of type {data_type} that has no text form; repair it or drop the column"
    )]
    NoText {
        /// Arrow's name of the type.
        data_type: &'static str,
        /// The row in its batch, counted from 0.
        row: usize,
    },
    /// A value is not of the kind that the transform takes.
    #[error(
        "row {row} of a batch holds a value that is not {expected}; repair it, or let the policy say what becomes of \
         such values (`unfit`)"
    )]
    Unfit {
        /// What was expected, such as `a date`.
        expected: &'static str,
        /// The row in its batch, counted from 0.
        row: usize,
    },
    /// Values of a type cannot be what the transform takes.
    #[error("values of type {data_type} are not {expected}; choose another transform, or drop the column")]
    WrongType {
        /// What was expected, such as `dates`.
        expected: &'static str,
        /// Arrow's name of the type.
        data_type: &'static str,
    },
    /// A row is needed with the column that names its subject.
    #[error("transform `{transform}` needs the column that names the subject")]
    SubjectNeeded {
        /// The transform.
        transform: &'static str,
    },
    /// A service is to be asked, and was not.
    #[error("transform `redact_text` needs what the service found, and nobody asked it")]
    ServiceNeeded,
    /// The detector does not take what the policy says of entities.
    #[error("transform `redact_text`: {problem}")]
    Detect {
        /// What is wrong.
        problem: String,
    },
    /// FF1 does not take the parameters.
    #[error("transform `fpe`: {0}")]
    Fpe(#[from] Ff1Error),
    /// A column of one batch would be larger than Arrow can address.
    #[error("a batch's column is too large once transformed; read in smaller blocks")]
    TooLarge,
}

/// Arrow's name of a type. Fields of structs are named by the data, so they are left out.
pub(crate) fn type_name(data_type: &DataType) -> &'static str {
    match data_type {
        DataType::Null => "Null",
        DataType::Boolean => "Boolean",
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => "Int",
        DataType::UInt8 | DataType::UInt16 | DataType::UInt32 | DataType::UInt64 => "UInt",
        DataType::Float16 | DataType::Float32 | DataType::Float64 => "Float",
        DataType::Timestamp(..) => "Timestamp",
        DataType::Date32 | DataType::Date64 => "Date",
        DataType::Time32(_) | DataType::Time64(_) => "Time",
        DataType::Duration(_) => "Duration",
        DataType::Interval(_) => "Interval",
        DataType::Binary | DataType::FixedSizeBinary(_) | DataType::LargeBinary | DataType::BinaryView => "Binary",
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "Utf8",
        DataType::List(_)
        | DataType::ListView(_)
        | DataType::FixedSizeList(..)
        | DataType::LargeList(_)
        | DataType::LargeListView(_) => "List",
        DataType::Struct(_) => "Struct",
        DataType::Union(..) => "Union",
        DataType::Dictionary(..) => "Dictionary",
        DataType::Decimal32(..) | DataType::Decimal64(..) | DataType::Decimal128(..) | DataType::Decimal256(..) => {
            "Decimal"
        }
        DataType::Map(..) => "Map",
        DataType::RunEndEncoded(..) => "RunEndEncoded",
    }
}
impl From<sluice_detect::OptionsError> for TransformError {
    fn from(error: sluice_detect::OptionsError) -> Self {
        Self::Detect { problem: error.to_string() }
    }
}
