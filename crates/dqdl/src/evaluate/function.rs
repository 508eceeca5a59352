//! The functions of dynamic rules: AWS Glue, "DQDL reference", "Dynamic rules".

use super::number::{EvaluateError, History, Value};
use crate::span::Span;

/// Every function, under each of its names.
pub(crate) const FUNCTIONS: [&str; 11] =
    ["last", "avg", "average", "median", "max", "min", "sum", "std", "abs", "percentile", "index"];

/// The functions that make one value of several.
pub(crate) const AGGREGATES: [&str; 9] =
    ["avg", "average", "median", "max", "min", "sum", "std", "percentile", "index"];

pub(super) fn call<H: History + ?Sized>(
    name: &str,
    arguments: &[Value],
    span: Span,
    history: &H,
) -> Result<Value, EvaluateError> {
    let wrong = |wanted| EvaluateError::Arguments { name: name.to_owned(), wanted, span };
    let number = match name {
        "last" => return last(arguments, history).ok_or_else(|| wrong("one whole number of runs, from 1, or nothing")),
        "avg" | "average" => mean(&flat(arguments)),
        "median" => quantile(flat(arguments), 0.5),
        "max" => flat(arguments).into_iter().reduce(f64::max).unwrap_or(0.0),
        "min" => flat(arguments).into_iter().reduce(f64::min).unwrap_or(0.0),
        "sum" => flat(arguments).iter().sum(),
        "std" => standard_deviation(&flat(arguments)),
        "abs" => match arguments {
            [Value::Number(number)] => number.abs(),
            _ => return Err(wrong("one number")),
        },
        "percentile" => percentile(arguments).ok_or_else(|| wrong("past values and a number from 0 to 100"))?,
        "index" => index(arguments).ok_or_else(|| wrong("past values and a whole number from 0"))?,
        _ => return Err(EvaluateError::UnknownFunction { name: name.to_owned(), span }),
    };
    Ok(Value::Number(number))
}

/// `last()` is `last(1)`; without any history it is 0.
fn last<H: History + ?Sized>(arguments: &[Value], history: &H) -> Option<Value> {
    let count = match arguments {
        [] => 1,
        [Value::Number(count)] => whole(*count).filter(|count| *count > 0)?,
        _ => return None,
    };
    let values = history.last(count);
    Some(if count == 1 { Value::Number(values.first().copied().unwrap_or(0.0)) } else { Value::Series(values) })
}

/// Every number among the arguments and in their series; NULL is left out.
fn flat(arguments: &[Value]) -> Vec<f64> {
    let mut numbers = Vec::new();
    for argument in arguments {
        match argument {
            Value::Number(number) => numbers.push(*number),
            Value::Series(series) => numbers.extend_from_slice(series),
            Value::Null => {}
        }
    }
    numbers
}

fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / count(values) }
}

/// Over the population, as the rule `StandardDeviation` has it.
fn standard_deviation(values: &[f64]) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    let mean = mean(values);
    (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count(values)).sqrt()
}

/// A fraction up to 1, a percentage above.
fn percentile(arguments: &[Value]) -> Option<f64> {
    let [values @ .., Value::Number(rank)] = arguments else { return None };
    let fraction = if *rank <= 1.0 { *rank } else { *rank / 100.0 };
    (!values.is_empty() && (0.0..=1.0).contains(&fraction)).then(|| quantile(flat(values), fraction))
}

/// With linear interpolation between the two nearest values; 0 without any value.
fn quantile(mut values: Vec<f64>, fraction: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let Some(greatest) = values.len().checked_sub(1) else { return 0.0 };
    let position = fraction * count(values.get(1..).unwrap_or_default());
    let below = whole(position.floor()).unwrap_or(greatest).min(greatest);
    let low = values.get(below).copied().unwrap_or(0.0);
    let high = values.get(below + 1).copied().unwrap_or(low);
    low + (high - low) * (position - position.floor())
}

/// The value at a place counted from 0; 0 when the history is not that long.
fn index(arguments: &[Value]) -> Option<f64> {
    let (values, place) = match arguments {
        [Value::Series(values), Value::Number(place)] => (values.clone(), place),
        [Value::Number(value), Value::Number(place)] => (vec![*value], place),
        _ => return None,
    };
    Some(values.get(whole(*place)?).copied().unwrap_or(0.0))
}

/// The number as a count, when it is one. Doubles print without an exponent, so their text decides.
fn whole(number: f64) -> Option<usize> {
    number.to_string().parse().ok()
}

fn count(values: &[f64]) -> f64 {
    u32::try_from(values.len()).map_or(f64::INFINITY, f64::from)
}
