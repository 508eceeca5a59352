//! `CustomSql` rules whose queries need an SQL engine: judged here where there is one, handed on where there is not.
//!
//! The engine is many times as large as the rest of the function, and would be paid for in every cold start. So the
//! function that has it is another one, `quality-sql`, made of this crate: it judges whole rulesets the same way, and a
//! version is judged by exactly one of the two.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::sync::Arc;
use std::time::Instant;

use sluice_common::ObjectVersion;
use sluice_common::port::{Deadline, Queue, QueueError};
use sluice_dqdl::ast::Ruleset;
use sluice_quality::{SqlEngine, Table, needs_sql_engine};
use sluice_stage::input::HashedReader;
use sluice_tabular::{ReadOptions, Source, TabularError, spool};

use crate::QualityFunction;
use crate::error::JudgeError;
use crate::judge::ENGINE;

/// Lambda's largest ephemeral storage.
const MAX_SPOOL_BYTES: u64 = 10 << 30;
/// What is kept of the time left for everything after the queries: the pass, the report, the signature.
const KEPT_SHARE: u32 = 3;

/// What becomes of a ruleset that needs an SQL engine.
#[derive(Clone, Default)]
pub enum Sql {
    /// Its queries are errors, which say how to get the engine.
    #[default]
    Refused,
    /// The seal is named in the queue of the function that has the engine, and no verdict is given here.
    HandedOn(Arc<dyn Queue>),
    /// It is judged here.
    Judged(Arc<dyn SqlEngines>),
}

impl fmt::Debug for Sql {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused => "Refused",
            Self::HandedOn(_) => "HandedOn",
            Self::Judged(_) => "Judged",
        })
    }
}

/// Opens SQL engines.
pub trait SqlEngines: Send + Sync {
    /// The engine's name and version, which stand in the verdict.
    fn name(&self) -> &'static str;

    /// An engine on a table in a file and its reference datasets, by alias. `now_epoch_micros` is what queries take for now; they end at `until`.
    ///
    /// # Errors
    /// When the table cannot be opened.
    fn open(
        &self,
        table: Arc<File>,
        read: &ReadOptions,
        references: &BTreeMap<String, Arc<dyn Table>>,
        now_epoch_micros: i64,
        until: Instant,
    ) -> Result<Arc<dyn SqlEngine>, TabularError>;
}

/// The engine for one evaluation.
pub(crate) struct SqlWork {
    engines: Arc<dyn SqlEngines>,
    until: Instant,
}

impl SqlWork {
    /// Copies the table to ephemeral storage, because queries read it as often as they like, and opens an engine on it.
    pub(crate) fn open(
        &self,
        input: HashedReader,
        read: &ReadOptions,
        references: &BTreeMap<String, Arc<dyn Table>>,
        now_epoch_micros: i64,
    ) -> Result<(Source, Arc<dyn SqlEngine>), TabularError> {
        let file = spool(input, &std::env::temp_dir(), MAX_SPOOL_BYTES)?;
        let table = file.try_clone().map_err(|source| TabularError::Read { source })?;
        // Whoever reads the table as a stream moves its position; the engine reads by position only.
        let engine = self.engines.open(Arc::new(table), read, references, now_epoch_micros, self.until)?;
        Ok((Source::File(file), engine))
    }
}

impl QualityFunction {
    /// Hands the version behind a seal on to the function that has an SQL engine, when its ruleset needs one and this
    /// function has none. Whether it did.
    pub(crate) async fn hand_on(&self, seal_at: &ObjectVersion, ruleset: &Ruleset) -> Result<bool, JudgeError> {
        let Sql::HandedOn(queue) = &self.sql else { return Ok(false) };
        if !needs_sql_engine(ruleset) {
            return Ok(false);
        }
        let body = serde_json::to_string(seal_at)
            .map_err(|unencodable| QueueError { code: "not JSON".to_owned(), source: Some(Box::new(unencodable)) })?;
        queue.send(body).await?;
        Ok(true)
    }

    /// The engine for a ruleset that needs one, where there is one.
    pub(crate) fn sql_work(&self, ruleset: &Ruleset, deadline: Deadline) -> Option<SqlWork> {
        let Sql::Judged(engines) = &self.sql else { return None };
        let left = deadline.left(self.clock.now());
        let until = Instant::now() + left.saturating_sub(left / KEPT_SHARE);
        needs_sql_engine(ruleset).then(|| SqlWork { engines: Arc::clone(engines), until })
    }

    /// The name and version of what judges a ruleset. Another engine is another run: its verdict takes no other's key.
    pub(crate) fn engine_for(&self, ruleset: &Ruleset) -> String {
        match &self.sql {
            Sql::Judged(engines) if needs_sql_engine(ruleset) => format!("{ENGINE}+{}", engines.name()),
            Sql::Judged(_) | Sql::HandedOn(_) | Sql::Refused => ENGINE.to_owned(),
        }
    }
}
