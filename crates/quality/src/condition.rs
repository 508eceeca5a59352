//! Conditions on numbers, days and ages, with every operand worked out before the first row.

use sluice_dqdl::ast::{
    CompareOperator, DateExpr, DurationCondition, NumberCondition, NumberExpr, NumberKind, SizeCondition, Test,
};
use sluice_dqdl::evaluate::{Clock, EvaluateError, History};

use crate::history::MetricHistory;

/// A test of one kind of value. `between` leaves its bounds out, and so `not between` takes them in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Check<T> {
    pub(crate) form: CheckForm<T>,
    /// Whether `NULL` stands among the operands of `=`, `!=`, `in` or `not in`.
    pub(crate) names_null: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum CheckForm<T> {
    Compare(CompareOperator, T),
    Between {
        negated: bool,
        low: T,
        high: T,
    },
    /// Also `= NULL` and `!= NULL`, as a list without values.
    In {
        negated: bool,
        values: Vec<T>,
    },
}

impl<T: Copy + PartialOrd> Check<T> {
    /// `= operand`.
    pub(crate) const fn equal(operand: T) -> Self {
        Self { form: CheckForm::Compare(CompareOperator::Equal, operand), names_null: false }
    }

    /// Whether `value`, which is not NULL, passes.
    #[inline]
    pub(crate) fn holds(&self, value: T) -> bool {
        match &self.form {
            CheckForm::Compare(operator, operand) => compare(*operator, value, *operand),
            CheckForm::Between { negated, low, high } => (value > *low && value < *high) != *negated,
            CheckForm::In { negated, values } => values.contains(&value) != *negated,
        }
    }

    /// Whether the condition is of the kind that excludes: `!=`, `not in`, `not between`.
    pub(crate) const fn is_negated(&self) -> bool {
        match &self.form {
            CheckForm::Compare(operator, _) => matches!(operator, CompareOperator::NotEqual),
            CheckForm::Between { negated, .. } | CheckForm::In { negated, .. } => *negated,
        }
    }

    /// Whether NULL passes for a rule on values: it fails but for `!=` and `not in`, and naming it flips that.
    pub(crate) const fn null_passes(&self) -> bool {
        match &self.form {
            CheckForm::Between { .. } => false,
            CheckForm::Compare(..) | CheckForm::In { .. } => self.is_negated() != self.names_null,
        }
    }
}

#[inline]
fn compare<T: Copy + PartialOrd>(operator: CompareOperator, value: T, operand: T) -> bool {
    match operator {
        CompareOperator::Equal => value == operand,
        CompareOperator::NotEqual => value != operand,
        CompareOperator::Greater => value > operand,
        CompareOperator::GreaterOrEqual => value >= operand,
        CompareOperator::Less => value < operand,
        CompareOperator::LessOrEqual => value <= operand,
    }
}

/// Why an operand has no value.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OperandError {
    #[error(transparent)]
    Function(#[from] EvaluateError),
    #[error("NULL can only be compared with = and != or stand in a list")]
    Null,
    #[error("time zone `{0}` is unknown; use a name of the IANA database such as Europe/Berlin")]
    TimeZone(String),
}

/// The past values of one metric.
struct PastValues<'a> {
    key: &'a str,
    history: &'a dyn MetricHistory,
}

impl History for PastValues<'_> {
    fn last(&self, count: usize) -> Vec<f64> {
        self.history.last(self.key, count)
    }
}

/// Works out a condition on a number. `key` names the metric whose past values `last()` reads.
pub(crate) fn number_check(
    condition: &NumberCondition,
    key: &str,
    history: &dyn MetricHistory,
) -> Result<Check<f64>, OperandError> {
    let past = PastValues { key, history };
    build(&condition.test, |operand| Ok(operand.evaluate(&past)?))
}

