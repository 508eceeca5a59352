//! Numbers as people read them.

pub(crate) use sluice_profile::grouped;
use sluice_profile::grouped_digits;

/// A number in at most six significant digits, its thousands grouped.
pub(crate) fn figure(value: f64) -> String {
    let magnitude = value.abs();
    if !value.is_finite() {
        return if value.is_nan() { "NaN".into() } else { format!("{}∞", if value < 0.0 { "−" } else { "" }) };
    }
    if magnitude > 0.0 && !(1e-4..1e12).contains(&magnitude) {
        return format!("{value:.3e}").replace('-', "−");
    }
    let decimals = match magnitude {
        m if m >= 1e5 => 0,
        m if m >= 1e4 => 1,
        m if m >= 1e3 => 2,
        m if m >= 1e2 => 3,
        m if m >= 1.0 => 4,
        _ => 6,
    };
    let text = format!("{magnitude:.decimals$}");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let fraction = fraction.trim_end_matches('0');
    let sign = if value < 0.0 && text.bytes().any(|byte| (b'1'..=b'9').contains(&byte)) { "−" } else { "" };
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{fraction}", grouped_digits(whole))
}

/// A share in percent. Only all is 100 %, and only nothing 0 %.
pub(crate) fn percent(share: f64) -> String {
    let hundred = share * 100.0;
    match share {
        s if s >= 1.0 => "100 %".into(),
        s if s <= 0.0 || s.is_nan() => "0 %".into(),
        _ if hundred > 99.99 => "> 99.99 %".into(),
        _ if hundred < 0.01 => "< 0.01 %".into(),
        _ => {
            let text = format!("{hundred:.2}");
            format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
        }
    }
}

/// The nearest `f64` to a count.
#[expect(clippy::cast_precision_loss, reason = "exact below 2^53, the nearest double above")]
pub(crate) const fn from_count(value: u64) -> f64 {
    value as f64
}

/// A count that fits `u64` on every platform.
pub(crate) fn count(value: usize) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}

/// `part` of `whole`; 0 of nothing.
pub(crate) fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { from_count(part) / from_count(whole) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short_and_do_not_lie() {
        for (value, text) in [
            (0.0, "0"),
            (1.0, "1"),
            (-2.5, "−2.5"),
            (1_234_567.0, "1,234,567"),
            (1_234.567_8, "1,234.57"),
            (0.333_333_333, "0.333333"),
            (1e-9, "1.000e−9"),
            (1e300, "1.000e300"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "−∞"),
        ] {
            assert_eq!(figure(value), text);
        }
        for (share, text) in
            [(1.0, "100 %"), (0.999_999, "> 99.99 %"), (0.000_001, "< 0.01 %"), (0.5, "50 %"), (0.123_4, "12.34 %")]
        {
            assert_eq!(percent(share), text);
        }
        assert_eq!((grouped(1_000), grouped(999)), ("1,000".to_owned(), "999".to_owned()));
    }
}
