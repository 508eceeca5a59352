//! Texts of others at a terminal: without control characters, no wider than their place.

pub(crate) use sluice_profile::grouped;

/// `text` without what would move a cursor or turn the direction of the line.
pub(crate) fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => {
                shown.extend(character.escape_unicode());
            }
            control if control.is_control() => shown.extend(control.escape_default()),
            other => shown.push(other),
        }
    }
    shown
}

/// [`plain`], cut to `width` characters.
pub(crate) fn within(text: &str, width: usize) -> String {
    let text = plain(text);
    if text.chars().count() <= width {
        return text;
    }
    let mut cut: String = text.chars().take(width.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

/// A number in about six significant digits.
pub(crate) fn figure(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude > 0.0 && !(1e-4..1e15).contains(&magnitude) {
        return format!("{value:.3e}");
    }
    let decimals = if magnitude >= 1e5 {
        0
    } else if magnitude >= 1e2 {
        2
    } else {
        4
    };
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A share in percent; only all is 100 %, and only nothing 0 %.
pub(crate) fn percent(share: f64) -> String {
    match share {
        s if s >= 1.0 => "100 %".to_owned(),
        s if s > 0.999 => ">99.9 %".to_owned(),
        s if s > 0.0 && s < 0.001 => "<0.1 %".to_owned(),
        s => format!("{:.1} %", s * 100.0).replace(".0 %", " %"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_others_cannot_steer_the_terminal() {
        assert_eq!(plain("a\u{1b}[2Jb\n\u{202e}"), "a\\u{1b}[2Jb\\n\\u{202e}");
        assert_eq!(within("abcdef", 4), "abc…");
        assert_eq!(within("äöü", 3), "äöü");
    }

    #[test]
    fn figures_are_short() {
        assert_eq!(
            (figure(1.5), figure(123_456.7), figure(-0.25), figure(1e-9)),
            ("1.5".into(), "123457".into(), "-0.25".into(), "1.000e-9".into())
        );
        assert_eq!(
            (percent(1.0), percent(0.9995), percent(0.5), percent(0.0001)),
            ("100 %".into(), ">99.9 %".into(), "50 %".into(), "<0.1 %".into())
        );
        assert_eq!((grouped(1), grouped(1_234_567)), ("1".into(), "1,234,567".into()));
    }
}
