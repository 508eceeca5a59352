//! The quality function with an SQL engine. It is fed by `quality`, which names in a queue the seals of versions whose
//! rulesets have `CustomSql` rules beyond one pass, and judges whole rulesets as `quality` does: it is that function, with
//! DataFusion plugged in. Its binary is large and its cold start slow, which nobody else pays for.

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::Arc;
use std::time::Instant;

use quality::{Config, QualityFunction, Sql, SqlEngines, connect_with};
use sluice_aws::Aws;
use sluice_common::config::{ConfigProblems, Environment};
use sluice_common::runner::Runner;
use sluice_quality::SqlEngine;
use sluice_quality_sql::{DataFusionEngine, SqlLimits, SqlTables, StoredTable, Table};
use sluice_stage::OnStatement;
use sluice_tabular::{ReadOptions, TabularError};

/// The smallest memory for queries, in bytes.
const LEAST_MEMORY_BYTES: usize = 128 << 20;
/// The share of the function's memory that queries may use; the rest is for the binary, blocks and the pass.
const MEMORY_SHARE: usize = 2;

/// DataFusion, within the memory of this function.
#[derive(Debug, Clone, Copy)]
pub struct DataFusion {
    memory_bytes: usize,
}

impl DataFusion {
    /// For a function of that much memory, as `AWS_LAMBDA_FUNCTION_MEMORY_SIZE` names it in MiB.
    pub fn in_function(memory_mib: Option<usize>) -> Self {
        let half = memory_mib.map(|mib| mib.saturating_mul(1 << 20) / MEMORY_SHARE);
        Self { memory_bytes: half.unwrap_or_default().max(LEAST_MEMORY_BYTES) }
    }
}

impl SqlEngines for DataFusion {
    fn name(&self) -> &'static str {
        DataFusionEngine::NAME
    }

    fn open(
        &self,
        table: Arc<File>,
        read: &ReadOptions,
        references: &BTreeMap<String, Arc<dyn Table>>,
        now_epoch_micros: i64,
        until: Instant,
    ) -> Result<Arc<dyn SqlEngine>, TabularError> {
        let tables = SqlTables::of(StoredTable::open(table, read.clone())?).with_references(references);
        let limits = SqlLimits { memory_bytes: self.memory_bytes, ..SqlLimits::until(until) };
        Ok(Arc::new(DataFusionEngine::new(tables, limits, now_epoch_micros)))
    }
}

/// What `quality` is told, and the function's memory in MiB, which Lambda tells.
///
/// # Errors
/// Every problem at once.
pub fn read(environment: &Environment) -> Result<(Config, Option<usize>), ConfigProblems> {
    let memory_mib = environment.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").and_then(|mib| mib.parse().ok());
    Ok((Config::read(environment)?, memory_mib))
}

/// The function on AWS.
pub fn connect(config: Config, memory_mib: Option<usize>, aws: &Aws) -> Runner<OnStatement<QualityFunction>> {
    connect_with("quality-sql", config, aws, Sql::Judged(Arc::new(DataFusion::in_function(memory_mib))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_have_half_of_the_function_s_memory() {
        assert_eq!(DataFusion::in_function(Some(2048)).memory_bytes, 1 << 30);
        assert_eq!(DataFusion::in_function(Some(128)).memory_bytes, LEAST_MEMORY_BYTES);
        assert_eq!(DataFusion::in_function(None).memory_bytes, LEAST_MEMORY_BYTES);
    }
}
