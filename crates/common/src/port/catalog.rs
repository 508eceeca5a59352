use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::disposition::{Dispose, Disposition};

/// A column in Hive's type language, which the Glue Data Catalog speaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableColumn {
    /// The name, lower case as Glue stores it.
    pub name: String,
    /// A Hive type such as `string`, `bigint`, `timestamp`.
    #[serde(rename = "type")]
    pub hive_type: String,
}

/// How a table's files are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableFormat {
    /// Text with a delimiter; whether the first line is a header.
    Csv {
        /// The delimiter.
        delimiter: char,
        /// Whether each file begins with a header line.
        header: bool,
    },
    /// One JSON object a line.
    JsonLines,
    /// Apache Parquet.
    Parquet,
}

/// A table to be known to the catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogTable {
    /// The Glue database, which must exist.
    pub database: String,
    /// The table.
    pub table: String,
    /// `s3://bucket/prefix/` of its files.
    pub location: String,
    /// How to read them.
    pub format: TableFormat,
    /// Its columns.
    pub columns: Vec<TableColumn>,
}

/// Makes curated tables known: Glue `CreateTable`/`UpdateTable`.
#[async_trait]
pub trait Catalog: Send + Sync {
    /// Creates the table or brings its columns and location up to date. Doing it twice changes nothing.
    async fn register(&self, table: &CatalogTable) -> Result<(), CatalogError>;
}

/// A table of a catalog by its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TableName {
    /// The database.
    pub database: String,
    /// The table.
    pub table: String,
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.database, self.table)
    }
}

/// What a catalog says of a table that it knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownTable {
    /// `s3://bucket/prefix/` of its files.
    pub location: String,
    /// Its columns.
    pub columns: Vec<TableColumn>,
    /// Its parameters.
    pub parameters: BTreeMap<String, String>,
}

/// What a catalog keeps of one column: `ColumnStatistics` of the AWS Glue API.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnStatistics {
    /// The column and its Hive type.
    pub column: TableColumn,
    /// The statistics.
    pub data: StatisticsData,
}

/// `ColumnStatisticsData` of the AWS Glue API: one shape for each kind of type.
#[derive(Debug, Clone, PartialEq)]
pub enum StatisticsData {
    /// Booleans.
    Boolean {
        /// How many are true.
        trues: u64,
        /// How many are false.
        falses: u64,
        /// How many are NULL.
        nulls: u64,
    },
    /// Whole numbers; points in time as seconds since 1970-01-01T00:00Z, as Hive has them.
    Long(Extent<i64>),
    /// Floating-point numbers.
    Double(Extent<f64>),
    /// Decimal numbers, unscaled.
    Decimal {
        /// Digits after the point.
        scale: i32,
        /// The unscaled values.
        extent: Extent<i128>,
    },
    /// Dates, as days since 1970-01-01.
    Date(Extent<i64>),
    /// Texts, their lengths in characters.
    Text {
        /// The longest.
        max_length: u64,
        /// The mean.
        average_length: f64,
        /// How many are NULL.
        nulls: u64,
        /// How many are different.
        distinct: u64,
    },
    /// Bytes.
    Binary {
        /// The longest, in bytes.
        max_length: u64,
        /// The mean, in bytes.
        average_length: f64,
        /// How many are NULL.
        nulls: u64,
    },
}

/// The statistics of ordered values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Extent<T> {
    /// The least and the greatest value, where they may be told and there is one.
    pub range: Option<(T, T)>,
    /// How many are NULL.
    pub nulls: u64,
    /// How many are different.
    pub distinct: u64,
}

/// Tells a catalog what its tables hold. Everything may be done twice.
#[async_trait]
pub trait TableStatistics: Send + Sync {
    /// A table as the catalog has it; `None` when it does not know it.
    async fn known(&self, table: &TableName) -> Result<Option<KnownTable>, CatalogError>;

    /// Replaces the statistics of these columns.
    async fn put_statistics(
        &self,
        table: &TableName,
        columns: &[ColumnStatistics],
        analyzed_at: Timestamp,
    ) -> Result<(), CatalogError>;

    /// Removes the statistics of a column, if there are any.
    async fn forget_statistics(&self, table: &TableName, column: &str) -> Result<(), CatalogError>;

    /// Sets parameters of a table, and removes those without a value. Whatever else the table says stays, even when
    /// others change it at the same time.
    async fn put_parameters(
        &self,
        table: &TableName,
        parameters: &BTreeMap<String, Option<String>>,
    ) -> Result<(), CatalogError>;
}

/// Rulesets kept in Glue: `GetDataQualityRuleset`.
#[async_trait]
pub trait RulesetSource: Send + Sync {
    /// The DQDL text of a named ruleset.
    async fn ruleset(&self, name: &str) -> Result<String, CatalogError>;
}

/// What can go wrong with the catalog.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// The database, the table or the ruleset does not exist.
    #[error("{operation}: {what} does not exist in the Glue Data Catalog; create it or correct the pipeline policy")]
    NotFound {
        /// The Glue operation.
        operation: &'static str,
        /// Its name.
        what: String,
    },
    /// The table's rows cannot be read where they lie.
    #[error("the table {table} of the Glue Data Catalog cannot be read: {problem}")]
    Unreadable {
        /// `database.table`.
        table: String,
        /// Why, and what to do.
        problem: String,
    },
    /// The role may not.
    #[error("{operation}: access denied")]
    Denied {
        /// The Glue operation.
        operation: &'static str,
    },
    /// Anything else.
    #[error("{operation}: {code}")]
    Other {
        /// The Glue operation.
        operation: &'static str,
        /// The error's code.
        code: String,
        /// The cause.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}

impl Dispose for CatalogError {
    fn disposition(&self) -> Disposition {
        Disposition::Retry
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "catalog_entry_not_found",
            Self::Unreadable { .. } => "catalog_table_unreadable",
            Self::Denied { .. } => "catalog_access_denied",
            Self::Other { .. } => "catalog_failed",
        }
    }
}
