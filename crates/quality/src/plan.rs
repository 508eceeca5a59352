//! From rules to what has to be read, tested and measured, each thing once.

use arrow_schema::Schema;
use sluice_dqdl::ast::{NumberCondition, WhereClause};

use crate::cells::Kind;
use crate::condition::{Check, number_check};
use crate::filter::{Filter, FilterError};
use crate::history::MetricHistory;
use crate::metric::MetricSpec;
use crate::options::EvaluationOptions;
use crate::outcome::Refusal;
use crate::reference::References;
use crate::row_test::{RowTest, TestSpec};
use crate::sql::SqlQuestion;

/// A column of the projection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ColumnId(pub(crate) usize);

/// A `where` clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct FilterId(pub(crate) usize);

/// A row test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TestId(pub(crate) usize);

/// A metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct MetricId(pub(crate) usize);

/// A column that is read.
#[derive(Debug)]
pub(crate) struct PlannedColumn {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// Whether some kernel wants its numbers.
    pub(crate) numbers: bool,
    /// Whether some kernel wants more of it than which cells are NULL.
    pub(crate) values: bool,
}

/// What is done with each block.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) columns: Vec<PlannedColumn>,
    pub(crate) filters: Vec<Filter>,
    pub(crate) tests: Vec<RowTest>,
    pub(crate) metrics: Vec<MetricSpec>,
    filter_texts: Vec<String>,
    test_specs: Vec<TestSpec>,
}

impl Plan {
    /// A digest of everything that states depend on, to tell whether two evaluations may be merged: what is asked, as
    /// text, and the columns that are read. Operands such as `now()` and `last()` may differ: each part was judged by its own.
    pub(crate) fn fingerprint(&self, asked: &str) -> String {
        use sha2::Digest;
        let columns: Vec<_> = self.columns.iter().map(|column| (&column.name, column.kind.name())).collect();
        let text = format!("{columns:?}{asked}");
        hex::encode(sha2::Sha256::digest(text.as_bytes()))
    }
}

/// Builds a plan rule by rule.
pub(crate) struct Planner<'a> {
    pub(crate) schema: &'a Schema,
    pub(crate) options: &'a EvaluationOptions,
    pub(crate) history: &'a dyn MetricHistory,
    pub(crate) references: References,
    pub(crate) plan: Plan,
    /// Queries that only an SQL engine can answer.
    pub(crate) sql_questions: Vec<SqlQuestion>,
}

impl std::fmt::Debug for Planner<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Planner").field("plan", &self.plan).finish_non_exhaustive()
    }
}

impl<'a> Planner<'a> {
    pub(crate) fn new(schema: &'a Schema, options: &'a EvaluationOptions, history: &'a dyn MetricHistory) -> Self {
        let references = References::new(&options.references);
        Self { schema, options, history, references, plan: Plan::default(), sql_questions: Vec::new() }
    }

    /// The column of that name, to be read.
    pub(crate) fn column(&mut self, name: &str) -> Result<ColumnId, Refusal> {
        let column = self.presence_column(name)?;
        if let Some(planned) = self.plan.columns.get_mut(column.0) {
            planned.values = true;
        }
        Ok(column)
    }

    /// The column of that name, of which only which cells are NULL is read, unless others want more of it.
    pub(crate) fn presence_column(&mut self, name: &str) -> Result<ColumnId, Refusal> {
        let Some(index) = find_column(self.schema, name) else {
            return Err(Refusal::failed(missing(self.schema, name, "the dataset")));
        };
        Ok(add_column(&mut self.plan.columns, self.schema, index))
    }

    /// The column of that name, to be read as numbers.
    pub(crate) fn number_column(&mut self, name: &str) -> Result<ColumnId, Refusal> {
        let id = self.column(name)?;
        add_numbers(&mut self.plan.columns, id)?;
        Ok(id)
    }

    pub(crate) fn want_numbers(&mut self, column: ColumnId) -> Result<(), Refusal> {
        add_numbers(&mut self.plan.columns, column)
    }

    /// Whether the column of that name holds texts.
    pub(crate) fn is_text(&mut self, name: &str) -> Result<bool, Refusal> {
        let column = self.column(name)?;
        Ok(self.kind(column) == Kind::Text)
    }

    pub(crate) fn kind(&self, column: ColumnId) -> Kind {
        self.plan.columns.get(column.0).map_or(Kind::Opaque, |column| column.kind)
    }

    /// The column of that name, of a type whose values can be compared.
    pub(crate) fn comparable_column(&mut self, name: &str) -> Result<ColumnId, Refusal> {
        let id = self.column(name)?;
        if self.kind(id) == Kind::Opaque {
            return Err(Refusal::error(format!(
                "column `{name}` holds binary or nested values, which cannot be compared"
            )));
        }
        Ok(id)
    }

