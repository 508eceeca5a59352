//! What the text formats share: byte order marks, UTF-8 and places.

use crate::error::{Place, TabularError};

/// The place `at` bytes into `bytes`, which begin at `from`.
pub(crate) fn place_in(bytes: &[u8], at: usize, from: Place) -> Place {
    let before = bytes.get(..at).unwrap_or(bytes);
    Place {
        line: from.line + memchr::memchr_iter(b'\n', before).count() as u64,
        byte_offset: from.byte_offset + before.len() as u64,
    }
}

/// Refuses bytes that are not UTF-8, naming the first.
pub(crate) fn check_utf8(bytes: &[u8], from: Place) -> Result<(), TabularError> {
    if simdutf8::basic::from_utf8(bytes).is_ok() {
        return Ok(());
    }
    match std::str::from_utf8(bytes) {
        Ok(_) => Ok(()),
        Err(error) => Err(TabularError::NotUtf8 { place: place_in(bytes, error.valid_up_to(), from) }),
    }
}

/// Removes a UTF-8 byte order mark and returns its length; refuses a UTF-16 one.
pub(crate) fn strip_bom(start: &mut Vec<u8>) -> Result<u64, TabularError> {
    if start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff") {
        return Err(TabularError::Utf16);
    }
    if !start.starts_with(b"\xef\xbb\xbf") {
        return Ok(0);
    }
    start.drain(..3);
    Ok(3)
}
