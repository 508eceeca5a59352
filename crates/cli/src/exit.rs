//! What the exit code says.

use std::io::Write as _;
use std::process::ExitCode;

/// The answer of a command that could tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// What was asked holds: 0.
    Pass,
    /// It does not: 1.
    Fail,
    /// Some of it could not be told, or not yet, and nothing is known to fail: 3.
    Unknown,
}

impl Answer {
    pub(crate) fn from_bool(holds: bool) -> Self {
        if holds { Self::Pass } else { Self::Fail }
    }
}

/// The exit code for a command's outcome; prints the chain of causes of one that could not tell.
pub(crate) fn report(outcome: anyhow::Result<Answer>) -> ExitCode {
    match outcome {
        Ok(Answer::Pass) => ExitCode::SUCCESS,
        Ok(Answer::Fail) => ExitCode::from(1),
        Ok(Answer::Unknown) => ExitCode::from(3),
        Err(error) => {
            // Standard error may be closed; there is nobody left to tell.
            drop(writeln!(std::io::stderr(), "sluice: {error:#}"));
            ExitCode::from(3)
        }
    }
}