    pub(crate) fn filter(&mut self, clause: Option<&WhereClause>) -> Result<Option<FilterId>, Refusal> {
        let Some(clause) = clause else { return Ok(None) };
        let text = clause.unescaped();
        if let Some(known) = self.plan.filter_texts.iter().position(|known| *known == text) {
            return Ok(Some(FilterId(known)));
        }
        let filter = Filter::compile(&text, self)
            .map_err(|problem| Refusal::failed(format!("The provided where clause is invalid: {problem}")))?;
        self.plan.filters.push(filter);
        self.plan.filter_texts.push(text);
        Ok(Some(FilterId(self.plan.filters.len() - 1)))
    }

    /// A filter from a tree that SQL was parsed to; `None` when it takes an SQL engine to run it.
    pub(crate) fn filter_tree(&mut self, tree: &sqlparser::ast::Expr) -> Result<Option<FilterId>, Refusal> {
        let filter = match Filter::from_tree(tree, self) {
            Ok(filter) => filter,
            Err(FilterError::Unsupported(_)) => return Ok(None),
            Err(problem) => return Err(Refusal::failed(format!("The condition of the query is invalid: {problem}"))),
        };
        self.plan.filters.push(filter);
        self.plan.filter_texts.push(format!("tree of {tree}"));
        Ok(Some(FilterId(self.plan.filters.len() - 1)))
    }

    pub(crate) fn test(&mut self, spec: TestSpec) -> Result<TestId, Refusal> {
        if let Some(known) = self.plan.test_specs.iter().position(|known| *known == spec) {
            return Ok(TestId(known));
        }
        let test = RowTest::compile(&spec).map_err(|problem| Refusal::error(problem.to_string()))?;
        self.plan.tests.push(test);
        self.plan.test_specs.push(spec);
        Ok(TestId(self.plan.tests.len() - 1))
    }

    pub(crate) fn metric(&mut self, spec: MetricSpec) -> MetricId {
        if let Some(known) = self.plan.metrics.iter().position(|known| *known == spec) {
            return MetricId(known);
        }
        self.plan.metrics.push(spec);
        MetricId(self.plan.metrics.len() - 1)
    }

    /// A condition on the metric called `key`, with its operands worked out.
    pub(crate) fn check(&self, condition: &NumberCondition, key: &str) -> Result<Check<f64>, Refusal> {
        number_check(condition, key, self.history).map_err(|problem| Refusal::error(problem.to_string()))
    }
}

/// The position of a column: by its exact name, else by its name without backticks, else without regard to case.
pub(crate) fn find_column(schema: &Schema, name: &str) -> Option<usize> {
    let plain = plain_name(name);
    let position = |test: &dyn Fn(&str) -> bool| schema.fields().iter().position(|field| test(field.name()));
    position(&|known| known == name)
        .or_else(|| position(&|known| known == plain))
        .or_else(|| position(&|known| known.eq_ignore_ascii_case(&plain)))
}

/// A column name without the backticks that Spark puts around a name or its parts.
pub(crate) fn plain_name(name: &str) -> String {
    let name = name.trim();
    if name.len() > 1 && name.starts_with('`') && name.ends_with('`') {
        name.replace("`.`", ".").replace('`', "")
    } else {
        name.replace('`', "")
    }
}

/// What is said of a column that is not there: which one may have been meant.
pub(crate) fn missing(schema: &Schema, name: &str, place: &str) -> String {
    let plain = plain_name(name);
    let nearest = schema
        .fields()
        .iter()
        .map(|field| (strsim::damerau_levenshtein(&field.name().to_lowercase(), &plain.to_lowercase()), field.name()))
        .filter(|(distance, known)| *distance <= 2.max(known.chars().count() / 3))
        .min();
    match nearest {
        Some((_, known)) => format!("Column {plain} does not exist in {place}; did you mean {known}?"),
        None => format!("Column {plain} does not exist in {place}"),
    }
}

pub(crate) fn add_column(columns: &mut Vec<PlannedColumn>, schema: &Schema, index: usize) -> ColumnId {
    let field = schema.field(index);
    if let Some(known) = columns.iter().position(|column| column.name == *field.name()) {
        return ColumnId(known);
    }
    columns.push(PlannedColumn {
        name: field.name().clone(),
        kind: Kind::of(field.data_type()),
        numbers: false,
        values: false,
    });
    ColumnId(columns.len() - 1)
}

pub(crate) fn add_numbers(columns: &mut [PlannedColumn], id: ColumnId) -> Result<(), Refusal> {
    let Some(column) = columns.get_mut(id.0) else { return Ok(()) };
    match column.kind {
        Kind::Text | Kind::Integer | Kind::Float | Kind::Decimal => {
            column.numbers = true;
            Ok(())
        }
        other => Err(Refusal::failed(format!("column `{}` is of a {} type, not a number", column.name, other.name()))),
    }
}
