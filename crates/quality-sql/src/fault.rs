//! What can go wrong with a query, and whose fault it is: the query's, its data's, or the machine's.

use std::io;

use datafusion::arrow::error::ArrowError;
use datafusion::common::{DataFusionError, SchemaError};
use sluice_quality::{QualityError, RefusedOutcome, SqlAnswer};
use sluice_tabular::{ErrorKind, TabularError};

/// A query without a result.
#[derive(Debug)]
pub(crate) struct Refused {
    outcome: RefusedOutcome,
    pub(crate) message: String,
    /// The column that is not there, when that is why.
    pub(crate) missing: Option<String>,
}

impl Refused {
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self { outcome: RefusedOutcome::Failed, message: message.into(), missing: None }
    }

    pub(crate) fn error(message: impl Into<String>) -> Self {
        Self { outcome: RefusedOutcome::Error, message: message.into(), missing: None }
    }

    pub(crate) fn missing(column: &str) -> Self {
        Self { missing: Some(column.to_owned()), ..Self::failed(format!("Column {column} not found")) }
    }
}

impl From<Refused> for SqlAnswer {
    fn from(refused: Refused) -> Self {
        Self::Refused { outcome: refused.outcome, message: refused.message }
    }
}

/// Why there is no result.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Nothing that a retry would mend.
    Refused(Refused),
    /// More memory or storage than it may use: a join holds one side, groups spill.
    Exhausted,
    /// The machine's: to be tried again.
    Machine(Box<dyn std::error::Error + Send + Sync>),
}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl Fault {
    /// The answer that a fault amounts to.
    pub(crate) fn into_answer(self, memory_bytes: usize) -> Result<SqlAnswer, QualityError> {
        match self {
            Self::Refused(refused) => Ok(refused.into()),
            Self::Exhausted => Ok(Refused::error(format!(
                "the query needs more than the {} MiB of memory, or the ephemeral storage, that it may use; select fewer \
                 columns or rows, or raise the function's memory",
                memory_bytes >> 20
            ))
            .into()),
            Self::Machine(source) => Err(QualityError::Sql { source }),
        }
    }
}

/// From DataFusion's errors. While a query is planned, messages speak of the query; while it runs they may quote cells, so
/// only their kind is told.
impl From<DataFusionError> for Fault {
    fn from(error: DataFusionError) -> Self {
        match error {
            DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => (*inner).into(),
            DataFusionError::Collection(errors) => {
                errors.into_iter().next().map_or_else(|| Refused::error("the query cannot be run").into(), Self::from)
            }
            DataFusionError::Shared(shared) => of_shared(&shared),
            DataFusionError::IoError(source) => of_io(source),
            DataFusionError::External(source) => match source.downcast::<TabularError>() {
                Ok(table) => of_table(*table),
                Err(source) => match source.downcast::<DataFusionError>() {
                    Ok(inner) => (*inner).into(),
                    Err(_unknown) => Refused::error("the query failed while it ran").into(),
                },
            },
            DataFusionError::ArrowError(error, _) => of_arrow(*error),
            other => of_shared(&other),
        }
    }
}

/// The disk manager tells its own limit as an error of no kind. A full disk is one, too: the next try has no larger one.
fn of_io(error: io::Error) -> Fault {
    match error.kind() {
        io::ErrorKind::Other | io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Fault::Exhausted,
        _ => Fault::Machine(Box::new(error)),
    }
}

fn of_shared(error: &DataFusionError) -> Fault {
    match error {
        DataFusionError::ResourcesExhausted(_) => Fault::Exhausted,
        DataFusionError::SQL(problem, _) => Refused::failed(format!("the query cannot be read: {problem}")).into(),
        DataFusionError::SchemaError(problem, _) => match problem.as_ref() {
            SchemaError::FieldNotFound { field, .. } => Refused::missing(field.name()).into(),
            other => Refused::error(format!("the query cannot be planned: {other}")).into(),
        },
        DataFusionError::Plan(problem) | DataFusionError::NotImplemented(problem) => {
            Refused::error(format!("the query cannot be planned: {problem}")).into()
        }
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => of_shared(inner),
        DataFusionError::Shared(inner) => of_shared(inner),
        DataFusionError::IoError(error) => of_io(io::Error::new(error.kind(), error.to_string())),
        DataFusionError::ExecutionJoin(stopped) => Fault::Machine(stopped.to_string().into()),
        DataFusionError::External(source) => match source.downcast_ref::<TabularError>() {
            Some(table) if table.kind() == ErrorKind::Io => Fault::Machine(table.to_string().into()),
            Some(table) => Refused::error(format!("a table of the query cannot be read: {table}")).into(),
            None => match source.downcast_ref::<DataFusionError>() {
                Some(inner) => of_shared(inner),
                None => Refused::error("the query failed while it ran").into(),
            },
        },
        DataFusionError::ArrowError(error, _) => match error.as_ref() {
            ArrowError::IoError(_, source) => Fault::Machine(source.to_string().into()),
            other => Refused::error(arrow_problem(other)).into(),
        },
        _ => {
            Refused::error("the query failed while it ran; a value of some row does not fit a function or a type in it")
                .into()
        }
    }
}

fn of_arrow(error: ArrowError) -> Fault {
    match error {
        ArrowError::ExternalError(source) => match source.downcast::<DataFusionError>() {
            Ok(inner) => (*inner).into(),
            Err(_unknown) => Refused::error("the query failed while it ran").into(),
        },
        ArrowError::IoError(_, source) => of_io(source),
        other => Refused::error(arrow_problem(&other)).into(),
    }
}

fn of_table(error: TabularError) -> Fault {
    if error.kind() == ErrorKind::Io {
        Fault::Machine(Box::new(error))
    } else {
        Refused::error(format!("a table of the query cannot be read: {error}")).into()
    }
}

const fn arrow_problem(error: &ArrowError) -> &'static str {
    match error {
        ArrowError::CastError(_) | ArrowError::ParseError(_) => {
            "the query failed while it ran: a value of some row cannot be cast; use try_cast, which gives NULL"
        }
        ArrowError::DivideByZero => "the query failed while it ran: division by zero; use nullif(divisor, 0)",
        ArrowError::ArithmeticOverflow(_) | ArrowError::ComputeError(_) => {
            "the query failed while it ran: a number is out of its type's range; cast to DOUBLE or DECIMAL"
        }
        _ => "the query failed while it ran; a value of some row does not fit a function or a type in it",
    }
}
