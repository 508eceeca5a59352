//! Ephemeral storage for what must be read out of order.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use crate::error::{Limit, TabularError};
use crate::inflate::Inflated;
use crate::options::{Caps, Compression};

/// Bytes copied at once.
const STEP_BYTES: usize = 1 << 20;

/// Copies `source` to a file in `directory` that has no name and so cannot outlive its handle, and rewinds it.
/// On Lambda `directory` is `/tmp` (512 MB to 10 GB, AWS Lambda quotas).
///
/// # Errors
/// [`TabularError::Read`] if the source fails, [`TabularError::Write`] if the storage does, [`Limit::SpoolBytes`] if
/// there are more than `most_bytes`.
pub fn spool(source: impl Read + Send + 'static, directory: &Path, most_bytes: u64) -> Result<File, TabularError> {
    let caps = Caps { inflated_bytes: u64::MAX, ..Caps::default() };
    let input = Inflated::open(Box::new(source), Compression::None, &caps)?;
    spool_inflated(input, directory, most_bytes)
}

/// The same for a decompressed stream.
pub(crate) fn spool_inflated(mut input: Inflated, directory: &Path, most_bytes: u64) -> Result<File, TabularError> {
    let failed = |source| TabularError::Write { source };
    let mut file = tempfile::tempfile_in(directory).map_err(failed)?;
    let mut step = Vec::with_capacity(STEP_BYTES);
    let mut copied: u64 = 0;
    loop {
        step.clear();
        let ended = input.fill(&mut step, STEP_BYTES)?;
        copied = copied.saturating_add(step.len() as u64);
        if copied > most_bytes {
            return Err(TabularError::Limit { limit: Limit::SpoolBytes, allowed: most_bytes, place: None });
        }
        file.write_all(&step).map_err(failed)?;
        if ended {
            break;
        }
    }
    file.seek(SeekFrom::Start(0)).map_err(failed)?;
    Ok(file)
}
