//! Configuration from the environment: read once, checked as a whole, every problem listed at once.
//!
//! ```
//! use sluice_common::BucketName;
//! use sluice_common::config::{ConfigProblems, Environment};
//!
//! struct Config {
//!     raw: BucketName,
//!     retention_days: u32,
//! }
//!
//! fn read(environment: &Environment) -> Result<Config, ConfigProblems> {
//!     let mut variables = environment.reader();
//!     let raw = variables.required("SLUICE_RAW_BUCKET");
//!     let retention_days = variables.bounded("SLUICE_RETENTION_DAYS", 30, 1..=36_500);
//!     variables.finish(|| Some(Config { raw: raw?, retention_days: retention_days? }))
//! }
//!
//! let environment = Environment::from_pairs([("SLUICE_RAW_BUCKET", "lake-raw")]);
//! assert_eq!(read(&environment).unwrap().retention_days, 30);
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// Variables with this prefix are ours; one that nobody asks for is a mistake.
const PREFIX: &str = "SLUICE_";

/// A snapshot of the environment.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, Option<String>>);

impl Environment {
    /// The environment of this process. Called by mains only.
    #[allow(clippy::disallowed_methods)] // the one place
    pub fn from_process() -> Self {
        let readable = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            (name.to_string_lossy().into_owned(), value.into_string().ok())
        };
        Self(std::env::vars_os().map(readable).collect())
    }

    /// A snapshot made of pairs.
    pub fn from_pairs<N: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), Some(value.into()))).collect())
    }

    /// A variable of AWS's, such as `AWS_LAMBDA_LOG_LEVEL`; `None` when it is not set.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_deref()
    }

    /// Begins to read.
    pub fn reader(&self) -> EnvironmentReader<'_> {
        EnvironmentReader { environment: self, asked: BTreeSet::new(), problems: Vec::new() }
    }
}

/// Shows names only: values may be nobody's business.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Reads variables and notes whatever is wrong. Every method returns `None` only after it noted a problem.
#[derive(Debug)]
pub struct EnvironmentReader<'e> {
    environment: &'e Environment,
    asked: BTreeSet<&'static str>,
    problems: Vec<ConfigProblem>,
}

