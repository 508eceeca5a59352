//! Java regular expressions, compiled once to an automaton that must match the whole text.

use arrow_buffer::BooleanBuffer;
use regex_automata::dfa::{Automaton, dense};
use regex_automata::util::primitives::StateID;
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, MatchKind};

use crate::cells::{INLINE_BYTES, Texts, view_length};

/// The largest automaton that is built ahead of the data; beyond it one is built while matching.
const MAX_DFA_BYTES: usize = 2 << 20;
/// After so many bytes it is asked whether anything can match still.
const PART_BYTES: usize = 32;
/// Texts that are matched side by side.
const LANES: usize = 4;
const MAX_PROGRAM_BYTES: usize = 8 << 20;
const MAX_PATTERN_BYTES: usize = 8 << 10;

/// Why a pattern cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PatternError {
    #[error("the pattern is longer than {MAX_PATTERN_BYTES} bytes; shorten it")]
    Long,
    #[error(
        "the pattern uses look-around, a back-reference or a possessive quantifier, which cannot be matched in linear time; rewrite it without"
    )]
    NotRegular,
    #[error("the pattern is not valid or needs too much memory: {0}")]
    Invalid(String),
}

/// A pattern that matches whole texts.
#[derive(Debug)]
pub(crate) struct Pattern {
    automaton: Automata,
}

#[derive(Debug)]
enum Automata {
    /// With the automaton for texts that do not stand in a view.
    Shaped(Shape, Box<dense::DFA<Vec<u32>>>, StateID),
    /// With the state in which every text starts.
    Dense(Box<dense::DFA<Vec<u32>>>, StateID),
    Lazy(regex::bytes::Regex),
}

impl Pattern {
    /// Compiles a pattern that must match a whole text.
    pub(crate) fn whole(java: &str) -> Result<Self, PatternError> {
        let pattern = translate(java)?;
        // By itself first: `)|(` is no pattern, but would be one inside the brackets that hold it below.
        syntax::parse_with(&pattern, &syntax::Config::new().utf8(false))
            .map_err(|error| PatternError::Invalid(last_line(&error.to_string())))?;
        Self::compile(&format!(r"\A(?:{pattern})\z"))
    }

    fn compile(pattern: &str) -> Result<Self, PatternError> {
        let lazy = bytes_regex(pattern)?;
        let dense = dense::Builder::new()
            .configure(
                dense::Config::new()
                    .match_kind(MatchKind::All)
                    .start_kind(regex_automata::dfa::StartKind::Anchored)
                    .dfa_size_limit(Some(MAX_DFA_BYTES))
                    .determinize_size_limit(Some(MAX_DFA_BYTES)),
            )
            .syntax(syntax::Config::new().utf8(false))
            .build(pattern);
        let started = dense.ok().and_then(|dfa| {
            let start = dfa.start_state_forward(&Input::new("").anchored(Anchored::Yes)).ok()?;
            Some(match Shape::of(&dfa, start) {
                Some(shape) => Automata::Shaped(shape, Box::new(dfa), start),
                None => Automata::Dense(Box::new(dfa), start),
            })
        });
        Ok(Self { automaton: started.unwrap_or(Automata::Lazy(lazy)) })
    }

    /// Whether `text` matches.
    #[inline]
    pub(crate) fn is_match(&self, text: &[u8]) -> bool {
        match &self.automaton {
            Automata::Dense(dfa, start) | Automata::Shaped(_, dfa, start) => walk(dfa, *start, text),
            Automata::Lazy(regex) => regex.is_match(text),
        }
    }

    /// Which of some texts match.
    pub(crate) fn matching_texts(&self, texts: &Texts<'_>) -> BooleanBuffer {
        if let Automata::Shaped(shape, ..) = &self.automaton {
            let views = texts.views();
            return BooleanBuffer::collect_bool(views.len(), |row| {
                views.get(row).is_some_and(|view| shape.fits(*view))
            });
        }
        self.matching_rows(texts.views().len(), |row| texts.bytes(row))
    }

