//! JSON strings (RFC 8259 §7): their text, and text as a string.

use crate::json::scan::Fault;

/// Appends the text of `raw`, a string between its quotes whose escapes the scanner has accepted. `at`: its position.
pub(crate) fn unescape(raw: &[u8], at: usize, out: &mut Vec<u8>) -> Result<(), Fault> {
    let mut rest = raw;
    while let Some(backslash) = memchr::memchr(b'\\', rest) {
        let (plain, escape) = rest.split_at(backslash);
        out.extend_from_slice(plain);
        let place = at + (raw.len() - escape.len());
        rest = match escape {
            [_, b'u', ..] => unescape_unicode(escape, place, out)?,
            [_, letter, after @ ..] => {
                out.push(match letter {
                    b'b' => 0x08,
                    b'f' => 0x0c,
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    other => *other,
                });
                after
            }
            _ => return Err(Fault::new(place, "an escape that JSON does not have")),
        };
    }
    out.extend_from_slice(rest);
    Ok(())
}

/// `\uXXXX`, or two of them that are a surrogate pair.
fn unescape_unicode<'a>(escape: &'a [u8], at: usize, out: &mut Vec<u8>) -> Result<&'a [u8], Fault> {
    let lone = || Fault::new(at, "half of a surrogate pair");
    let (first, after) = code_unit(escape).ok_or_else(lone)?;
    let (code, after) = match first {
        0xd800..=0xdbff => {
            let (second, after) = code_unit(after).ok_or_else(lone)?;
            if !(0xdc00..=0xdfff).contains(&second) {
                return Err(lone());
            }
            (0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00), after)
        }
        code => (code, after),
    };
    let character = char::from_u32(code).ok_or_else(lone)?;
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    Ok(after)
}

fn code_unit(escape: &[u8]) -> Option<(u32, &[u8])> {
    let digits = escape.strip_prefix(b"\\u")?;
    let (digits, after) = digits.split_at_checked(4)?;
    let code = u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    Some((code, after))
}

/// Appends `text` as a string: only what must be escaped is.
pub(crate) fn write_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f)) {
        let (plain, special) = rest.split_at(at);
        out.extend_from_slice(plain);
        let Some((byte, after)) = special.split_first() else { break };
        write_escape(*byte, out);
        rest = after;
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

fn write_escape(byte: u8, out: &mut Vec<u8>) {
    let short = match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        0x0c => b'f',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        _ => {
            out.extend_from_slice(b"\\u00");
            out.extend([byte >> 4, byte & 0xf].map(|digit| if digit < 10 { b'0' + digit } else { b'a' + digit - 10 }));
            return;
        }
    };
    out.extend([b'\\', short]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn surrogates() {
        let text = |raw: &str| {
            let mut out = Vec::new();
            unescape(raw.as_bytes(), 0, &mut out).map(|()| String::from_utf8(out).unwrap())
        };
        assert_eq!(text(r"a\ud83d\ude00b\/"), Ok("a😀b/".to_owned()));
        assert_eq!(text(r"ab\ud83d"), Err(Fault::new(2, "half of a surrogate pair")));
        assert_eq!(text(r"\ude00"), Err(Fault::new(0, "half of a surrogate pair")));
        assert_eq!(text(r"\ud83dx"), Err(Fault::new(0, "half of a surrogate pair")));
    }

    proptest! {
        #[test]
        fn a_written_string_reads_back(text in any::<String>()) {
            let mut written = Vec::new();
            write_string(&text, &mut written);
            prop_assert_eq!(serde_json::from_slice::<String>(&written).unwrap(), text.clone());
            let mut read = Vec::new();
            unescape(&written[1..written.len() - 1], 0, &mut read).unwrap();
            prop_assert_eq!(read, text.into_bytes());
        }
    }
}
