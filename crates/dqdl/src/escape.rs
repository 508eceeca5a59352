//! The two escapes of quoted texts.

/// Resolves `\"` and `\\`; every other backslash stands for itself.
pub(crate) fn unescape(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut characters = raw.chars().peekable();
    while let Some(character) = characters.next() {
        match characters.peek() {
            Some(&next @ ('"' | '\\')) if character == '\\' => {
                text.push(next);
                characters.next();
            }
            _ => text.push(character),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::unescape;

    #[test]
    fn only_quotes_and_backslashes_are_escaped() {
        assert_eq!(unescape(r#"a\"b"#), "a\"b");
        assert_eq!(unescape(r"\\\\"), r"\\");
        assert_eq!(unescape(r"\d+\'"), r"\d+\'");
        assert_eq!(unescape("\\"), "\\");
    }
}
