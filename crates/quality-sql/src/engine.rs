//! From a question to an answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use datafusion::arrow::array::{Array as _, AsArray as _, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Float64Type};
use datafusion::catalog::TableProvider;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::context::SQLOptions;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SessionContext;
use datafusion::sql::parser::Statement as Parsed;
use datafusion::sql::sqlparser::ast::Statement;
use futures::StreamExt as _;
use sluice_quality::{QualityError, SqlAnswer, SqlEngine, SqlQuestion, SqlResult};

use crate::bridge;
use crate::fault::{Fault, Refused};
use crate::provider::Provider;
use crate::returned::Returned;
use crate::session;
use crate::spark::{self, Names};
use crate::statement;
use crate::table::SqlTables;

/// The stack of the thread that answers: the trees of queries are walked recursively, and are as deep as queries are long.
/// Address space only, until a query is that deep.
const STACK_BYTES: usize = 256 << 20;

/// What a query may take beyond its deadline to give up by itself.
const GRACE: Duration = Duration::from_millis(500);

/// What all queries of an evaluation may use.
#[derive(Debug, Clone)]
pub struct SqlLimits {
    /// Memory of a query's operators, in bytes; groups go on in ephemeral storage, a join that
    /// holds more is an error.
    pub memory_bytes: usize,
    /// Ephemeral storage of a query, in bytes, in the system's folder for temporary files.
    pub spill_bytes: u64,
    /// When the last query has to be done.
    pub deadline: Instant,
}

impl SqlLimits {
    /// 256 MiB of memory, 4 GiB of ephemeral storage, and time until `deadline`.
    pub const fn until(deadline: Instant) -> Self {
        Self { memory_bytes: 256 << 20, spill_bytes: 4 << 30, deadline }
    }
}

/// Answers queries with DataFusion.
#[derive(Debug)]
pub struct DataFusionEngine(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    tables: SqlTables,
    providers: BTreeMap<String, Arc<dyn TableProvider>>,
    names: Names,
    hidden: BTreeSet<String>,
    limits: SqlLimits,
    now_epoch_micros: i64,
}

impl DataFusionEngine {
    /// Name and version of what answers queries.
    pub const NAME: &str = concat!("sluice-quality-sql/", env!("CARGO_PKG_VERSION"), "+datafusion/55.2");

    /// An engine on these tables. `now_epoch_micros` is what queries take for now, in microseconds since
    /// 1970-01-01T00:00Z.
    pub fn new(tables: SqlTables, limits: SqlLimits, now_epoch_micros: i64) -> Self {
        let all = tables.references.iter().map(|(alias, table)| (alias.to_lowercase(), table));
        let all: BTreeMap<String, _> = all.chain([("primary".to_owned(), &tables.primary)]).collect();
        let mut names = Names::default();
        let mut hidden = BTreeSet::new();
        let mut providers = BTreeMap::new();
        for (name, table) in all {
            let bridged = bridge::bridge(&table.schema());
            names.add(&bridged);
            hidden.extend(bridged.hidden);
            let provider = Provider::new(Arc::clone(table), limits.deadline);
            providers.insert(name, Arc::new(provider) as Arc<dyn TableProvider>);
        }
        Self(Arc::new(Inner { tables, providers, names, hidden, limits, now_epoch_micros }))
    }
}

impl Inner {
    /// Parses, checks and rewrites a query.
    fn read(&self, text: &str) -> Result<Statement, Refused> {
        let tables = self.providers.keys().cloned().collect();
        let mut statement = statement::parse(text, &tables)?;
        spark::rewrite(&mut statement, &self.names, self.now_epoch_micros)?;
        Ok(statement)
    }

