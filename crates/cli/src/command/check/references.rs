//! Reference datasets, `--reference ALIAS=FILE`: what rules on two datasets and `CustomSql` look up.

mod catalog_table;

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use sluice_quality::{StoredTable, Table};
use sluice_tabular::spool;

use crate::args::{FormatArgs, Reference};
use crate::format;
use crate::input::Input;

/// Opens each file as the table of its alias. A file is copied to the system's folder for temporary files, because rules
/// read it as often as they like; its format is told by its name. `glue://database/table` is a table of the Glue Data
/// Catalog, which says where its objects are and how they are written.
pub(super) fn open(named: &[Reference]) -> anyhow::Result<BTreeMap<String, Arc<dyn Table>>> {
    let mut tables: BTreeMap<String, Arc<dyn Table>> = BTreeMap::new();
    for Reference { alias, file } in named {
        let is_taken = tables.keys().any(|known| known.eq_ignore_ascii_case(alias));
        ensure!(!is_taken, "--reference {alias}: the alias is given twice");
        let table = open_one(file).with_context(|| file.clone())?;
        tables.insert(alias.clone(), table);
    }
    Ok(tables)
}

fn open_one(file: &str) -> anyhow::Result<Arc<dyn Table>> {
    if let Some(name) = file.strip_prefix("glue://") {
        return Ok(Arc::new(catalog_table::open(&catalog_table::name(name)?)?));
    }
    let options = format::read_options(file, &FormatArgs::default())?;
    let copy = spool(Input::open(file)?.into_read(), &std::env::temp_dir(), u64::MAX)?;
    Ok(Arc::new(StoredTable::open(Arc::new(copy), options)?))
}
