//! `CustomSql` rules answered by DataFusion: joins, aggregates, subqueries, windows, over the same tables that the one pass
//! of `sluice-quality` reads.
//!
//! [`SqlTables`] holds the primary dataset and its references, [`DataFusionEngine`] answers queries on them. A query reads
//! the tables as streams, projected, in bounded memory and time; it can read nothing else and change nothing.
//!
//! This crate is heavy (some hundred crates, minutes of build): it is no default member of the workspace, and only the
//! function `quality-sql` and a command built with `--features sql` link it.

mod bridge;
mod engine;
mod fault;
mod planner;
mod provider;
mod returned;
mod session;
mod spark;
mod statement;
mod table;

pub use engine::{DataFusionEngine, SqlLimits};
pub use sluice_quality::{Batches, StoredTable, Table};
pub use table::{MemoryTable, SqlTables};