impl EnvironmentReader<'_> {
    /// A variable that must be set.
    pub fn required<T>(&mut self, name: &'static str) -> Option<T>
    where
        T: FromStr<Err: fmt::Display>,
    {
        let value = self.read(name)?;
        if value.is_none() {
            self.note(name, "is not set".to_owned());
        }
        value
    }

    /// A variable with a default.
    pub fn or_default<T>(&mut self, name: &'static str, default: T) -> Option<T>
    where
        T: FromStr<Err: fmt::Display>,
    {
        Some(self.read(name)?.unwrap_or(default))
    }

    /// A variable that may be absent: `Some(None)` then.
    #[allow(clippy::option_option)] // outside: was there a problem; inside: is it set
    pub fn optional<T>(&mut self, name: &'static str) -> Option<Option<T>>
    where
        T: FromStr<Err: fmt::Display>,
    {
        self.read(name)
    }

    /// A number within bounds, with a default.
    pub fn bounded<T>(&mut self, name: &'static str, default: T, bounds: RangeInclusive<T>) -> Option<T>
    where
        T: FromStr<Err: fmt::Display> + PartialOrd + fmt::Display,
    {
        let value = self.or_default(name, default)?;
        if bounds.contains(&value) {
            return Some(value);
        }
        self.note(name, format!("must be from {} to {}", bounds.start(), bounds.end()));
        None
    }

    /// Builds the configuration, if nothing was wrong and no variable with our prefix is left over.
    ///
    /// # Errors
    /// Every problem at once.
    pub fn finish<C>(mut self, build: impl FnOnce() -> Option<C>) -> Result<C, ConfigProblems> {
        let ours = self.environment.0.keys().filter(|name| name.starts_with(PREFIX));
        let unknown: Vec<String> = ours.filter(|name| !self.asked.contains(name.as_str())).cloned().collect();
        for name in unknown {
            let nearest = self.asked.iter().min_by_key(|asked| strsim::osa_distance(asked, &name));
            let near = nearest.filter(|asked| strsim::osa_distance(asked, &name) <= 3);
            let hint = near.map(|asked| format!("; did you mean {asked}?")).unwrap_or_default();
            self.problems.push(ConfigProblem { variable: name, message: format!("is not known{hint}") });
        }
        match build() {
            Some(config) if self.problems.is_empty() => Ok(config),
            _ => Err(ConfigProblems(self.problems)),
        }
    }

    #[allow(clippy::option_option)] // as above
    fn read<T>(&mut self, name: &'static str) -> Option<Option<T>>
    where
        T: FromStr<Err: fmt::Display>,
    {
        self.asked.insert(name);
        match self.environment.0.get(name) {
            // An empty variable is how a template says "none".
            None => Some(None),
            Some(Some(text)) if text.is_empty() => Some(None),
            Some(Some(text)) => match text.parse() {
                Ok(value) => Some(Some(value)),
                Err(error) => {
                    self.note(name, error.to_string());
                    None
                }
            },
            Some(None) => {
                self.note(name, "is not UTF-8".to_owned());
                None
            }
        }
    }

    fn note(&mut self, name: &str, message: String) {
        self.problems.push(ConfigProblem { variable: name.to_owned(), message });
    }
}

/// One thing that is wrong with the environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigProblem {
    /// The variable's name.
    pub variable: String,
    /// What is wrong with it. The value is not shown.
    pub message: String,
}

/// Everything that is wrong with the environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigProblems(Vec<ConfigProblem>);

impl ConfigProblems {
    /// The problems.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &ConfigProblem> {
        self.0.iter()
    }
}

impl fmt::Display for ConfigProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("configuration")?;
        for (index, problem) in self.0.iter().enumerate() {
            write!(f, "{} {}: {}", if index == 0 { ":" } else { ";" }, problem.variable, problem.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigProblems {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::BucketName;

    #[test]
    fn every_problem_is_listed_at_once() {
        let environment = Environment::from_pairs([
            ("SLUICE_RAW_BUCKET", "Not_A_Bucket"),
            ("SLUICE_RETENTION_DAYS", "0"),
            ("SLUICE_POLICY_KYE", "x"),
            ("AWS_REGION", "eu-central-1"),
        ]);
        let mut variables = environment.reader();
        let raw = variables.required::<BucketName>("SLUICE_RAW_BUCKET");
        let evidence = variables.required::<BucketName>("SLUICE_EVIDENCE_BUCKET");
        let days = variables.bounded("SLUICE_RETENTION_DAYS", 30, 1..=36_500);
        let policy = variables.or_default("SLUICE_POLICY_KEY", "policy/pipeline.yaml".to_owned());
        let problems = variables.finish(|| Some((raw?, evidence?, days?, policy?))).unwrap_err();
        let names: Vec<&str> = problems.iter().map(|problem| problem.variable.as_str()).collect();
        assert_eq!(
            names,
            ["SLUICE_RAW_BUCKET", "SLUICE_EVIDENCE_BUCKET", "SLUICE_RETENTION_DAYS", "SLUICE_POLICY_KYE"]
        );
        let text = problems.to_string();
        assert!(text.contains("did you mean SLUICE_POLICY_KEY?"), "{text}");
        assert!(!text.contains("Not_A_Bucket"), "{text}");
    }

    #[test]
    fn empty_is_not_set() {
        let environment = Environment::from_pairs([("SLUICE_A", ""), ("SLUICE_B", "7")]);
        let mut variables = environment.reader();
        let (a, b) = (variables.optional::<u8>("SLUICE_A"), variables.optional::<u8>("SLUICE_B"));
        assert_eq!(variables.finish(|| Some((a?, b?))), Ok((None, Some(7))));
    }

    #[test]
    fn a_value_that_is_not_utf8_is_a_problem() {
        let environment = Environment([("SLUICE_A".to_owned(), None)].into());
        let mut variables = environment.reader();
        let a = variables.required::<String>("SLUICE_A");
        assert!(variables.finish(|| a).unwrap_err().to_string().contains("not UTF-8"));
    }
}