    /// Which of the texts of `rows` rows match.
    fn matching_rows<'t>(&self, rows: usize, text: impl Fn(usize) -> &'t [u8]) -> BooleanBuffer {
        let Automata::Dense(dfa, start) = &self.automaton else {
            return BooleanBuffer::collect_bool(rows, |row| self.is_match(text(row)));
        };
        let mut words: Vec<u64> = Vec::with_capacity(rows.div_ceil(64));
        for first in (0..rows).step_by(64) {
            let mut word = 0;
            for row in (first..rows.min(first + 64)).step_by(LANES) {
                // Rows beyond the last are the empty text.
                let texts = std::array::from_fn(|lane| if row + lane < rows { text(row + lane) } else { &[] });
                for (lane, matches) in walk_together(dfa, *start, texts).into_iter().enumerate() {
                    word |= u64::from(matches) << (row - first + lane);
                }
            }
            words.push(word);
        }
        BooleanBuffer::new(words.into(), 0, rows)
    }
}

/// Walks a text to its end. A walk of its own: cells are short, and a search that looks for where a match ends costs more
/// than they do.
#[inline]
fn walk(dfa: &dense::DFA<Vec<u32>>, mut state: StateID, text: &[u8]) -> bool {
    for part in text.chunks(PART_BYTES) {
        for byte in part {
            state = dfa.next_state(state, *byte);
        }
        if dfa.is_dead_state(state) {
            return false;
        }
    }
    dfa.is_match_state(dfa.next_eoi_state(state))
}

/// Walks texts side by side as far as all of them go: each step waits for the one before it, but not for the other texts'.
#[inline]
fn walk_together(dfa: &dense::DFA<Vec<u32>>, start: StateID, texts: [&[u8]; LANES]) -> [bool; LANES] {
    let common = texts.iter().map(|text| text.len()).min().unwrap_or_default().min(PART_BYTES);
    let [(a, a_rest), (b, b_rest), (c, c_rest), (d, d_rest)] = texts.map(|text| text.split_at(common));
    let [mut a_state, mut b_state, mut c_state, mut d_state] = [start; LANES];
    for (((a, b), c), d) in a.iter().zip(b).zip(c).zip(d) {
        a_state = dfa.next_state(a_state, *a);
        b_state = dfa.next_state(b_state, *b);
        c_state = dfa.next_state(c_state, *c);
        d_state = dfa.next_state(d_state, *d);
    }
    [walk(dfa, a_state, a_rest), walk(dfa, b_state, b_rest), walk(dfa, c_state, c_rest), walk(dfa, d_state, d_rest)]
}

/// What a text looks like that has one length, and at each place a byte of one range: `[0-9]{3}-[0-9]{2}`. If it stands in
/// its view, a few operations on the view tell, instead of a walk.
#[derive(Debug, Clone, Copy, Default)]
struct Shape {
    length: u32,
    /// The least and the greatest byte at each place, and 0 after the last.
    least: u128,
    greatest: u128,
}

/// The highest bit of each byte of a text that stands in its view.
const HIGH_BITS: u128 = 0x8080_8080_8080_8080_8080_8080;

impl Shape {
    /// The shape of the texts that an automaton matches, if they have one. Follows the only path from the start.
    fn of(dfa: &dense::DFA<Vec<u32>>, start: StateID) -> Option<Self> {
        let matches_at_end = |state| dfa.is_match_state(dfa.next_eoi_state(state));
        let mut shape = Self::default();
        let mut state = start;
        while shape.length < INLINE_BYTES && !matches_at_end(state) {
            let Step::To(next, least, greatest) = step_from(dfa, state) else { return None };
            shape.least |= u128::from(least) << (8 * shape.length);
            shape.greatest |= u128::from(greatest) << (8 * shape.length);
            shape.length += 1;
            state = next;
        }
        let is_end = matches_at_end(state) && matches!(step_from(dfa, state), Step::Nowhere);
        is_end.then_some(shape)
    }

