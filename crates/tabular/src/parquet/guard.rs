//! What a Parquet file declares is checked before the decoder spends memory or stack on it: the size of the footer, the
//! depth of the schema, and the decompressed size of each page.
//! <https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift>

use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use parquet::file::reader::Length;

use crate::error::{Limit, TabularError};
use crate::options::Caps;
use crate::parquet::chunks::Chunks;
use crate::parquet::thrift::{NotThrift, Thrift, Wire};

/// Length of the footer, and `PAR1`.
const TAIL_BYTES: u64 = 8;
/// A page header with its statistics is read in one go; most take 100 bytes.
const PAGE_HEADER_BYTES: usize = 16 << 10;

pub(crate) fn damaged(problem: &str) -> TabularError {
    TabularError::Parquet { problem: problem.to_owned() }
}

fn crossed(limit: Limit, allowed: u64) -> TabularError {
    TabularError::Limit { limit, allowed, place: None }
}

fn unsigned(number: i64) -> Result<u64, TabularError> {
    u64::try_from(number).ok().ok_or_else(|| damaged("a size or position in its footer is negative"))
}

/// Checks the footer of a file, before it is decoded.
pub(crate) fn check_footer(chunks: &Chunks, caps: &Caps) -> Result<(), TabularError> {
    let read = |start, length| chunks.range(start, length).map_err(|source| TabularError::Read { source });
    let tail_start = chunks.len().checked_sub(TAIL_BYTES).ok_or_else(|| damaged("it is shorter than its own frame"))?;
    let tail = read(tail_start, 8)?;
    let [a, b, c, d, magic @ ..] = tail.as_slice() else { return Err(damaged("it is shorter than its own frame")) };
    match magic {
        b"PAR1" => {}
        b"PARE" => return Err(damaged("its footer is encrypted, which is not supported")),
        _ => return Err(damaged("it does not end with PAR1: it is no parquet file, or truncated")),
    }
    let footer_bytes = u32::from_le_bytes([*a, *b, *c, *d]);
    let footer_len = usize::try_from(footer_bytes).unwrap_or(usize::MAX);
    if footer_len > caps.footer_bytes {
        return Err(crossed(Limit::FooterBytes, caps.footer_bytes as u64));
    }
    let start =
        tail_start.checked_sub(u64::from(footer_bytes)).ok_or_else(|| damaged("its footer is longer than it"))?;
    let footer = read(start, footer_len)?;
    match schema_of(&footer) {
        Err(NotThrift) => Err(damaged("its footer is damaged")),
        Ok(Shape { depth, .. }) if depth > caps.nesting => Err(crossed(Limit::Nesting, caps.nesting as u64)),
        Ok(Shape { leaves, .. }) if leaves > caps.columns => Err(crossed(Limit::Columns, caps.columns as u64)),
        Ok(_) => Ok(()),
    }
}

/// The size of a schema.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Shape {
    depth: usize,
    leaves: usize,
}

/// Field 2 of `FileMetaData`: the tree of `SchemaElement`s, depth first.
fn schema_of(footer: &[u8]) -> Result<Shape, NotThrift> {
    let mut thrift = Thrift::new(footer);
    let mut last = 0;
    while let Some((id, wire)) = thrift.field(last)? {
        if (id, wire) == (2, Wire::List) {
            return shape_of_elements(thrift);
        }
        thrift.skip(wire)?;
        last = id;
    }
    Err(NotThrift)
}

fn shape_of_elements(mut thrift: Thrift<'_>) -> Result<Shape, NotThrift> {
    let (length, Wire::Struct) = thrift.list()? else { return Err(NotThrift) };
    let mut shape = Shape::default();
    // Children still to come at each open level.
    let mut open: Vec<u64> = Vec::new();
    for _ in 0..length {
        let children = children_of_element(&mut thrift)?;
        while open.last() == Some(&0) {
            open.pop();
        }
        if let Some(left) = open.last_mut() {
            *left -= 1;
        }
        if children > 0 {
            open.push(children);
            shape.depth = shape.depth.max(open.len());
        } else {
            shape.leaves += 1;
        }
    }
    Ok(shape)
}

/// Field 5 of `SchemaElement`.
fn children_of_element(thrift: &mut Thrift<'_>) -> Result<u64, NotThrift> {
    let mut children = 0;
    let mut last = 0;
    while let Some((id, wire)) = thrift.field(last)? {
        if (id, wire) == (5, Wire::Integer) {
            children = u64::try_from(thrift.integer()?)?;
        } else {
            thrift.skip(wire)?;
        }
        last = id;
    }
    Ok(children)
}

