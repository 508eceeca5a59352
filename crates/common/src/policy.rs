//! The pipeline policy: what is done to which object. One YAML file, refused as a whole when anything in it is wrong.
//!
//! [`Policy::parse`] lists every problem at once, each by path, line and column. The published JSON Schema,
//! `crates/common/schema/pipeline-policy.schema.json`, gives editors the same answer for everything that a schema can say.

mod comprehend;
mod detect;
mod digest;
mod hand_over;
mod load;
mod model;
mod paths;
mod privacy;
mod problem;
mod reader;
mod reference;
mod release;
mod risk;
mod sections;
mod subjects;
mod transform;
mod transforms;
mod yaml;

pub use comprehend::{ComprehendSpec, TextKind, TextLanguage};
pub use detect::{AllowSpec, CustomEntitySpec, DetectSpec, EntityChecksum, TestValues, UndeclaredPii};
pub use hand_over::HandOverSpec;
pub use load::MAX_POLICY_BYTES;
pub use model::{
    CatalogSpec, CatalogStatistics, Columns, Compression, Dataset, FormatKind, FormatSpec, IntegritySpec, KeyPattern,
    OnFail, OutputFormat, Policy, PrivacySpec, QualitySpec, RetentionSpec, RulesetRef, Undeclared,
};
pub use problem::{PolicyProblem, PolicyProblems};
pub use reference::{ReferenceSource, ReferenceSpec};
pub use release::{NumberBounds, ReleaseColumn, ReleaseSpec};
pub use risk::{RiskSpec, SmallClasses};
pub use subjects::{CohortSize, SubjectsSpec};
pub use transform::{
    CheckDigit, DateOrder, DatePart, Fpe, Generalize, HashAlgorithm, HashConstruction, KeyScope, NoiseDistribution,
    Number, RedactWith, ShiftDate, SurrogateKind, Transform, Unfit,
};
pub use transforms::ALPHABETS;

#[cfg(test)]
mod tests;
