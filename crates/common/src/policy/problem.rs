use std::fmt;

use super::yaml::Mark;

/// One thing that is wrong with a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyProblem {
    /// Where in the structure, such as `datasets[0].privacy.columns.email.transform`. Empty for the file as a whole.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong and what to do.
    pub message: String,
}

impl fmt::Display for PolicyProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        write!(f, "{} (line {}, column {})", self.message, self.line, self.column)
    }
}

/// Everything that is wrong with a policy, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyProblems {
    problems: Vec<PolicyProblem>,
    unlisted: usize,
}

impl PolicyProblems {
    /// Further problems are counted, not listed.
    const MAX_LISTED: usize = 200;

    pub(super) fn new() -> Self {
        Self { problems: Vec::new(), unlisted: 0 }
    }

    pub(super) fn report(&mut self, path: &str, at: Mark, message: impl Into<String>) {
        if self.problems.len() < Self::MAX_LISTED {
            self.problems.push(PolicyProblem {
                path: path.to_owned(),
                line: at.line,
                column: at.column,
                message: message.into(),
            });
        } else {
            self.unlisted = self.unlisted.saturating_add(1);
        }
    }

    /// `Err(self)` sorted, if there is any.
    pub(super) fn into_result(mut self) -> Result<(), Self> {
        if self.problems.is_empty() {
            return Ok(());
        }
        self.problems.sort_by_key(|problem| (problem.line, problem.column));
        Err(self)
    }

    /// The problems.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &PolicyProblem> {
        self.problems.iter()
    }
}

impl fmt::Display for PolicyProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        if self.unlisted > 0 {
            write!(f, "\nand {} more", self.unlisted)?;
        }
        Ok(())
    }
}

impl std::error::Error for PolicyProblems {}
