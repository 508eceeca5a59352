use arrow_schema::ArrowError;
use sluice_common::privacy_loss::PrivacyLoss;
use sluice_common::{Dispose, Disposition};
use sluice_tabular::TabularError;

/// Why nothing was released. No message tells anything of the data.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReleaseError {
    /// The request is not JSON of the expected shape.
    #[error("the request is not understood: {0}")]
    Unreadable(#[source] serde_json::Error),
    /// The dataset has no `release` section.
    #[error("the policy allows no release of dataset `{dataset}`; add a `release` section with a budget")]
    NotAllowed {
        /// The dataset's name.
        dataset: String,
    },
    /// A question that the policy does not allow or that makes no sense.
    #[error("query `{name}`: {problem}")]
    Query {
        /// The query's name.
        name: String,
        /// What to change.
        problem: String,
    },
    /// The whole request is wrong.
    #[error("the request {0}")]
    Request(&'static str),
    /// The request alone costs more than the whole budget.
    #[error("the request costs {cost}, and the whole budget is {budget}; ask less, or of lower precision")]
    BeyondBudget {
        /// What it costs.
        cost: PrivacyLoss,
        /// All that may ever be spent.
        budget: PrivacyLoss,
    },
    /// There are more people than memory.
    #[error("more than {most} people: give the dataset a row for each person and leave `person` out of the policy")]
    TooManyPeople {
        /// The most that are told apart.
        most: usize,
    },
    /// The table cannot be read.
    #[error(transparent)]
    Table(#[from] TabularError),
    /// A column has a type that cannot be a number or a text.
    #[error("column `{column}` is neither a number nor a text")]
    Type {
        /// The column.
        column: String,
        /// Why.
        #[source]
        source: ArrowError,
    },
    /// The mechanism refuses its parameters.
    #[error("the mechanism refuses: {0}")]
    Mechanism(String),
}

impl Dispose for ReleaseError {
    fn disposition(&self) -> Disposition {
        match self {
            Self::Table(error) if error.kind() == sluice_tabular::ErrorKind::Io => Disposition::Retry,
            _ => Disposition::Quarantine,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Unreadable(_) | Self::Request(_) => "request_unreadable",
            Self::NotAllowed { .. } => "release_not_allowed",
            Self::Query { .. } => "query_refused",
            Self::BeyondBudget { .. } => "budget_too_small",
            Self::TooManyPeople { .. } => "too_many_people",
            Self::Table(_) | Self::Type { .. } => "table_unreadable",
            Self::Mechanism(_) => "mechanism_refused",
        }
    }
}
