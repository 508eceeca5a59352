//! Patterns that are found anywhere in a text.

use regex::bytes::Regex;

use super::request::TextPattern;
use crate::pattern::{PatternError, find_anywhere};

/// A compiled pattern.
#[derive(Debug)]
pub(crate) struct Finder {
    regex: Regex,
    holds: fn(&[u8]) -> bool,
}

const EMAIL: &str = concat!(
    r"(?:[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*",
    r#"|"(?:[\x01-\x08\x0B\x0C\x0E-\x21\x23-\x5B\x5D-\x7F]|\\[\x01-\x09\x0B\x0C\x0E-\x7F])*")"#,
    r"@(?:(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9]|\[[0-9]{1,3}(?:\.[0-9]{1,3}){3}\])",
);
const URL: &str = r"(?:https?|ftp)://[^\s/$.?#][^\r\n]";
/// Visa, Mastercard and Discover in fours, American Express as 4-6-5; one separator throughout.
const CREDIT_CARD: &str = concat!(
    r"(?-u:\b)(?:3[47][0-9]{13}|3[47][0-9]{2}-[0-9]{6}-[0-9]{5}|3[47][0-9]{2} [0-9]{6} [0-9]{5}",
    r"|(?:4[0-9]{3}|5[1-5][0-9]{2}|65[0-9]{2}|6011)(?:[0-9]{12}|(?:-[0-9]{4}){3}|(?: [0-9]{4}){3}))(?-u:\b)",
);
const SOCIAL_SECURITY_NUMBER: &str = r"[0-9]{3}(?:-[0-9]{2}-|[0-9]{2}| [0-9]{2} )[0-9]{4}";

impl Finder {
    pub(crate) fn compile(pattern: &TextPattern) -> Result<Self, PatternError> {
        let any: fn(&[u8]) -> bool = |found| !found.is_empty();
        let (expression, holds) = match pattern {
            TextPattern::Expression(expression) => return Ok(Self { regex: find_anywhere(expression)?, holds: any }),
            TextPattern::Email => (EMAIL, any),
            TextPattern::Url => (URL, any),
            TextPattern::CreditCard => (CREDIT_CARD, any),
            TextPattern::SocialSecurityNumberUs => (SOCIAL_SECURITY_NUMBER, is_given_out as fn(&[u8]) -> bool),
        };
        let regex = Regex::new(expression).map_err(|error| PatternError::Invalid(error.to_string()))?;
        Ok(Self { regex, holds })
    }

    /// Whether the pattern stands somewhere in `text` with at least one character.
    pub(crate) fn finds(&self, text: &[u8]) -> bool {
        let Some(first) = self.regex.find(text) else { return false };
        if (self.holds)(first.as_bytes()) || first.is_empty() {
            return !first.is_empty();
        }
        // What does not hold may overlap what does.
        let mut from = first.start() + 1;
        while let Some(found) = self.regex.find_at(text, from) {
            if (self.holds)(found.as_bytes()) {
                return true;
            }
            from = found.start() + 1;
        }
        false
    }
}

/// Areas 000, 666 and 900 to 999, group 00 and serial 0000 are never given out (Social Security Administration, "SSN
/// Randomization"); two numbers were printed on cards for show.
fn is_given_out(found: &[u8]) -> bool {
    let digits: Vec<u8> = found.iter().copied().filter(u8::is_ascii_digit).collect();
    let Some((area, rest)) = digits.split_at_checked(3) else { return false };
    let Some((group, serial)) = rest.split_at_checked(2) else { return false };
    !matches!(area, b"000" | b"666" | [b'9', ..])
        && group != b"00"
        && serial != b"0000"
        && digits != b"219099999"
        && digits != b"078051120"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(pattern: &TextPattern, text: &str) -> bool {
        Finder::compile(pattern).unwrap().finds(text.as_bytes())
    }

    #[test]
    fn well_known_patterns_are_found_within_texts() {
        use TextPattern::{CreditCard, Email, SocialSecurityNumberUs, Url};
        let cases = [
            (&Email, "write to jo.doe+x@mail.example.org today", true),
            (&Email, "jo at example.org", false),
            (&Email, "jo@localhost", false),
            (&Url, "see https://example.org/a?b=c", true),
            (&Url, "https:// example.org", false),
            (&Url, "https://.example.org", false),
            (&CreditCard, "paid with 4012-8888-8888-1881.", true),
            (&CreditCard, "371449635398431", true),
            (&CreditCard, "4012-8888 8888-1881", false),
            (&CreditCard, "94012888888881881", false),
            (&SocialSecurityNumberUs, "no 123-45-6789", true),
            (&SocialSecurityNumberUs, "666-45-6789", false),
            (&SocialSecurityNumberUs, "078 05 1120", false),
            (&SocialSecurityNumberUs, "0001234567", true),
        ];
        for (pattern, text, wanted) in cases {
            assert_eq!(finds(pattern, text), wanted, "{pattern:?} {text}");
        }
        assert!(finds(&TextPattern::Expression(r"\d".to_owned()), "a1"));
        assert!(!finds(&TextPattern::Expression(r"\d*".to_owned()), "a1"), "the first match is empty");
    }
}
