//! The SQL engine for `CustomSql` rules beyond one pass.

use std::collections::BTreeMap;
use std::io::{Read, Seek as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use sha2::{Digest as _, Sha256};
use sluice_common::Sha256Digest;
use sluice_dqdl::ast::Ruleset;
use sluice_quality::{SqlEngine, needs_sql_engine};
use sluice_quality_sql::{DataFusionEngine, SqlLimits, SqlTables, StoredTable, Table};
use sluice_tabular::{ReadOptions, spool};

use crate::input::Input;

/// Nobody waits longer for a query at a terminal.
const LONGEST: Duration = Duration::from_hours(1);
const CHUNK_BYTES: usize = 1 << 20;

/// An engine on a copy of the file in the system's folder for temporary files, and the copy's digest.
pub(super) struct Sql {
    pub(super) engine: Arc<dyn SqlEngine>,
    sha256: Sha256Digest,
}

impl Sql {
    /// Opens the engine, if some rule needs it.
    pub(super) fn open(
        file: &str,
        ruleset: &Ruleset,
        options: &ReadOptions,
        now_micros: i64,
        references: &BTreeMap<String, Arc<dyn Table>>,
    ) -> anyhow::Result<Option<Self>> {
        if !needs_sql_engine(ruleset) {
            return Ok(None);
        }
        let open = || {
            let mut copy = spool(Input::open(file)?.into_read(), &std::env::temp_dir(), u64::MAX)?;
            let sha256 = digest(&mut copy)?;
            let tables = SqlTables::of(StoredTable::open(Arc::new(copy), options.clone())?).with_references(references);
            let engine = DataFusionEngine::new(tables, SqlLimits::until(Instant::now() + LONGEST), now_micros);
            anyhow::Ok(Self { engine: Arc::new(engine), sha256 })
        };
        open().map(Some).with_context(|| file.to_owned())
    }

    /// Makes sure that the queries saw the file that the rules saw.
    pub(super) fn check(&self, file: &str, sha256: Sha256Digest) -> anyhow::Result<()> {
        ensure!(self.sha256 == sha256, "{file}: the file changed while it was read; try again");
        Ok(())
    }
}

fn digest(copy: &mut std::fs::File) -> std::io::Result<Sha256Digest> {
    let (mut hasher, mut chunk) = (Sha256::new(), vec![0; CHUNK_BYTES]);
    loop {
        match copy.read(&mut chunk)? {
            0 => break,
            length => hasher.update(chunk.get(..length).unwrap_or_default()),
        }
    }
    copy.rewind()?;
    Ok(Sha256Digest::from_bytes(hasher.finalize().into()))
}
