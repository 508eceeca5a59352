//! What the text formats share: byte order marks, UTF-8 and places.

use crate::error::{Place, TabularError};

/// The place `at` bytes into `bytes`, which begin at `from`.
pub(crate) fn place_in(bytes: &[u8], at: usize, from: Place) -> Place {
    let before = bytes.get(..at).unwrap_or(bytes);
    Place { line: from.line + line_feeds(before), byte_offset: from.byte_offset + before.len() as u64 }
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

/// The length of a UTF-8 byte order mark at the start; refuses a UTF-16 one.
pub(crate) fn bom_length(start: &[u8]) -> Result<usize, TabularError> {
    if start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff") {
        return Err(TabularError::Utf16);
    }
    Ok(if start.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 })
}

/// Line feeds in some bytes.
pub(crate) fn line_feeds(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}
