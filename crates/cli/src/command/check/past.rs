//! A directory of metrics of earlier runs.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use sluice_common::Sha256Digest;
use sluice_quality::{HISTORY_VALUES, HistoryRecord, RecordedHistory, Report};

/// The newest runs in `directory`, which need not exist yet.
pub(crate) fn read(directory: Option<&Path>) -> anyhow::Result<RecordedHistory> {
    Ok(RecordedHistory::of(&records(directory)?))
}

/// The records of the newest runs in `directory`, the newest first.
pub(crate) fn records(directory: Option<&Path>) -> anyhow::Result<Vec<HistoryRecord>> {
    let Some(directory) = directory.filter(|directory| directory.is_dir()) else {
        return Ok(Vec::new());
    };
    let mut names = Vec::new();
    for entry in fs::read_dir(directory).with_context(|| directory.display().to_string())? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            names.push(path);
        }
    }
    // Names sort by time, the newest first.
    names.sort_unstable();
    let newest = names.iter().take(HISTORY_VALUES);
    let read = |path: &std::path::PathBuf| {
        let record =
            fs::read(path).map_err(anyhow::Error::from).and_then(|bytes| Ok(HistoryRecord::from_json(&bytes)?));
        record.with_context(|| path.display().to_string())
    };
    newest.map(read).collect()
}

/// Adds the metrics of this run.
pub(super) fn add(
    directory: &Path,
    subject: &str,
    sha256: Sha256Digest,
    at_epoch_micros: i64,
    report: &Report,
) -> anyhow::Result<()> {
    let record = HistoryRecord::of(report, format!("{subject} {}", sha256.to_hex()), at_epoch_micros);
    let path = directory.join(record.file_name(&sha256.to_hex()));
    let write = || {
        fs::create_dir_all(directory)?;
        fs::write(&path, record.to_json()?).map_err(anyhow::Error::from)
    };
    write().with_context(|| path.display().to_string())
}
