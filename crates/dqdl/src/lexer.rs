//! Splits a source into tokens: the longest match wins, and on a tie the more special token.
//!
//! So `"2024-01-31"` is a date and never a text, `1.5` a number but `1.5.2` and `3days` a word. `\r` counts as white
//! space and `//` starts a comment, as AWS's documentation writes them; the open-source lexer refuses both.

use crate::diagnostic::{Problem, Sink, quoted};
use crate::span::Span;
use crate::token::{Token, TokenKind};

/// The tokens of `source`, the last of which is [`TokenKind::End`]. What fits no token is reported and left out.
pub(crate) fn tokenize(source: &str, sink: &mut Sink) -> Vec<Token> {
    let mut lexer = Lexer { source, bytes: source.as_bytes(), position: 0, tokens: Vec::new() };
    lexer.skip_byte_order_mark();
    while lexer.next_token(sink) {}
    let end = offset(source.len());
    lexer.tokens.push(Token { kind: TokenKind::End, span: Span::new(end, end) });
    lexer.tokens
}

struct Lexer<'a> {
    source: &'a str,
    bytes: &'a [u8],
    position: usize,
    tokens: Vec<Token>,
}

impl Lexer<'_> {
    fn skip_byte_order_mark(&mut self) {
        if self.source.starts_with('\u{feff}') {
            self.position = '\u{feff}'.len_utf8();
        }
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.position + ahead).copied()
    }

    fn next_token(&mut self, sink: &mut Sink) -> bool {
        let Some(byte) = self.peek(0) else { return false };
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' => self.position += 1,
            b'#' => self.skip_line(),
            b'/' if self.peek(1) == Some(b'/') => self.skip_line(),
            b'"' => self.text(sink),
            b'>' if self.peek(1) == Some(b'=') => self.push(TokenKind::GreaterOrEqual, 2),
            b'<' if self.peek(1) == Some(b'=') => self.push(TokenKind::LessOrEqual, 2),
            b',' | b':' | b'{' | b'}' | b'[' | b']' | b'(' | b')' | b'=' | b'>' | b'<' | b'!' | b'$' | b'+' | b'-'
            | b'*' | b'/' => self.push(TokenKind::Symbol(char::from(byte)), 1),
            _ if is_word_byte(byte) => self.word(),
            _ => self.unknown(sink),
        }
        true
    }

    fn push(&mut self, kind: TokenKind, length: usize) {
        let span = Span::new(offset(self.position), offset(self.position + length));
        self.tokens.push(Token { kind, span });
        self.position += length;
    }

    fn rest(&self) -> &[u8] {
        self.bytes.get(self.position..).unwrap_or_default()
    }

    fn skip_line(&mut self) {
        let rest = self.rest();
        self.position += rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
    }

    fn word(&mut self) {
        let rest = self.rest();
        let length = rest.iter().position(|byte| !is_word_byte(*byte)).unwrap_or(rest.len());
        let word = self.source.get(self.position..self.position + length).unwrap_or_default();
        let kind = number_kind(word).or_else(|| TokenKind::keyword(word)).unwrap_or(TokenKind::Word);
        self.push(kind, length);
    }

    /// A quoted text may span lines. A backslash hides the quote after it, unless no other quote follows at all.
    fn text(&mut self, sink: &mut Sink) {
        let rest = self.rest();
        let mut index = 1;
        let mut hidden_quote = None;
        let close = loop {
            match (rest.get(index), rest.get(index + 1)) {
                (Some(b'"'), _) => break Some(index),
                (Some(b'\\'), Some(b'"')) => {
                    hidden_quote = Some(index + 1);
                    index += 2;
                }
                (Some(b'\\'), Some(b'\\')) => index += 2,
                (Some(_), _) => index += 1,
                (None, _) => break hidden_quote,
            }
        };
        if let Some(close) = close {
            let inner = rest.get(1..close).unwrap_or_default();
            self.push(text_kind(inner), close + 1);
        } else {
            let span = Span::new(offset(self.position), offset(self.position + 1));
            sink.report(Problem::new(span, "this quote is never closed").help("end the text with `\"`"));
            self.skip_line();
        }
    }

    fn unknown(&mut self, sink: &mut Sink) {
        let rest = self.source.get(self.position..).unwrap_or_default();
        let known = |character: char| {
            character.is_ascii()
                && (character.is_ascii_whitespace()
                    || b"#\"><,:{}[]()=!$+-*/_.".contains(&u8::try_from(character).unwrap_or_default())
                    || character.is_ascii_alphanumeric())
        };
        let length = rest.find(known).unwrap_or(rest.len());
        let text = rest.get(..length).unwrap_or_default();
        let span = Span::new(offset(self.position), offset(self.position + length));
        let help = if text.starts_with('\'') {
            "texts stand between double quotes"
        } else {
            "names with such characters need double quotes around them"
        };
        sink.report(Problem::new(span, format!("{} does not belong here", quoted(text))).help(help));
        self.position += length.max(1);
    }
}

const fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.'
}

fn number_kind(word: &str) -> Option<TokenKind> {
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match word.split_once('.') {
        None => all_digits(word).then_some(TokenKind::Integer),
        Some((whole, fraction)) => (all_digits(whole) && all_digits(fraction)).then_some(TokenKind::Decimal),
    }
}

fn text_kind(inner: &[u8]) -> TokenKind {
    if has_shape(inner, b"0000-00-00") {
        TokenKind::Date
    } else if [&b"00:00"[..], b"0:00 AM", b"00:00 AM", b"0:00 PM", b"00:00 PM"]
        .iter()
        .any(|shape| has_shape(inner, shape))
    {
        TokenKind::Time
    } else {
        TokenKind::Text
    }
}

/// Whether `text` is `shape` with any digit for each `0`.
fn has_shape(text: &[u8], shape: &[u8]) -> bool {
    let fits = |(byte, wanted): (&u8, &u8)| if *wanted == b'0' { byte.is_ascii_digit() } else { byte == wanted };
    text.len() == shape.len() && text.iter().zip(shape).all(fits)
}

/// The parser refuses sources that are too long for this to lose anything.
fn offset(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(source: &str) -> Vec<TokenKind> {
        let mut sink = Sink::default();
        let mut kinds: Vec<_> = tokenize(source, &mut sink).into_iter().map(|token| token.kind).collect();
        assert!(!sink.has_errors(), "{source}");
        assert_eq!(kinds.pop(), Some(TokenKind::End));
        kinds
    }

    #[test]
    fn the_longest_match_wins() {
        use TokenKind::{Date, Decimal, Integer, Text, Time, Word};
        assert_eq!(kinds("3days 3 days 1.5 1.5.2 1. .5"), [Word, Integer, Word, Decimal, Word, Word, Word]);
        assert_eq!(
            kinds(r#""2024-01-31" "2024-1-31" "9:30 AM" "9:30 am" "09:30" "9:30""#),
            [Date, Text, Time, Text, Time, Text]
        );
    }

    #[test]
    fn only_some_keywords_have_an_upper_case_form() {
        use TokenKind::{And, Between, In, Word};
        assert_eq!(kinds("and AND And in IN between BETWEEN"), [And, And, Word, In, Word, Between, Word]);
    }

    #[test]
    fn comments_end_with_the_line_or_the_source() {
        assert_eq!(kinds("a # b \" c\r\n// d\nb #"), [TokenKind::Word, TokenKind::Word]);
        assert_eq!(kinds(r#""http://x # y""#), [TokenKind::Text]);
    }

    #[test]
    fn a_backslash_hides_a_quote_unless_it_is_the_last_one() {
        assert_eq!(kinds(r#""a\"b" "\\""#), [TokenKind::Text, TokenKind::Text]);
        assert_eq!(kinds(r#""C:\" ]"#), [TokenKind::Text, TokenKind::Symbol(']')]);
    }
}