/// The condition with each call of a function replaced by its value, when it calls any.
pub(crate) fn evaluated(
    condition: &NumberCondition,
    key: &str,
    history: &dyn MetricHistory,
) -> Result<Option<NumberCondition>, OperandError> {
    if !condition.test.operands().into_iter().any(NumberExpr::calls_a_function) {
        return Ok(None);
    }
    let past = PastValues { key, history };
    let mut replaced = condition.clone();
    let replace = |operand: &mut NumberExpr| -> Result<(), OperandError> {
        if operand.calls_a_function() {
            let value = operand.evaluate(&past)?.ok_or(OperandError::Null)?;
            operand.kind = NumberKind::Literal { value, text: format!("{value:?}") };
        }
        Ok(())
    };
    match &mut replaced.test {
        Test::Compare { operand, .. } => replace(operand)?,
        Test::Between { low, high, .. } => {
            replace(low)?;
            replace(high)?;
        }
        Test::In { operands, .. } => operands.iter_mut().try_for_each(replace)?,
    }
    Ok(Some(replaced))
}

fn build<S, T>(
    test: &Test<S>,
    mut value: impl FnMut(&S) -> Result<Option<T>, OperandError>,
) -> Result<Check<T>, OperandError> {
    let plain = |form| Check { form, names_null: false };
    Ok(match test {
        Test::Compare { operator, operand } => match (value(operand)?, operator) {
            (Some(operand), operator) => plain(CheckForm::Compare(*operator, operand)),
            (None, CompareOperator::Equal | CompareOperator::NotEqual) => Check {
                form: CheckForm::In { negated: *operator == CompareOperator::NotEqual, values: Vec::new() },
                names_null: true,
            },
            (None, _) => return Err(OperandError::Null),
        },
        Test::Between { negated, low, high } => plain(CheckForm::Between {
            negated: *negated,
            low: value(low)?.ok_or(OperandError::Null)?,
            high: value(high)?.ok_or(OperandError::Null)?,
        }),
        Test::In { negated, operands } => {
            let found = operands.iter().map(&mut value).collect::<Result<Vec<_>, _>>()?;
            let names_null = found.iter().any(Option::is_none);
            let values = found.into_iter().flatten().collect();
            Check { form: CheckForm::In { negated: *negated, values }, names_null }
        }
    })
}

const SECONDS_A_DAY: i64 = 86_400;

/// Works out a condition on dates as one on days since 1970-01-01, which is how Deequ compares them.
pub(crate) fn day_check(
    test: &Test<DateExpr>,
    now_epoch_seconds: i64,
    time_zone: Option<&str>,
) -> Result<Check<i64>, OperandError> {
    let clock = clock(now_epoch_seconds, time_zone)?;
    build(test, |operand| Ok(operand.resolve(&clock).map(|seconds| seconds.div_euclid(SECONDS_A_DAY))))
}

/// Works out a condition on points in time, in seconds since 1970-01-01T00:00Z.
pub(crate) fn instant_check(
    test: &Test<DateExpr>,
    now_epoch_seconds: i64,
    time_zone: Option<&str>,
) -> Result<Check<i64>, OperandError> {
    let clock = clock(now_epoch_seconds, time_zone)?;
    build(test, |operand| Ok(operand.resolve(&clock)))
}

fn clock(now_epoch_seconds: i64, time_zone: Option<&str>) -> Result<Clock, OperandError> {
    let zone_offset_seconds = match time_zone {
        Some(name) => {
            let zone = jiff::tz::TimeZone::get(name).or(Err(OperandError::TimeZone(name.to_owned())))?;
            let now = jiff::Timestamp::from_second(now_epoch_seconds).unwrap_or_default();
            zone.to_offset(now).seconds()
        }
        None => 0,
    };
    Ok(Clock { now_epoch_seconds, zone_offset_seconds })
}

/// Works out a condition on a size, in bytes.
pub(crate) fn bytes_check(condition: &SizeCondition) -> Result<Check<u128>, OperandError> {
    build(&condition.test, |size| Ok(Some(size.bytes())))
}

/// Works out a condition on an age, in hours.
pub(crate) fn hours_check(condition: &DurationCondition) -> Result<Check<f64>, OperandError> {
    build(&condition.test, |duration| Ok(Some(duration.hours())))
}
