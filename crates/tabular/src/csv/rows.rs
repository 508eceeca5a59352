//! Groups the ends of cells into rows, drops blank lines and refuses ragged rows.

#![expect(
    clippy::indexing_slicing,
    reason = "measured kernel: positions come from the scan of the same block, and the shape is checked first"
)]

use crate::csv::scan::Ends;

/// A row with another number of cells than it should have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RaggedRow {
    /// Position of its first byte in the block.
    pub(crate) start: usize,
    /// Its cells.
    pub(crate) found: usize,
}

/// Checks that each row has `columns` cells, removes blank lines from `ends`, and writes the position of each row's
/// first byte to `starts`. `line_feeds` is the number of line feeds among `ends`; the last end is one.
pub(crate) fn rows(
    bytes: &[u8],
    columns: usize,
    line_feeds: usize,
    ends: &mut Ends,
    starts: &mut Vec<u32>,
) -> Result<(), RaggedRow> {
    starts.clear();
    if is_rectangular(bytes, columns, line_feeds, ends.as_slice()) {
        let last_cells = ends.as_slice().iter().skip(columns - 1).step_by(columns);
        starts.push(0);
        starts.extend(last_cells.map(|end| end + 1));
        starts.pop();
        return Ok(());
    }
    row_by_row(bytes, columns, ends, starts)
}

/// Every `columns`-th end is a line feed and no other is.
fn is_rectangular(bytes: &[u8], columns: usize, line_feeds: usize, ends: &[u32]) -> bool {
    ends.len() == line_feeds * columns
        && ends.iter().skip(columns - 1).step_by(columns).all(|&end| bytes[end as usize] == b'\n')
}

fn row_by_row(bytes: &[u8], columns: usize, ends: &mut Ends, starts: &mut Vec<u32>) -> Result<(), RaggedRow> {
    let positions = ends.as_mut_slice();
    let mut kept = 0;
    let mut start = 0u32;
    let mut cells = 0;
    for i in 0..positions.len() {
        let end = positions[i];
        positions[kept] = end;
        kept += 1;
        cells += 1;
        if bytes[end as usize] != b'\n' {
            continue;
        }
        let blank = cells == 1 && matches!(&bytes[start as usize..end as usize], b"" | b"\r");
        if blank && columns != 1 {
            kept -= 1;
        } else if cells != columns {
            return Err(RaggedRow { start: start as usize, found: cells });
        } else {
            starts.push(start);
        }
        start = end + 1;
        cells = 0;
    }
    ends.truncate(kept);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csv::scan::{Dialect, scan};

    fn split(text: &str, columns: usize) -> Result<(Vec<u32>, Vec<u32>), RaggedRow> {
        let mut ends = Ends::default();
        let mut starts = Vec::new();
        let seen = scan(text.as_bytes(), Dialect { delimiter: b',', quote: Some(b'"') }, &mut ends);
        rows(text.as_bytes(), columns, seen.rows, &mut ends, &mut starts)?;
        Ok((ends.as_slice().to_vec(), starts))
    }

    #[test]
    fn rectangles_and_blank_lines() {
        assert_eq!(split("a,b\nc,d\n", 2), Ok((vec![1, 3, 5, 7], vec![0, 4])));
        assert_eq!(split("a,b\n\r\n\nc,d\n", 2), Ok((vec![1, 3, 8, 10], vec![0, 7])));
        assert_eq!(split("a\n\nb\n", 1), Ok((vec![1, 2, 4], vec![0, 2, 3])));
    }

    #[test]
    fn ragged_rows_are_named() {
        assert_eq!(split("a,b\nc\n", 2), Err(RaggedRow { start: 4, found: 1 }));
        assert_eq!(split("a,b\nc,d,e\n", 2), Err(RaggedRow { start: 4, found: 3 }));
        // As many cells and rows as a table of two columns has, in the wrong places.
        assert_eq!(split("a\nb,c,d\n", 2), Err(RaggedRow { start: 0, found: 1 }));
    }
}
