//! Steps over JSON values and refuses what RFC 8259 does not allow.

#![expect(
    clippy::indexing_slicing,
    reason = "measured kernel: every index is below the length it was compared with in the same expression"
)]

use wide::u8x16;

/// Something that is not JSON, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) at: usize,
    pub(crate) problem: Problem,
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Problem {
    Syntax(&'static str),
    TooDeep,
    TooLong,
    TooManyPaths,
    TooManyElements,
    Ambiguous,
    KeyLikePath,
}

impl Fault {
    pub(crate) fn new(at: usize, problem: &'static str) -> Self {
        Self { at, problem: Problem::Syntax(problem) }
    }
}

/// A string between its quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) escaped: bool,
}

/// A position in some bytes.
#[derive(Debug)]
pub(crate) struct Cursor<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) at: usize,
    /// End of the line.
    pub(crate) end: usize,
}

impl Cursor<'_> {
    /// The next byte that is not white space, or 0 at the end.
    #[inline]
    pub(crate) fn peek(&mut self) -> u8 {
        while self.at < self.end {
            let byte = self.bytes[self.at];
            if byte > b' ' || !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                return byte;
            }
            self.at += 1;
        }
        0
    }

    /// Steps over `byte`, which must come next.
    #[inline]
    pub(crate) fn expect(&mut self, byte: u8, problem: &'static str) -> Result<(), Fault> {
        if self.peek() != byte {
            return Err(Fault::new(self.at, problem));
        }
        self.at += 1;
        Ok(())
    }

    /// Steps over a string.
    #[inline]
    pub(crate) fn string(&mut self, problem: &'static str) -> Result<Text, Fault> {
        self.expect(b'"', problem)?;
        let start = self.at;
        let mut escaped = false;
        loop {
            self.at = self.plain_until();
            if self.at >= self.end {
                return Err(Fault::new(start - 1, "a string that is not closed"));
            }
            match self.bytes[self.at] {
                b'"' => {
                    self.at += 1;
                    return Ok(Text { start, end: self.at - 1, escaped });
                }
                b'\\' => {
                    escaped = true;
                    self.escape()?;
                }
                _ => return Err(Fault::new(self.at, "a control character in a string")),
            }
        }
    }

    /// Position of the next byte that cannot stand for itself in a string. The line feed after the line is one, so there
    /// is no need to stop before it.
    #[inline]
    fn plain_until(&self) -> usize {
        let mut at = self.at;
        while let Some(lanes) = self.bytes.get(at..).and_then(|rest| rest.first_chunk::<16>()) {
            let lanes = u8x16::new(*lanes);
            let special = lanes.simd_eq(u8x16::splat(b'"'))
                | lanes.simd_eq(u8x16::splat(b'\\'))
                | lanes.min(u8x16::splat(0x1f)).simd_eq(lanes);
            let mask = special.to_bitmask();
            if mask != 0 {
                return at + mask.trailing_zeros() as usize;
            }
            at += 16;
        }
        while at < self.end && !matches!(self.bytes[at], b'"' | b'\\' | 0..=0x1f) {
            at += 1;
        }
        at
    }

    fn escape(&mut self) -> Result<(), Fault> {
        let problem = "an escape that JSON does not have";
        let letter = self.bytes.get(self.at + 1).filter(|_| self.at + 1 < self.end);
        match letter {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => {
                let digits = self.bytes.get(self.at + 2..self.at + 6).filter(|_| self.at + 6 <= self.end);
                if !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
                    return Err(Fault::new(self.at, problem));
                }
                self.at += 6;
            }
            _ => return Err(Fault::new(self.at, problem)),
        }
        Ok(())
    }

    /// Steps over any value; `depth` levels may still be opened.
    pub(crate) fn value(&mut self, depth: usize) -> Result<(), Fault> {
        match self.peek() {
            b'"' => self.string("a string").map(|_| ()),
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            b't' => self.literal(b"true"),
            b'f' => self.literal(b"false"),
            b'n' => self.literal(b"null"),
            b'-' | b'0'..=b'9' => self.number(),
            _ => Err(Fault::new(self.at, "a value is missing")),
        }
    }

    /// One level less, or a fault.
    pub(crate) fn deeper(&self, depth: usize) -> Result<usize, Fault> {
        depth.checked_sub(1).ok_or(Fault { at: self.at, problem: Problem::TooDeep })
    }

    fn object(&mut self, depth: usize) -> Result<(), Fault> {
        let depth = self.deeper(depth)?;
        self.at += 1;
        if self.peek() == b'}' {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.string("a key in quotes is missing")?;
            self.expect(b':', "a colon is missing after a key")?;
            self.value(depth)?;
            if !self.comma(b'}', "a comma or closing brace is missing")? {
                return Ok(());
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<(), Fault> {
        let depth = self.deeper(depth)?;
        self.at += 1;
        if self.peek() == b']' {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.value(depth)?;
            if !self.comma(b']', "a comma or closing bracket is missing")? {
                return Ok(());
            }
        }
    }

    /// Steps over a comma (true) or the closing byte (false).
    #[inline]
    pub(crate) fn comma(&mut self, close: u8, problem: &'static str) -> Result<bool, Fault> {
        let byte = self.peek();
        if byte != b',' && byte != close {
            return Err(Fault::new(self.at, problem));
        }
        self.at += 1;
        Ok(byte == b',')
    }

    fn literal(&mut self, literal: &'static [u8]) -> Result<(), Fault> {
        if !self.bytes.get(self.at..self.end).is_some_and(|rest| rest.starts_with(literal)) {
            return Err(Fault::new(self.at, "a value is missing"));
        }
        self.at += literal.len();
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let start = self.at;
        while self.at < self.end && self.bytes[self.at].is_ascii_digit() {
            self.at += 1;
        }
        if self.at == start { Err(Fault::new(start, "a number without digits")) } else { Ok(()) }
    }

    fn next_is(&self, bytes: &[u8]) -> bool {
        self.at < self.end && bytes.contains(&self.bytes[self.at])
    }

    fn number(&mut self) -> Result<(), Fault> {
        if self.next_is(b"-") {
            self.at += 1;
        }
        let first = self.at;
        let leading_zero = self.next_is(b"0");
        self.digits()?;
        if leading_zero && self.at - first > 1 {
            return Err(Fault::new(first, "a number with a leading zero"));
        }
        if self.next_is(b".") {
            self.at += 1;
            self.digits()?;
        }
        if self.next_is(b"eE") {
            self.at += 1;
            if self.next_is(b"+-") {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn accepts(text: &[u8]) -> bool {
        let mut cursor = Cursor { bytes: text, at: 0, end: text.len() };
        cursor.value(64).is_ok() && {
            cursor.peek();
            cursor.at == text.len()
        }
    }

    #[test]
    fn accepts_what_rfc_8259_accepts() {
        for text in
            ["null", " true ", "-0", "0.5e+10", "[]", "[1, [2]]", "{}", r#"{"a":{"b":[null]}}"#, r#""\u00e9\n""#]
        {
            assert!(accepts(text.as_bytes()), "{text}");
        }
        for text in [
            "",
            "nul",
            "01",
            "1.",
            ".5",
            "+1",
            "1e",
            "[1,]",
            "[1 2]",
            "{a:1}",
            r#"{"a"}"#,
            r#"{"a":1,}"#,
            r#""\x""#,
            r#""\u12"#,
        ] {
            assert!(!accepts(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn depth_is_capped() {
        assert!(accepts(format!("{}{}", "[".repeat(64), "]".repeat(64)).as_bytes()));
        assert!(!accepts(format!("{}{}", "[".repeat(65), "]".repeat(65)).as_bytes()));
        assert!(!accepts("[".repeat(1_000_000).as_bytes()));
    }

    proptest! {
        #[test]
        fn agrees_with_serde_json(text in r#"[\[\]{},:"\\a-cntu0-9.eE+\- \x01é]{0,24}"#) {
            // serde_json refuses lone surrogates only where it builds a string, so it is asked to.
            let theirs = serde_json::from_str::<serde_json::Value>(&text);
            let overflow = theirs.as_ref().err().is_some_and(|e| e.to_string().contains("out of range"));
            let surrogate = text.contains("\\u");
            prop_assume!(!overflow && !surrogate);
            prop_assert_eq!(accepts(text.as_bytes()), theirs.is_ok(), "{:?}", text);
        }
    }
}
