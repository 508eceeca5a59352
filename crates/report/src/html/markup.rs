//! Markup in the making: what stands in the program goes in as it is, everything else is escaped.

use std::fmt::Write as _;

/// Characters shown of a text. Names and rules can be as long as their authors like.
const MOST_CHARACTERS: usize = 1_200;

/// A piece of HTML.
#[derive(Debug, Default)]
pub(super) struct Markup(String);

impl Markup {
    /// Markup that the program itself is made of.
    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Any text, escaped for content and for quoted attributes.
    pub(super) fn text(&mut self, text: impl AsRef<str>) -> &mut Self {
        escape(text.as_ref(), &mut self.0);
        self
    }

    /// A number, which needs no escaping.
    pub(super) fn number(&mut self, number: u64) -> &mut Self {
        self.0.push_str(&number.to_string());
        self
    }

    /// A coordinate of a drawing, with two decimals.
    pub(super) fn coordinate(&mut self, value: f64) -> &mut Self {
        let value = if value.is_finite() { value } else { 0.0 };
        #[expect(clippy::let_underscore_must_use, reason = "writing to a String does not fail")]
        let _ = write!(self.0, "{value:.2}");
        self
    }

    pub(super) fn into_string(self) -> String {
        self.0
    }

    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }
}

/// Control characters and those that turn the direction of text would let a name lie about itself: they are written out.
fn escape(text: &str, into: &mut String) {
    for (index, character) in text.chars().enumerate() {
        if index >= MOST_CHARACTERS {
            into.push('…');
            return;
        }
        match character {
            '&' => into.push_str("&amp;"),
            '<' => into.push_str("&lt;"),
            '>' => into.push_str("&gt;"),
            '"' => into.push_str("&quot;"),
            '\'' => into.push_str("&#39;"),
            '\n' | '\t' => into.push(character),
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => {
                into.extend(character.escape_unicode());
            }
            control if control.is_control() => into.extend(control.escape_unicode()),
            other => into.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_text_opens_a_tag_or_leaves_an_attribute(text in any::<String>()) {
            let mut markup = Markup::default();
            markup.text(&text);
            let escaped = markup.into_string();
            prop_assert!(!escaped.contains(['<', '>', '"', '\'']));
            prop_assert!(escaped.chars().all(|character| !character.is_control() || "\n\t".contains(character)));
        }
    }

    #[test]
    fn long_texts_are_cut_and_turned_ones_are_seen() {
        let mut markup = Markup::default();
        markup.text("a\u{202e}b").text("x".repeat(2_000));
        let escaped = markup.into_string();
        assert!(escaped.starts_with("a\\u{202e}b"));
        assert!(escaped.ends_with('…') && escaped.len() < 1_300);
    }
}
