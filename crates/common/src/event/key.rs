//! The one place where keys from events are decoded.

use std::borrow::Cow;

use percent_encoding::percent_decode;

use super::EventError;
use crate::object::ObjectKey;

/// An encoded key is at most three times as long as the key.
const ENCODED_MAX_BYTES: usize = 3 * ObjectKey::MAX_BYTES;

/// Decodes a form-urlencoded key, once: `+` is a space, then `%XX` is a byte. A `+` of the key itself arrives as `%2B`.
///
/// A broken escape is refused: to pass it on unchanged could name another object.
///
/// # Errors
/// When an escape is broken, the bytes are not UTF-8, or S3 could not hold such a key.
pub(super) fn decode_form_key(encoded: &str) -> Result<ObjectKey, EventError> {
    if encoded.len() > ENCODED_MAX_BYTES {
        return Err(EventError::Key(crate::object::ObjectKeyError::TooLong(encoded.len())));
    }
    let spaced = encoded.replace('+', " ");
    check_escapes(spaced.as_bytes())?;
    let bytes: Cow<'_, [u8]> = percent_decode(spaced.as_bytes()).into();
    let key = String::from_utf8(bytes.into_owned())
        .map_err(|not_utf8| EventError::KeyNotUtf8 { offset: not_utf8.utf8_error().valid_up_to() })?;
    Ok(ObjectKey::new(key)?)
}

fn check_escapes(encoded: &[u8]) -> Result<(), EventError> {
    let is_hex = |index: usize| encoded.get(index).is_some_and(u8::is_ascii_hexdigit);
    let broken = |offset: usize| !(is_hex(offset.saturating_add(1)) && is_hex(offset.saturating_add(2)));
    let escapes = encoded.iter().enumerate().filter(|&(_, &byte)| byte == b'%').map(|(offset, _)| offset);
    match escapes.into_iter().find(|&offset| broken(offset)) {
        Some(offset) => Err(EventError::KeyEscape { offset }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documented_and_hostile_forms() {
        for (encoded, key) in [
            // "red flower.jpg" is the example of the Amazon S3 User Guide.
            ("red+flower.jpg", "red flower.jpg"),
            ("a%20b", "a b"),
            ("a%2Bb+c", "a+b c"),
            ("a%2bb", "a+b"),
            ("100%25", "100%"),
            ("%252B", "%2B"),
            ("dt%3D2026-01-01/part%3A0.csv", "dt=2026-01-01/part:0.csv"),
            ("%E4%BD%A0%E5%A5%BD/%F0%9F%98%8A", "你好/😊"),
            ("%22quoted%22%27", "\"quoted\"'"),
            ("dir/", "dir/"),
            ("ünencoded", "ünencoded"),
            ("%00", "\0"),
        ] {
            assert_eq!(decode_form_key(encoded).unwrap().as_str(), key, "{encoded}");
        }
    }

    #[test]
    fn what_cannot_be_a_key_is_refused() {
        for (encoded, offset) in [("%", 0), ("a%2", 1), ("a%zzb", 1), ("%20%G0", 3), ("%+1", 0)] {
            assert_eq!(decode_form_key(encoded), Err(EventError::KeyEscape { offset }), "{encoded}");
        }
        assert_eq!(decode_form_key("a%FF"), Err(EventError::KeyNotUtf8 { offset: 1 }));
        assert!(matches!(decode_form_key(""), Err(EventError::Key(_))));
        assert!(decode_form_key(&"%61".repeat(1024)).is_ok());
        assert!(matches!(decode_form_key(&"%61".repeat(1025)), Err(EventError::Key(_))));
        assert!(matches!(decode_form_key(&"a".repeat(1025)), Err(EventError::Key(_))));
    }
}
