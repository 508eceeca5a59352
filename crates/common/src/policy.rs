//! The pipeline policy: what is done to which object. One YAML file, refused as a whole when anything in it is wrong.
//!
//! [`Policy::parse`] lists every problem at once, each by path, line and column. The published JSON Schema,
//! `crates/common/schema/pipeline-policy.schema.json`, gives editors the same answer for everything that a schema can say.

mod digest;
mod load;
mod model;
mod privacy;
mod problem;
mod reader;
mod sections;
mod yaml;

pub use load::MAX_POLICY_BYTES;
pub use model::{
    CatalogSpec, Columns, Compression, Dataset, FormatKind, FormatSpec, IntegritySpec, KeyPattern, OnFail,
    OutputFormat, Policy, PrivacySpec, QualitySpec, RetentionSpec, RulesetRef, Transform, Undeclared,
};
pub use problem::{PolicyProblem, PolicyProblems};

#[cfg(test)]
mod tests;
