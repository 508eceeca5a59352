use async_trait::async_trait;
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
    /// The database or the ruleset does not exist.
    #[error("{operation}: {what} does not exist in the Glue Data Catalog; create it or correct the pipeline policy")]
    NotFound {
        /// The Glue operation.
        operation: &'static str,
        /// A database's or a ruleset's name.
        what: String,
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
            Self::Denied { .. } => "catalog_access_denied",
            Self::Other { .. } => "catalog_failed",
        }
    }
}
