//! Cells that a spreadsheet would run (OWASP, "CSV Injection",
//! <https://owasp.org/www-community/attacks/CSV_Injection>).

/// Whether a spreadsheet may take `text` for a formula. Plain numbers such as `-12.5` are none.
pub(crate) fn is_formula(text: &str) -> bool {
    let Some(first) = text.chars().next() else { return false };
    match first {
        '+' | '-' => !is_number(text),
        '=' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠' => true,
        _ => false,
    }
}

/// Whether [`is_formula`] may hold for a text that begins with this byte of ASCII.
pub(crate) fn may_begin_formula(byte: u8) -> bool {
    matches!(byte, b'+' | b'-' | b'=' | b'@' | b'\t' | b'\r' | b'\n')
}

/// A sign, digits, at most one point, at most one exponent.
fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let is_mantissa = match mantissa.split_once('.') {
        None => digits(mantissa),
        Some((whole, fraction)) => digits(fraction) && (whole.is_empty() || digits(whole)),
    };
    is_mantissa && digits(exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_and_numbers() {
        for text in [
            "=1+1", "+1+1", "-1-cmd", "@SUM(A1)", "\t=1", "\r=1", "＝1", "＋1", "－1", "＠x", "-", "+", "--1", "-1e",
            "-.",
        ] {
            assert!(is_formula(text), "{text:?}");
        }
        for text in ["", "1", "-12.5", "+1", "-.5", "-1e-9", "a=1", "'=1", "x@y.z"] {
            assert!(!is_formula(text), "{text:?}");
        }
    }
}
