//! Canonical JSON, RFC 8785 (JCS): equal values are equal bytes, whoever encodes them.
//!
//! JCS numbers are IEEE 754 doubles. An integer beyond ±(2^53 − 1) would lose digits on the way, so it is refused: a value
//! that can grow that large must be stated as text. Digests, ids and times are text for that reason.

use serde::Serialize;
use serde_json::Value;

/// The largest integer that every JSON reader keeps: 2^53 − 1 (RFC 8785 §3.2.2.3, I-JSON RFC 7493 §2.2).
pub const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// Deepest nesting that is encoded.
const MAX_DEPTH: usize = 32;

/// Why a value has no canonical form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CanonicalError {
    /// The integer would lose digits.
    #[error("integer {0} is beyond 2^53 - 1, where JSON readers lose digits; state it as text")]
    UnsafeInteger(String),
    /// Nested deeper than anything of ours.
    #[error("nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// The type cannot be written as JSON.
    #[error("not JSON: {0}")]
    NotJson(String),
}

/// The canonical bytes of a value.
///
/// # Errors
/// When the value holds an integer that doubles cannot hold, is nested too deeply or is not JSON.
pub fn to_vec<T: Serialize>(value: &T) -> Result<Vec<u8>, CanonicalError> {
    let value = serde_json::to_value(value).map_err(|error| CanonicalError::NotJson(error.to_string()))?;
    check(&value, 0)?;
    serde_jcs::to_vec(&value).map_err(|error| CanonicalError::NotJson(error.to_string()))
}

fn check(value: &Value, depth: usize) -> Result<(), CanonicalError> {
    if depth > MAX_DEPTH {
        return Err(CanonicalError::TooDeep);
    }
    match value {
        Value::Number(number) => {
            let safe = number.as_u64().map(|n| n <= MAX_SAFE_INTEGER);
            let safe = safe.or_else(|| number.as_i64().map(|n| n.unsigned_abs() <= MAX_SAFE_INTEGER));
            if safe == Some(false) { Err(CanonicalError::UnsafeInteger(number.to_string())) } else { Ok(()) }
        }
        Value::Array(items) => items.iter().try_for_each(|item| check(item, depth + 1)),
        Value::Object(members) => members.values().try_for_each(|member| check(member, depth + 1)),
        Value::Null | Value::Bool(_) | Value::String(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn rfc_8785_sorts_by_utf16_and_writes_numbers_as_ecmascript() {
        // Appendix-style values of RFC 8785 §3.2.2 and §3.2.3.
        let value = json!({"\u{20ac}": "Euro", "\r": "CR", "\u{fb33}": "Dagesh", "1": "One", "\u{1f600}": "Smile",
            "\u{80}": "Control", "\u{f6}": "o"});
        let text = String::from_utf8(to_vec(&value).unwrap()).unwrap();
        assert_eq!(
            text,
            "{\"\\r\":\"CR\",\"1\":\"One\",\"\u{80}\":\"Control\",\"\u{f6}\":\"o\",\"\u{20ac}\":\"Euro\",\
             \"\u{1f600}\":\"Smile\",\"\u{fb33}\":\"Dagesh\"}"
        );
        let numbers = json!([333_333_333.333_333_3, 1E30, 4.50, 2e-3, 0.000_000_000_000_000_000_000_000_001]);
        assert_eq!(to_vec(&numbers).unwrap(), b"[333333333.3333333,1e+30,4.5,0.002,1e-27]");
    }

    #[test]
    fn integers_that_doubles_cannot_hold_are_refused() {
        assert_eq!(
            to_vec(&json!([9_007_199_254_740_991_u64, -9_007_199_254_740_991_i64])).unwrap(),
            b"[9007199254740991,-9007199254740991]"
        );
        for bad in [json!(9_007_199_254_740_992_u64), json!({"a": [-9_007_199_254_740_992_i64]}), json!(u64::MAX)] {
            assert!(matches!(to_vec(&bad), Err(CanonicalError::UnsafeInteger(_))), "{bad}");
        }
    }

    #[test]
    fn depth_is_capped() {
        let nested = (0..=MAX_DEPTH).fold(json!(1), |inner, _| json!([inner]));
        assert_eq!(to_vec(&nested), Err(CanonicalError::TooDeep));
    }

    fn json_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            any::<String>().prop_map(Value::from)
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..6).prop_map(Value::from_iter),
            ]
        })
    }

    proptest! {
        #[test]
        fn canonical_bytes_are_a_fixed_point(value in json_value()) {
            let once = to_vec(&value).unwrap();
            let back: Value = serde_json::from_slice(&once).unwrap();
            prop_assert_eq!(&back, &value);
            prop_assert_eq!(to_vec(&back).unwrap(), once);
        }
    }
}
