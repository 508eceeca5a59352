//! Operators between values of different types as Spark has them.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{DFSchema, Result};
use datafusion::functions::core::expr_fn::nullif;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::{ExprSchemable, lit, try_cast};
use datafusion::sql::sqlparser::ast::BinaryOperator;

/// Text beside a number is read as a number, beside a date as a date; what cannot be read is NULL. A whole number divided by
/// another is no whole number, and a number divided by zero is NULL.
#[derive(Debug)]
pub(crate) struct SparkTypes;

impl ExprPlanner for SparkTypes {
    fn plan_binary_op(&self, raw: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        use BinaryOperator as B;
        let (Ok(left), Ok(right)) = (raw.left.get_type(schema), raw.right.get_type(schema)) else {
            return Ok(PlannerResult::Original(raw));
        };
        let RawBinaryExpr { op, left: mut left_of, right: mut right_of } = raw;
        match &op {
            B::Eq | B::NotEq | B::Lt | B::LtEq | B::Gt | B::GtEq | B::Spaceship => {
                if let Some(to) = read_as(&left, &right) {
                    left_of = try_cast(left_of, to);
                } else if let Some(to) = read_as(&right, &left) {
                    right_of = try_cast(right_of, to);
                }
            }
            B::Plus | B::Minus | B::Multiply | B::Divide | B::Modulo => {
                if is_text(&left) && counts(&right) {
                    left_of = try_cast(left_of, DataType::Float64);
                }
                if is_text(&right) && counts(&left) {
                    right_of = try_cast(right_of, DataType::Float64);
                }
                if op == B::Divide && left.is_integer() && right.is_integer() {
                    left_of = try_cast(left_of, DataType::Float64);
                    right_of = try_cast(right_of, DataType::Float64);
                }
                if matches!(op, B::Divide | B::Modulo) && counts(&left) && counts(&right) {
                    right_of = nullif(right_of, lit(0));
                }
            }
            _ => {}
        }
        Ok(PlannerResult::Original(RawBinaryExpr { op, left: left_of, right: right_of }))
    }
}

/// The type that text is read as beside `other`.
fn read_as(text: &DataType, other: &DataType) -> Option<DataType> {
    let beside = other.is_numeric() || other.is_temporal() || *other == DataType::Boolean;
    if !is_text(text) || !beside {
        return None;
    }
    Some(if other.is_numeric() { DataType::Float64 } else { other.clone() })
}

const fn is_text(of: &DataType) -> bool {
    matches!(of, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

/// Whether values are numbers, or may be read as such.
fn counts(of: &DataType) -> bool {
    of.is_numeric() || is_text(of)
}

#[cfg(test)]
mod tests {
    use datafusion::logical_expr::Expr;

    use super::*;

    #[test]
    fn text_is_read_as_what_stands_beside_it() {
        assert_eq!(read_as(&DataType::Utf8View, &DataType::Int32), Some(DataType::Float64));
        assert_eq!(read_as(&DataType::Utf8, &DataType::Date32), Some(DataType::Date32));
        assert_eq!(read_as(&DataType::Utf8, &DataType::Utf8View), None);
        assert_eq!(read_as(&DataType::Int32, &DataType::Utf8), None);
    }

    /// An expression keeps its operator whatever becomes of its sides.
    #[test]
    fn only_sides_change() {
        let raw = RawBinaryExpr { op: BinaryOperator::Divide, left: lit(1_i64), right: lit(3_i64) };
        let planned = SparkTypes.plan_binary_op(raw, &DFSchema::empty()).unwrap();
        let PlannerResult::Original(planned) = planned else { panic!("planned otherwise") };
        assert_eq!(planned.op, BinaryOperator::Divide);
        assert!(matches!(planned.left, Expr::TryCast(_)));
    }
}
