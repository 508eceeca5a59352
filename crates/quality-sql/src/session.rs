//! A session for one query: the tables, the functions that give the same answer whenever they are asked, and the bounds.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::common::{Result, TableReference};
use datafusion::execution::SessionStateDefaults;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::logical_expr::planner::ExprPlanner;
use datafusion::prelude::{SessionConfig, SessionContext};

use crate::engine::SqlLimits;
use crate::planner::SparkTypes;

/// Functions whose value depends on when, where or how often they are asked.
const UNSTEADY: [&str; 9] = [
    "random",
    "uuid",
    "now",
    "current_date",
    "current_time",
    "version",
    "input_file_name",
    "file_row_index",
    "arrow_metadata",
];

/// Opens a session. Nothing but `tables` can be read: there are no table functions, file formats or table factories.
pub(crate) fn open(tables: &BTreeMap<String, Arc<dyn TableProvider>>, limits: &SqlLimits) -> Result<SessionContext> {
    let mut config = SessionConfig::new()
        .with_target_partitions(1)
        .with_information_schema(false)
        .with_create_default_catalog_and_schema(true);
    let options = config.options_mut();
    options.sql_parser.enable_ident_normalization = false;
    options.execution.enable_recursive_ctes = false;
    options.execution.collect_statistics = false;
    options.execution.sort_spill_reservation_bytes = limits.memory_bytes / 16;
    let disk = DiskManagerBuilder::default()
        .with_mode(DiskManagerMode::OsTmpDirectory)
        .with_max_temp_directory_size(limits.spill_bytes);
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(FairSpillPool::new(limits.memory_bytes)))
        .with_disk_manager_builder(disk)
        .build_arc()?;
    let steady = |name: &str| !UNSTEADY.contains(&name);
    let scalars = SessionStateDefaults::default_scalar_functions();
    let mut planners: Vec<Arc<dyn ExprPlanner>> = vec![Arc::new(SparkTypes)];
    planners.extend(SessionStateDefaults::default_expr_planners());
    let state = SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(runtime)
        .with_expr_planners(planners)
        .with_scalar_functions(scalars.into_iter().filter(|function| steady(function.name())).collect())
        .with_aggregate_functions(SessionStateDefaults::default_aggregate_functions())
        .with_window_functions(SessionStateDefaults::default_window_functions())
        .build();
    let context = SessionContext::new_with_state(state);
    for (name, table) in tables {
        context.register_table(TableReference::bare(name.as_str()), Arc::clone(table))?;
    }
    Ok(context)
}