    #[inline]
    fn fits(&self, view: u128) -> bool {
        let text = view >> u32::BITS;
        // The highest bit keeps each byte's difference from borrowing of the next one; it stays where there is nothing to
        // borrow for.
        let not_below = (text | HIGH_BITS).wrapping_sub(self.least);
        let not_above = (self.greatest | HIGH_BITS).wrapping_sub(text);
        view_length(view) == self.length && not_below & not_above & !text & HIGH_BITS == HIGH_BITS
    }
}

/// Where the bytes lead to that do not lead to failure.
enum Step {
    /// There are none.
    Nowhere,
    /// They are a range of ASCII, from the least to the greatest, and all lead to one state.
    To(StateID, u8, u8),
    /// Anything else.
    Elsewhere,
}

fn step_from(dfa: &dense::DFA<Vec<u32>>, state: StateID) -> Step {
    let mut step = Step::Nowhere;
    for byte in 0..=u8::MAX {
        let next = dfa.next_state(state, byte);
        if dfa.is_dead_state(next) {
            continue;
        }
        step = match step {
            Step::Nowhere if byte.is_ascii() => Step::To(next, byte, byte),
            Step::To(known, least, greatest) if known == next && greatest + 1 == byte && byte.is_ascii() => {
                Step::To(next, least, byte)
            }
            _ => return Step::Elsewhere,
        };
    }
    step
}

/// Compiles a pattern that may match anywhere.
pub(crate) fn find_anywhere(java: &str) -> Result<regex::bytes::Regex, PatternError> {
    bytes_regex(&translate(java)?)
}

fn bytes_regex(pattern: &str) -> Result<regex::bytes::Regex, PatternError> {
    regex::bytes::RegexBuilder::new(pattern)
        .size_limit(MAX_PROGRAM_BYTES)
        .dfa_size_limit(MAX_PROGRAM_BYTES)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => PatternError::Invalid("it is too large".to_owned()),
            other => PatternError::Invalid(last_line(&other.to_string())),
        })
}

fn last_line(text: &str) -> String {
    text.lines().last().unwrap_or_default().trim().to_owned()
}

/// Rewrites what Java spells differently: `\d`, `\w`, `\s`, `\b` are ASCII there, `\Z`, `\h`, `\R`, `\Q…\E` and the POSIX classes
/// have other names.
fn translate(java: &str) -> Result<String, PatternError> {
    if java.len() > MAX_PATTERN_BYTES {
        return Err(PatternError::Long);
    }
    let mut out = String::with_capacity(java.len() + 16);
    let mut rest = java;
    let mut in_class = 0usize;
    let mut after_quantifier = false;
    while let Some(first) = rest.chars().next() {
        let mut quantifier = false;
        let step = match first {
            '\\' => escape(rest, in_class > 0, &mut out)?,
            '(' if in_class == 0 && is_look_around(rest) => return Err(PatternError::NotRegular),
            '+' if in_class == 0 && after_quantifier => return Err(PatternError::NotRegular),
            _ => {
                match first {
                    '[' => in_class += 1,
                    ']' => in_class = in_class.saturating_sub(1),
                    '*' | '+' | '?' | '}' if in_class == 0 => quantifier = true,
                    _ => {}
                }
                out.push(first);
                first.len_utf8()
            }
        };
        after_quantifier = quantifier;
        rest = rest.get(step..).unwrap_or_default();
    }
    Ok(out)
}

fn is_look_around(rest: &str) -> bool {
    ["(?=", "(?!", "(?<=", "(?<!", "(?>"].iter().any(|opening| rest.starts_with(opening))
}

