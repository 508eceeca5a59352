//! The tokens of DQDL.

use crate::span::Span;

/// A token; its text is the source under its span.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) span: Span,
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// Letters, digits, `_` and `.` that make no number and no keyword: rule types, units, functions, bare columns.
    Word,
    /// Digits.
    Integer,
    /// Digits, a point, digits.
    Decimal,
    /// A quoted text that is no date and no time.
    Text,
    /// `"2024-01-31"`, quotes included.
    Date,
    /// `"9:30 AM"` or `"21:45"`, quotes included.
    Time,
    /// `and`, `AND`.
    And,
    /// `or`, `OR`.
    Or,
    /// `of`, `OF`.
    Of,
    /// `null`, `NULL`.
    Null,
    /// `empty`, `EMPTY`.
    Empty,
    /// `whitespaces_only`, `WHITESPACES_ONLY`.
    WhitespacesOnly,
    /// `between`.
    Between,
    /// `in`.
    In,
    /// `not`.
    Not,
    /// Punctuation or an operator: `,` `:` `{` `}` `[` `]` `(` `)` `=` `>` `<` `!` `$` `+` `-` `*` `/`.
    Symbol(char),
    /// `>=`.
    GreaterOrEqual,
    /// `<=`.
    LessOrEqual,
    /// The end of the source.
    End,
}

impl TokenKind {
    /// The keyword that `word` spells. Only these have an upper-case form; every other word is lower case only.
    pub(crate) fn keyword(word: &str) -> Option<Self> {
        Some(match word {
            "and" | "AND" => Self::And,
            "or" | "OR" => Self::Or,
            "of" | "OF" => Self::Of,
            "null" | "NULL" => Self::Null,
            "empty" | "EMPTY" => Self::Empty,
            "whitespaces_only" | "WHITESPACES_ONLY" => Self::WhitespacesOnly,
            "between" => Self::Between,
            "in" => Self::In,
            "not" => Self::Not,
            _ => return None,
        })
    }
}