    /// Runs a query on a runtime of its own, until the deadline.
    fn run(&self, question: &SqlQuestion, statement: &Statement) -> Result<SqlAnswer, Fault> {
        let machine = |error: std::io::Error| Fault::Machine(Box::new(error));
        let left = self.limits.deadline.saturating_duration_since(Instant::now());
        if left < Duration::from_millis(10) {
            return Err(late().into());
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(machine)?;
        let answered =
            runtime.block_on(async { tokio::time::timeout(left, Box::pin(self.answered(question, statement))).await });
        runtime.shutdown_background();
        answered.unwrap_or_else(|_elapsed| Err(late().into()))
    }

    async fn answered(&self, question: &SqlQuestion, statement: &Statement) -> Result<SqlAnswer, Fault> {
        let session = session::open(&self.providers, &self.limits)?;
        let plan = plan(&session, statement).await?;
        let rows = session.execute_logical_plan(plan).await?.execute_stream().await?;
        match question.result {
            SqlResult::Number => number(rows).await,
            SqlResult::Rows => self.rows(rows).await,
        }
    }

    /// Adds to a fault what is known here of a column that is not there: where the query names it, and which one may be meant.
    fn explained(&self, fault: Fault, statement: &Statement) -> Fault {
        let Fault::Refused(mut refused) = fault else { return fault };
        let Some(missing) = refused.missing.take() else { return refused.into() };
        if self.hidden.iter().any(|hidden| hidden.eq_ignore_ascii_case(&missing)) {
            let message = format!("column `{missing}` holds nested values, which a query cannot read here");
            return Refused::error(message).into();
        }
        if let Some(place) = statement::place_of(statement, &missing) {
            refused.message = format!("{} (line {}, column {})", refused.message, place.line, place.column);
        }
        if let Some(near) = self.names.nearest(&missing) {
            refused.message = format!("{}; did you mean {near}?", refused.message);
        }
        refused.into()
    }

    async fn rows(&self, mut rows: SendableRecordBatchStream) -> Result<SqlAnswer, Fault> {
        let primary = bridge::bridge(&self.tables.primary.schema());
        let mut returned = Returned::new(&rows.schema(), &primary, self.limits.memory_bytes)?;
        while let Some(batch) = rows.next().await {
            returned.add(&batch?)?;
        }
        drop(rows);
        let table = Arc::clone(&self.tables.primary);
        let marked = tokio::task::spawn_blocking(move || returned.mark(table.as_ref())).await;
        let marks = marked.unwrap_or_else(|panicked| std::panic::resume_unwind(panicked.into_panic()))?;
        Ok(SqlAnswer::Rows(marks))
    }
}

async fn plan(session: &SessionContext, statement: &Statement) -> Result<LogicalPlan, Fault> {
    let parsed = Parsed::Statement(Box::new(statement.clone()));
    let plan = session.state().statement_to_plan(parsed).await?;
    let read_only = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    read_only.verify_plan(&plan)?;
    Ok(plan)
}

impl SqlEngine for DataFusionEngine {
    /// An operator may compute for long between two looks at the clock. Then the answer does not wait for it: its thread ends
    /// by itself when it next asks for rows.
    fn answer(&self, question: &SqlQuestion) -> Result<SqlAnswer, QualityError> {
        let (inner, question) = (Arc::clone(&self.0), question.clone());
        let wait = self.0.limits.deadline.saturating_duration_since(Instant::now()) + GRACE;
        let (sender, answers) = mpsc::sync_channel(1);
        let answering = thread::Builder::new().stack_size(STACK_BYTES).spawn(move || {
            // Nobody waits any more: then the answer is that there was none in time.
            drop(sender.send(inner.answer_here(&question)));
        });
        let answering = answering.map_err(|error| QualityError::Sql { source: Box::new(error) })?;
        match answers.recv_timeout(wait) {
            Ok(answer) => answer,
            Err(mpsc::RecvTimeoutError::Timeout) => Ok(late().into()),
            Err(mpsc::RecvTimeoutError::Disconnected) => match answering.join() {
                Err(panicked) => std::panic::resume_unwind(panicked),
                Ok(()) => Ok(Refused::error("the query ended without an answer").into()),
            },
        }
    }
}

fn late() -> Refused {
    Refused::error("the query did not end in the time left; simplify it, or raise the function's timeout")
}

impl Inner {
    fn answer_here(&self, question: &SqlQuestion) -> Result<SqlAnswer, QualityError> {
        let statement = match self.read(&question.statement) {
            Ok(statement) => statement,
            Err(refused) => return Ok(refused.into()),
        };
        let answer = self.run(question, &statement);
        answer.or_else(|fault| self.explained(fault, &statement).into_answer(self.limits.memory_bytes))
    }
}

/// The one number of a result.
async fn number(mut rows: SendableRecordBatchStream) -> Result<SqlAnswer, Fault> {
    if rows.schema().fields().len() != 1 {
        return Err(Refused::error("Custom SQL did not return exactly 1 column; select one number").into());
    }
    let mut only: Option<RecordBatch> = None;
    while let Some(batch) = rows.next().await {
        let batch = batch?;
        if batch.num_rows() == 0 {
            continue;
        }
        if batch.num_rows() > 1 || only.is_some() {
            return Err(Refused::error("Custom SQL did not return exactly 1 row; select one number").into());
        }
        only = Some(batch);
    }
    let Some(only) = only else {
        return Err(Refused::error("Custom SQL did not return exactly 1 row, but none; select one number").into());
    };
    let cell = only.column(0);
    if cell.is_null(0) {
        return Ok(SqlAnswer::Number(None));
    }
    let as_number = cast(cell, &DataType::Float64).ok();
    let value = as_number.as_ref().and_then(|array| {
        let array = array.as_primitive::<Float64Type>();
        (!array.is_null(0)).then(|| array.value(0))
    });
    match value {
        Some(value) => Ok(SqlAnswer::Number(Some(value))),
        None => Err(Refused::error("the query did not return a number; compare numbers, or count rows").into()),
    }
}
