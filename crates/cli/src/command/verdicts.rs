//! What every verification of evidence prints: its verdicts, one a line, and the facts below them; or all of it as JSON.

use std::fmt::Display;
use std::io::Write;

use serde::Serialize;
use sluice_evidence::offline::Verdict;

/// Verdicts and facts, in the order in which they are printed.
pub(super) struct Verdicts<'a> {
    verdicts: Vec<(&'static str, &'a Verdict)>,
    facts: Vec<(&'static str, String)>,
}

impl<'a> Verdicts<'a> {
    /// The four questions that are asked of all evidence.
    pub(super) fn of(
        integrity: &'a Verdict,
        completeness: &'a Verdict,
        authenticity: &'a Verdict,
        lock: &'a Verdict,
    ) -> Self {
        Self::new(vec![
            ("INTEGRITY", integrity),
            ("COMPLETENESS", completeness),
            ("AUTHENTICITY", authenticity),
            ("LOCK", lock),
        ])
    }

    pub(super) const fn new(verdicts: Vec<(&'static str, &'a Verdict)>) -> Self {
        Self { verdicts, facts: Vec::new() }
    }

    /// Adds a fact below the verdicts. Without a name it goes on with the one before.
    pub(super) fn fact(&mut self, name: &'static str, value: &dyn Display) {
        self.facts.push((name, value.to_string()));
    }

    /// Prints for people, or the report as JSON.
    pub(super) fn print(&self, report: &impl Serialize, as_json: bool) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        if as_json {
            serde_json::to_writer_pretty(&mut out, report)?;
            writeln!(out)?;
            return Ok(());
        }
        for (name, verdict) in &self.verdicts {
            match verdict {
                Verdict::Holds => writeln!(out, "{name:<13} holds")?,
                Verdict::Fails(why) => writeln!(out, "{name:<13} FAILS: {why}")?,
                Verdict::Pending(why) => writeln!(out, "{name:<13} pending: {why}")?,
                Verdict::NotChecked => writeln!(out, "{name:<13} not checked")?,
            }
        }
        if !self.facts.is_empty() {
            writeln!(out)?;
        }
        for (name, value) in &self.facts {
            writeln!(out, "{name:<13} {value}")?;
        }
        Ok(())
    }
}
