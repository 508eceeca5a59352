//! Texts of DQDL.

use std::fmt::Write as _;

/// `text` between quotes, with DQDL's two escapes.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted.push('"');
    quoted
}

/// An operand of `in [ … ]`.
pub(super) fn operand(text: Option<&str>) -> String {
    match text {
        None => "NULL".to_owned(),
        Some("") => "EMPTY".to_owned(),
        Some(text) => quoted(text),
    }
}

/// ` where "… is not null"`, for rules that count a NULL as a failure.
pub(super) fn where_present(column: &str) -> String {
    format!(" where {}", quoted(&format!("`{}` is not null", column.replace('`', "``"))))
}

/// A text on one line of a comment.
pub(super) fn on_one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() || matches!(character, '\u{2028}' | '\u{2029}') {
            #[expect(clippy::let_underscore_must_use, reason = "writing to a String does not fail")]
            let _ = write!(line, "{}", character.escape_unicode());
        } else {
            line.push(character);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_cannot_leave_their_quotes_or_their_line() {
        assert_eq!(quoted(r#"a"b\"#), r#""a\"b\\""#);
        assert_eq!(on_one_line("a\nRules = []\u{2028}"), "a\\u{a}Rules = []\\u{2028}");
        assert_eq!(where_present("a`b"), " where \"`a``b` is not null\"");
    }
}
