//! What a suite is, and the lines of its file.

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;

/// A file of cases and the code that judges them.
pub(crate) struct Suite {
    /// The file's stem.
    pub(crate) name: &'static str,
    /// The file, below the folder of cases.
    pub(crate) file: &'static str,
    /// The share of cases that must pass under `--require`, 0 to 1.
    pub(crate) floor: f64,
    /// Judges the text of the file.
    pub(crate) run: fn(&str) -> Result<Report>,
}

/// The outcome of a suite.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// How many cases passed.
    pub(crate) passed: u32,
    /// The others.
    pub(crate) failures: Vec<Failure>,
}

/// A case that failed.
#[derive(Debug)]
pub(crate) struct Failure {
    /// Its id in the file.
    pub(crate) id: String,
    /// Why, on one line.
    pub(crate) reason: String,
}

impl Report {
    /// Judges each line of `cases` with `check`, which says what is wrong.
    pub(crate) fn of_lines<T: DeserializeOwned>(
        cases: &str,
        id: impl Fn(&T) -> &str,
        check: impl Fn(&T) -> Result<(), String>,
    ) -> Result<Self> {
        let mut report = Self::default();
        for (index, line) in cases.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let case: T = serde_json::from_str(line).with_context(|| format!("line {}", index + 1))?;
            match check(&case) {
                Ok(()) => report.passed += 1,
                Err(reason) => {
                    let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
                    report.failures.push(Failure { id: id(&case).to_owned(), reason });
                }
            }
        }
        Ok(report)
    }

    /// The number of cases.
    pub(crate) fn total(&self) -> u32 {
        self.passed + u32::try_from(self.failures.len()).unwrap_or(u32::MAX)
    }

    /// Whether at least the share `floor` of the cases passed.
    pub(crate) fn reaches(&self, floor: f64) -> bool {
        f64::from(self.passed) >= floor * f64::from(self.total())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn odd_lines(cases: &str) -> Result<Report> {
        Report::of_lines(
            cases,
            |case: &(String, u32)| &case.0,
            |case| if case.1 % 2 == 0 { Ok(()) } else { Err("odd\n  indeed".to_owned()) },
        )
    }

    #[test]
    fn failures_carry_their_id_and_one_line() {
        let report = odd_lines("[\"a\",2]\n\n[\"b\",3]\n").expect("two cases");
        assert_eq!((report.passed, report.total()), (1, 2));
        assert_eq!((report.failures[0].id.as_str(), report.failures[0].reason.as_str()), ("b", "odd indeed"));
        assert!(report.reaches(0.5) && !report.reaches(0.51));
    }

    #[test]
    fn a_broken_line_is_an_error_that_names_it() {
        let error = odd_lines("[\"a\",2]\n[\"b\"]\n").expect_err("broken");
        assert!(error.to_string().contains("line 2"), "{error:#}");
    }
}