/// Translates the escape that `rest` starts with; returns how many bytes it takes.
fn escape(rest: &str, in_class: bool, out: &mut String) -> Result<usize, PatternError> {
    let Some(letter) = rest.chars().nth(1) else {
        out.push('\\');
        return Ok(1);
    };
    match letter {
        'd' => out.push_str("[0-9]"),
        'D' => out.push_str("[^0-9]"),
        'w' => out.push_str("[0-9A-Za-z_]"),
        'W' => out.push_str("[^0-9A-Za-z_]"),
        's' => out.push_str(r"[\t\n\x0B\f\r ]"),
        'S' => out.push_str(r"[^\t\n\x0B\f\r ]"),
        'h' => out.push_str(r"[\t \u{A0}\u{1680}\u{180E}\u{2000}-\u{200A}\u{202F}\u{205F}\u{3000}]"),
        'b' if !in_class => out.push_str(r"(?-u:\b)"),
        'B' if !in_class => out.push_str(r"(?-u:\B)"),
        'R' if !in_class => out.push_str(r"(?:\r\n|[\n\x0B\f\r\u{85}\u{2028}\u{2029}])"),
        'Z' if !in_class => out.push_str(r"(?:\n?\z)"),
        'e' => out.push_str(r"\x1B"),
        '1'..='9' | 'k' if !in_class => return Err(PatternError::NotRegular),
        'Q' => {
            let quoted = rest.get(2..).unwrap_or_default();
            let (literal, taken) = match quoted.find(r"\E") {
                Some(end) => (quoted.get(..end).unwrap_or_default(), end + 4),
                None => (quoted, rest.len()),
            };
            out.push_str(&regex::escape(literal));
            return Ok(taken);
        }
        'p' | 'P' => {
            if let Some((class, taken)) = posix_class(rest) {
                out.push_str(if letter == 'p' { "[" } else { "[^" });
                out.push_str(class);
                out.push(']');
                return Ok(taken);
            }
            out.push('\\');
            out.push(letter);
        }
        // Java allows a backslash before every character that is no letter.
        other if !other.is_ascii_alphanumeric() => out.push_str(&regex::escape(other.encode_utf8(&mut [0; 4]))),
        other => {
            out.push('\\');
            out.push(other);
        }
    }
    Ok(1 + letter.len_utf8())
}