/// Checks the sizes that the footer declares. `leaves`: the columns that will be read.
pub(crate) fn check_sizes(
    metadata: &ParquetMetaData,
    chunks: &Chunks,
    leaves: &[usize],
    caps: &Caps,
) -> Result<(), TabularError> {
    let mut inflated_bytes: u64 = 0;
    for group in metadata.row_groups() {
        if group.num_rows() < 0 {
            return Err(damaged("a row group has a negative number of rows"));
        }
        for column in leaves.iter().filter_map(|leaf| group.columns().get(*leaf)) {
            let bytes = unsigned(column.uncompressed_size())?;
            inflated_bytes = inflated_bytes.saturating_add(bytes);
            let values = unsigned(column.num_values())?;
            // Repeated values of one row are decoded together, and run lengths make them cheap to declare.
            if column.column_descr().max_rep_level() > 0 && values.saturating_mul(8) > caps.page_bytes {
                return Err(crossed(Limit::PageBytes, caps.page_bytes));
            }
        }
    }
    if inflated_bytes > caps.inflated_bytes {
        return Err(crossed(Limit::InflatedBytes, caps.inflated_bytes));
    }
    if inflated_bytes > caps.ratio_floor_bytes && inflated_bytes > caps.ratio.saturating_mul(chunks.len()) {
        return Err(crossed(Limit::Ratio, caps.ratio));
    }
    Ok(())
}

/// Checks each page of some columns of a row group, before they are decoded.
pub(crate) fn check_pages(
    columns: &[ColumnChunkMetaData],
    leaves: &[usize],
    chunks: &Chunks,
    caps: &Caps,
) -> Result<(), TabularError> {
    leaves.iter().filter_map(|leaf| columns.get(*leaf)).try_for_each(|column| check_chunk(column, chunks, caps))
}

fn check_chunk(column: &ColumnChunkMetaData, chunks: &Chunks, caps: &Caps) -> Result<(), TabularError> {
    let (mut at, end) = column_range(column, chunks)?;
    while at < end {
        let (page, _) = page_at(chunks, at, end)?;
        if page.inflated > caps.page_bytes {
            return Err(crossed(Limit::PageBytes, caps.page_bytes));
        }
        at = at.saturating_add(page.header).saturating_add(page.stored);
    }
    Ok(())
}

/// Where the pages of a column of a row group begin and end.
pub(crate) fn column_range(column: &ColumnChunkMetaData, chunks: &Chunks) -> Result<(u64, u64), TabularError> {
    let starts = [Some(column.data_page_offset()), column.dictionary_page_offset().filter(|offset| *offset > 0)];
    let start = unsigned(starts.into_iter().flatten().min().unwrap_or_default())?;
    let end = start.checked_add(unsigned(column.compressed_size())?).filter(|end| *end <= chunks.len());
    Ok((start, end.ok_or_else(|| damaged("a column lies beyond the end of the file"))?))
}

/// What the header of the page at `at` declares, and the bytes that begin with it.
pub(crate) fn page_at(chunks: &Chunks, at: u64, end: u64) -> Result<(Page, Vec<u8>), TabularError> {
    let window = usize::try_from(end - at).unwrap_or(usize::MAX).min(PAGE_HEADER_BYTES);
    let bytes = chunks.range(at, window).map_err(|source| TabularError::Read { source })?;
    let page = page_of(&bytes).map_err(|NotThrift| damaged("a page header is damaged or too large"))?;
    Ok((page, bytes))
}

/// What a page header declares, in bytes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) header: u64,
    pub(crate) inflated: u64,
    pub(crate) stored: u64,
}

/// Fields 2 and 3 of `PageHeader`.
fn page_of(bytes: &[u8]) -> Result<Page, NotThrift> {
    let mut thrift = Thrift::new(bytes);
    let mut page = Page::default();
    let mut last = 0;
    while let Some((id, wire)) = thrift.field(last)? {
        match (id, wire) {
            (2, Wire::Integer) => page.inflated = u64::try_from(thrift.integer()?)?,
            (3, Wire::Integer) => page.stored = u64::try_from(thrift.integer()?)?,
            _ => thrift.skip(wire)?,
        }
        last = id;
    }
    page.header = (bytes.len() - thrift.remaining()) as u64;
    Ok(page)
}
