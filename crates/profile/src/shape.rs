//! The shape of a text: what kind of characters it is made of, without the characters.

use std::fmt::Write as _;

/// Runs after which a shape is cut.
const MAX_RUNS: usize = 16;
/// Runs up to this length are written out.
const WRITTEN_OUT: usize = 4;

/// Digits are `9`, ASCII letters `A` and `a`, other letters `x`, other characters stand for themselves; a run of more
/// than four is `9{5}`. A `…` at the end: the text went on. Overwrites `shape`.
pub(crate) fn write_shape(text: &[u8], shape: &mut String) {
    shape.clear();
    let mut runs = 0;
    let mut run: Option<(char, usize)> = None;
    let text = String::from_utf8_lossy(text.get(..1 << 10).unwrap_or(text));
    for character in text.chars() {
        let kind = kind_of(character);
        match &mut run {
            Some((same, length)) if *same == kind => *length += 1,
            _ => {
                write_run(run.take(), shape);
                runs += 1;
                if runs > MAX_RUNS {
                    shape.push('…');
                    return;
                }
                run = Some((kind, 1));
            }
        }
    }
    write_run(run, shape);
}

fn kind_of(character: char) -> char {
    match character {
        '0'..='9' => '9',
        'A'..='Z' => 'A',
        'a'..='z' => 'a',
        letter if letter.is_alphanumeric() => 'x',
        control if control.is_control() => '?',
        other => other,
    }
}

fn write_run(run: Option<(char, usize)>, shape: &mut String) {
    match run {
        Some((kind, length)) if length <= WRITTEN_OUT => shape.extend(std::iter::repeat_n(kind, length)),
        #[expect(clippy::let_underscore_must_use, reason = "writing to a String does not fail")]
        Some((kind, length)) => {
            let _ = write!(shape, "{kind}{{{length}}}");
        }
        None => {}
    }
}

/// The regular expression for texts of exactly this shape, when it is made of ASCII letters, digits and a few marks.
pub(crate) fn regex_of(shape: &str) -> Option<String> {
    let mut regex = String::new();
    let mut characters = shape.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '9' => regex.push_str("[0-9]"),
            'A' => regex.push_str("[A-Z]"),
            'a' => regex.push_str("[a-z]"),
            '-' | '_' | ' ' | '/' | ':' | '@' | ',' => regex.push(character),
            '.' => regex.push_str("[.]"),
            _ => return None,
        }
        let mut length = 1;
        while characters.next_if_eq(&character).is_some() {
            length += 1;
        }
        if characters.next_if_eq(&'{').is_some() {
            let digits: String = std::iter::from_fn(|| characters.next_if(char::is_ascii_digit)).collect();
            characters.next_if_eq(&'}')?;
            length = digits.parse().ok()?;
        }
        if length > 1 {
            #[expect(clippy::let_underscore_must_use, reason = "writing to a String does not fail")]
            let _ = write!(regex, "{{{length}}}");
        }
    }
    (!regex.is_empty()).then_some(regex)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape_of(text: &str) -> String {
        let mut shape = String::from("old");
        write_shape(text.as_bytes(), &mut shape);
        shape
    }

    #[test]
    fn characters_give_way_to_their_kinds() {
        assert_eq!(shape_of("AB-1234"), "AA-9999");
        assert_eq!(shape_of("12345 Zürich"), "9{5} Axaaaa");
        assert_eq!(shape_of("a\n"), "a?");
        assert_eq!(shape_of(&"a1".repeat(40)), format!("{}…", "a9".repeat(8)));
    }

    #[test]
    fn a_shape_of_plain_characters_is_a_regular_expression() {
        assert_eq!(regex_of("AA-9{5}").as_deref(), Some("[A-Z]{2}-[0-9]{5}"));
        assert_eq!(regex_of("9.a").as_deref(), Some("[0-9][.][a-z]"));
        for shape in ["", "x", "a…", "9{5", "a(b", "a\"b"] {
            assert_eq!(regex_of(shape), None, "{shape}");
        }
    }
}