fn posix_class(rest: &str) -> Option<(&'static str, usize)> {
    let name = rest.get(3..)?.split_once('}')?.0;
    rest.get(2..3).filter(|brace| *brace == "{")?;
    let class = match name {
        "Lower" => "a-z",
        "Upper" => "A-Z",
        "ASCII" => r"\x00-\x7F",
        "Alpha" | "IsAlphabetic" if name == "Alpha" => "A-Za-z",
        "Digit" => "0-9",
        "Alnum" => "0-9A-Za-z",
        "Punct" => "!-/:-@\\[-`{-~",
        "Graph" => "!-~",
        "Print" => " -~",
        "Blank" => r" \t",
        "Cntrl" => r"\x00-\x1F\x7F",
        "XDigit" => "0-9A-Fa-f",
        "Space" => r" \t\n\x0B\f\r",
        _ => return None,
    };
    Some((class, 3 + name.len() + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Pattern::whole(pattern).unwrap().is_match(text.as_bytes())
    }

    #[test]
    fn the_whole_text_must_match() {
        assert!(matches("a|bc", "bc"));
        assert!(!matches("a|bc", "abc"));
        assert!(matches("^[a-z]+$", "abc"));
        assert!(!matches("[a-z]", "ab"));
        assert!(matches("", ""));
        assert!(!matches("a", "a\n"));
    }

    #[test]
    fn classes_mean_what_java_means() {
        assert!(matches(r"\d+", "0123"));
        assert!(!matches(r"\d", "\u{663}"));
        assert!(matches(r"[\w.-]+@\w+\.com", "a.b-c@example.com"));
        assert!(matches(r"\p{Alpha}\p{Digit}", "a1"));
        assert!(matches(r"\Qa.b\E+", "a.bb"));
        assert!(!matches(r"\Qa.b\E", "axb"));
        assert!(matches(r"\-\_\ \é", "-_ é"));
        assert!(matches(".{2}", "日本"));
        assert!(matches(r"\bab\b", "ab"));
        assert!(matches("[^[0-9]]", "x"));
    }

    proptest! {
        #[test]
        fn the_walk_agrees_with_a_search(pattern in "[ab.*+?|()\\[\\]^$]{0,10}", text in "[abc\n]{0,70}") {
            if let Ok(compiled) = Pattern::whole(&pattern) {
                let searched = bytes_regex(&format!(r"\A(?:{pattern})\z")).unwrap();
                prop_assert_eq!(compiled.is_match(text.as_bytes()), searched.is_match(text.as_bytes()), "{}", pattern);
            }
        }
    }

    proptest! {
        #[test]
        fn rows_match_side_by_side_as_they_do_alone(texts in prop::collection::vec("[ab]{0,40}", 0..40)) {
            let pattern = Pattern::whole("a*(b|ab{3,})*").unwrap();
            let together = pattern.matching_rows(texts.len(), |row| texts[row].as_bytes());
            let alone: BooleanBuffer = texts.iter().map(|text| pattern.is_match(text.as_bytes())).collect();
            prop_assert_eq!(together, alone);
        }
    }

    proptest! {
        #[test]
        fn a_shape_fits_what_the_automaton_matches(
            pattern in prop::sample::select(vec![
                "[0-9]{3}-[0-9]{2}-[0-9]{4}", "[A-C]x", "a", "abcdefghijkl", "[0-9]{12}", "\\d{2}/\\d", "[ -~]{3}", "a{13}", "a|b",
                "(ab|cb)", "a?", "", "[ac]", "[a-é]", ".", "[a-c]{2,3}",
            ]),
            near in "[0-9]{3}[-0-9][0-9]{2}-[0-9:]{4}|[A-Dw-y]{0,3}|[0-9a-c/é~]{0,12}|[0-9]{12}|a{12,13}|abcdefghijkl?",
        ) {
            let compiled = Pattern::whole(pattern).unwrap();
            let texts = arrow_array::StringViewArray::from_iter_values([near.as_str()]).to_binary_view();
            let found = compiled.matching_texts(&Texts::new(&texts)).value(0);
            let searched = bytes_regex(&format!(r"\A(?:{})\z", translate(pattern).unwrap())).unwrap();
            prop_assert_eq!(found, searched.is_match(near.as_bytes()), "{} {}", pattern, near);
        }
    }

    #[test]
    fn texts_of_one_length_have_a_shape() {
        let shaped = |pattern: &str| matches!(Pattern::whole(pattern).unwrap().automaton, Automata::Shaped(..));
        for pattern in ["[0-9]{3}-[0-9]{2}-[0-9]{4}", "a", "", "[ -~]{12}", "(ab|cb)", "\\d{4}-\\d\\d"] {
            assert_eq!(shaped(pattern), pattern != "(ab|cb)", "{pattern}");
        }
        for pattern in ["a?", "[a-c]{13}", "[ac]", ".", "a*", "ab|b"] {
            assert!(!shaped(pattern), "{pattern}");
        }
    }

    #[test]
    fn what_cannot_run_in_linear_time_is_refused() {
        for pattern in ["(?!a)b", "(?<=a)b", r"(a)\1", "a++", "a*+", "(?>a)"] {
            assert!(matches!(Pattern::whole(pattern), Err(PatternError::NotRegular)), "{pattern}");
        }
        for pattern in ["[a", "(", ")|(", "a{1000}{1000}{1000}"] {
            assert!(matches!(Pattern::whole(pattern), Err(PatternError::Invalid(_))), "{pattern}");
        }
    }

    #[test]
    fn a_pattern_too_large_for_a_table_still_matches() {
        let pattern = r"[\u{0}-\u{10FFFF}&&[^a]]{0,300}a.{40}";
        let text = format!("{}a{}", "é".repeat(300), "x".repeat(40));
        assert!(matches(pattern, &text));
    }
}
