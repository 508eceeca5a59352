//! Numeric conditions, over a metric and its history.

use super::{function, holds};
use crate::ast::{ArithmeticOperator, NumberCondition, NumberExpr, NumberKind, Test};
use crate::span::Span;

/// Past values of the metric that a rule judges, and further functions.
pub trait History {
    /// The `count` most recent values, the latest first; all of them when there are fewer.
    fn last(&self, count: usize) -> Vec<f64>;

    /// The value of a function that DQDL itself does not have, or `None` when there is no such function.
    fn call(&self, _name: &str, _arguments: &[Value]) -> Option<f64> {
        None
    }
}

/// Values in memory, the latest first.
impl History for [f64] {
    fn last(&self, count: usize) -> Vec<f64> {
        self.iter().take(count).copied().collect()
    }
}

/// What an expression yields.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// One number.
    Number(f64),
    /// Several past values, which a function must aggregate.
    Series(Vec<f64>),
    /// `NULL`.
    Null,
}

/// Why an expression has no value.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EvaluateError {
    /// The function does not exist.
    #[error("no function is called `{name}`; use one of last, avg, median, max, min, sum, std, abs, percentile, index")]
    UnknownFunction {
        /// Its name.
        name: String,
        /// The call.
        span: Span,
    },
    /// The arguments do not fit the function.
    #[error("`{name}` needs {wanted}")]
    Arguments {
        /// The function.
        name: String,
        /// What it takes.
        wanted: &'static str,
        /// The call.
        span: Span,
    },
    /// Several values stand where one is needed.
    #[error("several past values stand where one is needed: aggregate them, for example avg(last(10))")]
    Series {
        /// The expression.
        span: Span,
    },
}

impl NumberCondition {
    /// Whether `metric` satisfies the condition. Doubles are compared exactly.
    ///
    /// # Errors
    /// When an operand calls a function that does not exist, or wrongly.
    pub fn evaluate<H: History + ?Sized>(&self, metric: f64, history: &H) -> Result<bool, EvaluateError> {
        let mut values = Vec::new();
        for operand in self.test.operands() {
            values.push(operand.evaluate(history)?);
        }
        let resolved = resolve(&self.test, values);
        Ok(holds(&resolved, |operand| operand.and_then(|operand| metric.partial_cmp(&operand))))
    }
}

/// `test` with the values of its operands, which stand in the order of [`Test::operands`].
fn resolve(test: &Test<NumberExpr>, values: Vec<Option<f64>>) -> Test<Option<f64>> {
    let mut values = values.into_iter();
    match test {
        Test::Compare { operator, .. } => Test::Compare { operator: *operator, operand: values.next().flatten() },
        Test::Between { negated, .. } => {
            Test::Between { negated: *negated, low: values.next().flatten(), high: values.next().flatten() }
        }
        Test::In { negated, .. } => Test::In { negated: *negated, operands: values.collect() },
    }
}

impl NumberExpr {
    /// The number, or `None` for NULL.
    ///
    /// # Errors
    /// When a function does not exist or is called wrongly, or when several past values are not aggregated.
    pub fn evaluate<H: History + ?Sized>(&self, history: &H) -> Result<Option<f64>, EvaluateError> {
        match self.value(history)? {
            Value::Number(number) => Ok(Some(number)),
            Value::Null => Ok(None),
            Value::Series(_) => Err(EvaluateError::Series { span: self.span }),
        }
    }

    fn value<H: History + ?Sized>(&self, history: &H) -> Result<Value, EvaluateError> {
        match &self.kind {
            NumberKind::Literal { value, .. } => Ok(Value::Number(*value)),
            NumberKind::Null => Ok(Value::Null),
            NumberKind::Group(inner) => inner.value(history),
            NumberKind::Chain { first, rest } => {
                if rest.is_empty() {
                    return first.value(history);
                }
                let mut total = first.evaluate(history)?;
                for (operator, operand) in rest {
                    let operand = operand.evaluate(history)?;
                    total = total.zip(operand).map(|(left, right)| apply(*operator, left, right));
                }
                Ok(total.map_or(Value::Null, Value::Number))
            }
            NumberKind::Call { name, arguments } => {
                let arguments =
                    arguments.iter().map(|argument| argument.value(history)).collect::<Result<Vec<_>, _>>()?;
                if let Some(number) = history.call(name, &arguments) {
                    return Ok(Value::Number(number));
                }
                function::call(name, &arguments, self.span, history)
            }
        }
    }
}

fn apply(operator: ArithmeticOperator, left: f64, right: f64) -> f64 {
    match operator {
        ArithmeticOperator::Add => left + right,
        ArithmeticOperator::Subtract => left - right,
        ArithmeticOperator::Multiply => left * right,
        ArithmeticOperator::Divide => left / right,
    }
}
