//! Colour for people at a terminal who did not ask for none (<https://no-color.org>).

use std::io::IsTerminal as _;

use sluice_common::config::Environment;

/// Paints words, or leaves them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paint {
    is_on: bool,
}

impl Paint {
    /// For standard output.
    pub(crate) fn for_stdout() -> Self {
        let refused = Environment::from_process().get("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { is_on: std::io::stdout().is_terminal() && !refused }
    }

    pub(crate) fn green(self, word: &str) -> String {
        self.with("32", word)
    }

    pub(crate) fn red(self, word: &str) -> String {
        self.with("31;1", word)
    }

    pub(crate) fn yellow(self, word: &str) -> String {
        self.with("33;1", word)
    }

    fn with(self, code: &str, word: &str) -> String {
        if self.is_on { format!("\u{1b}[{code}m{word}\u{1b}[0m") } else { word.to_owned() }
    }
}
