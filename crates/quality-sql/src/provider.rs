//! A table as DataFusion scans it: one stream, only the columns that the query needs.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use datafusion::arrow::array::{ArrayRef, AsArray as _, RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DataFusionError, Result, exec_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};

use crate::Table;
use crate::bridge::{self, Bridged};

/// Batches that may wait for the query while the next one is read.
const BATCHES_AHEAD: usize = 2;

#[derive(Debug)]
pub(crate) struct Provider {
    table: Arc<dyn Table>,
    bridged: Bridged,
    deadline: Instant,
}

impl Provider {
    /// Scans of the table that are not done by `deadline` fail.
    pub(crate) fn new(table: Arc<dyn Table>, deadline: Instant) -> Self {
        let bridged = bridge::bridge(&table.schema());
        Self { table, bridged, deadline }
    }
}

#[async_trait]
impl TableProvider for Provider {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.bridged.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _session: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let (schema, columns) = match projection {
            Some(chosen) => {
                let names = chosen.iter().filter_map(|column| self.bridged.names.get(*column).cloned());
                (Arc::new(self.bridged.schema.project(chosen)?), names.collect())
            }
            None => (Arc::clone(&self.bridged.schema), self.bridged.names.clone()),
        };
        let scan =
            Scan { table: Arc::clone(&self.table), schema: Arc::clone(&schema), columns, deadline: self.deadline };
        let scan: Arc<dyn PartitionStream> = Arc::new(scan);
        Ok(Arc::new(StreamingTableExec::try_new(schema, vec![scan], None, [], false, limit)?))
    }
}

/// One reading of a table.
struct Scan {
    table: Arc<dyn Table>,
    schema: SchemaRef,
    /// The columns' own names.
    columns: Vec<String>,
    deadline: Instant,
}

impl fmt::Debug for Scan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scan").finish_non_exhaustive()
    }
}

impl PartitionStream for Scan {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let (most_rows, deadline) = (context.session_config().batch_size().max(1), self.deadline);
        let (table, schema, columns) = (Arc::clone(&self.table), Arc::clone(&self.schema), self.columns.clone());
        let mut stream = RecordBatchReceiverStream::builder(Arc::clone(&schema), BATCHES_AHEAD);
        let sender = stream.tx();
        stream.spawn_blocking(move || {
            let batches = table.scan(&columns).map_err(external)?;
            for batch in batches {
                let batch = bridge::batch(&batch.map_err(external)?, &schema)?;
                for first in (0..batch.num_rows()).step_by(most_rows) {
                    if Instant::now() > deadline {
                        return exec_err!("the time is up");
                    }
                    let part = compact(&batch.slice(first, most_rows.min(batch.num_rows() - first)))?;
                    // The query has seen enough, or was given up.
                    if sender.blocking_send(Ok(part)).is_err() {
                        return Ok(());
                    }
                }
            }
            Ok(())
        });
        stream.build()
    }
}

/// Texts in memory of their own. A block of a file is one buffer for all its cells: an operator that keeps some of them
/// would keep the block, and be charged for all of it.
fn compact(batch: &RecordBatch) -> Result<RecordBatch> {
    let columns = batch.columns().iter().map(|column| match column.as_string_view_opt() {
        Some(texts) => Arc::new(texts.gc()) as ArrayRef,
        None => Arc::clone(column),
    });
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(batch.schema(), columns.collect(), &options)?)
}

fn external(error: sluice_tabular::TabularError) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
