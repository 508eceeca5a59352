//! How easily people are found again in a table.
//!
//! Rows that agree in all quasi-identifiers (attributes that others know of a person: birth year, postcode, sex) form a
//! *class*. Nobody who knows only these tells the rows of a class apart.
//!
//! | figure | of a table | source |
//! |---|---|---|
//! | k-anonymity | the size of the smallest class | Samarati and Sweeney 1998 |
//! | uniqueness | the share of rows that are alone in their class | |
//! | l-diversity, distinct | the fewest different sensitive values in a class | Machanavajjhala et al. 2007, definition 3 |
//! | l-diversity, entropy | the least exponential of the entropy of a class's sensitive values | ibid., definition 4.1 |
//! | t-closeness | the largest distance between a class's sensitive values and the table's | Li, Li and Venkatasubramanian 2007, equal distance |
//!
//! Classes and the sensitive values in them are counted by digest; beyond a budget the counts go to partitions on disk, so
//! memory does not grow with the table. Figures are exact unless two classes have the same 128-bit digest under a random
//! seed.
//!
//! A NULL is a value like any other: rows that lack an attribute form a class with each other, not with all.

mod assessor;
mod counts;
mod error;
mod figures;
mod offending;

pub use assessor::{Assessor, Columns, Options};
pub use error::RiskError;
pub use figures::{ClassSizes, Diversity, Figures, Violation};
pub use offending::OffendingClasses;
