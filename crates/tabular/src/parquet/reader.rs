//! Reads Parquet row group by row group.

use std::collections::{BTreeMap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow_array::{Array as _, RecordBatch};
use arrow_buffer::BooleanBuffer;
use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::file::metadata::RowGroupMetaData;

use crate::block::{Origin, batch_of};
use crate::error::{Limit, TabularError};
use crate::options::{Caps, ReadOptions};
use crate::parquet::chunks::Chunks;
use crate::parquet::guard;
use crate::parquet::nested::{Leaf, Opened, Step, leaf_array, leaves};
use crate::parquet::presence::Presence;
use crate::path::ColumnPath;
use crate::views::presence_array;

/// Decoded bytes that a batch aims at.
const BATCH_BYTES: u64 = 4 << 20;

/// Streams a Parquet file.
pub(crate) struct ParquetReader {
    chunks: Chunks,
    caps: Caps,
    metadata: ArrowReaderMetadata,
    leaves: Vec<Leaf>,
    /// The lists whose elements are columns of their own.
    opened: Opened,
    projection: Vec<usize>,
    /// Whether only NULL or not is wanted, by column of the projection.
    presence_only: Vec<bool>,
    /// The columns of the open row group that are read so, by column of the projection.
    open_presence: BTreeMap<usize, Presence>,
    schema: SchemaRef,
    keep_nested: bool,
    block_rows: usize,
    next_group: usize,
    open_group: Option<ParquetRecordBatchReader>,
}

impl std::fmt::Debug for ParquetReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ParquetReader").field("schema", &self.schema).finish_non_exhaustive()
    }
}

/// Runs a decoder step. The decoder is not written for hostile files and panics on some.
fn guarded<T>(step: impl FnOnce() -> Result<T, TabularError>) -> Result<T, TabularError> {
    catch_unwind(AssertUnwindSafe(step))
        .unwrap_or_else(|_| Err(TabularError::Parquet { problem: "the decoder gave up on its structure".to_owned() }))
}

fn undecodable(chunks: &Chunks, error: impl std::fmt::Display) -> TabularError {
    match chunks.fault.take() {
        Some(source) => TabularError::Read { source },
        None => TabularError::Parquet { problem: brief(&error.to_string()) },
    }
}

/// The beginning of what the decoder said, on one line: a damaged file makes it talk at length.
fn brief(words: &str) -> String {
    const MOST: usize = 200;
    let line = words.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    if words.chars().nth(MOST).is_none() { line.collect() } else { line.take(MOST).chain(['…']).collect() }
}

impl ParquetReader {
    /// Opens a file and reads its footer.
    pub(crate) fn open(chunks: Chunks, options: &ReadOptions) -> Result<Self, TabularError> {
        guard::check_footer(&chunks, &options.caps)?;
        let metadata = guarded(|| load(&chunks))?;
        let opened = if options.open_lists { Opened::All } else { Opened::Paths(Vec::new()) };
        let leaves = leaves(metadata.schema().fields(), &opened);
        refuse_duplicates(&leaves)?;
        let mut reader = Self {
            caps: options.caps.clone(),
            projection: (0..leaves.len()).collect(),
            presence_only: vec![false; leaves.len()],
            open_presence: BTreeMap::new(),
            schema: Arc::new(Schema::empty()),
            keep_nested: options.rewritable,
            block_rows: options.block_rows.max(1),
            next_group: 0,
            open_group: None,
            chunks,
            metadata,
            leaves,
            opened,
        };
        reader.schema = reader.projected_schema();
        Ok(reader)
    }

    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The columns as they are nested in the file.
    pub(crate) fn nested_schema(&self) -> &SchemaRef {
        self.metadata.schema()
    }

    /// Makes columns of what the lists hold that these paths enter. All columns are read again.
    pub(crate) fn open_lists(&mut self, paths: &[ColumnPath]) -> Result<(), TabularError> {
        let Opened::Paths(known) = &mut self.opened else { return Ok(()) };
        let lists: Vec<String> = paths.iter().flat_map(ColumnPath::lists).map(str::to_owned).collect();
        if lists.iter().all(|list| known.contains(list)) {
            return Ok(());
        }
        known.extend(lists);
        self.leaves = leaves(self.metadata.schema().fields(), &self.opened);
        refuse_duplicates(&self.leaves)?;
        self.projection = (0..self.leaves.len()).collect();
        self.presence_only = vec![false; self.leaves.len()];
        self.schema = self.projected_schema();
        Ok(())
    }

    /// Reads only these columns.
    pub(crate) fn project(&mut self, paths: &[ColumnPath]) -> Result<(), TabularError> {
        self.open_lists(paths)?;
        let by_path: HashMap<&str, usize> =
            self.leaves.iter().enumerate().map(|(i, leaf)| (leaf.path.as_str(), i)).collect();
        let find = |path: &ColumnPath| {
            by_path.get(path.as_str()).copied().ok_or_else(|| TabularError::UnknownColumn {
                path: path.as_str().to_owned(),
                columns: self.leaves.len(),
            })
        };
        self.projection = paths.iter().map(find).collect::<Result<_, _>>()?;
        self.presence_only = vec![false; self.projection.len()];
        self.schema = self.projected_schema();
        Ok(())
    }

    /// Only NULL or not is wanted of these columns of the projection.
    pub(crate) fn only_presence(&mut self, columns: &[usize]) {
        for (column, presence_only) in self.presence_only.iter_mut().enumerate() {
            *presence_only = columns.contains(&column);
        }
        self.schema = self.projected_schema();
    }

    /// The projected columns, and whether only NULL or not is wanted of them.
    fn projected(&self) -> impl Iterator<Item = (&Leaf, bool)> {
        let wanted = self.projection.iter().zip(&self.presence_only);
        wanted.filter_map(|(leaf, presence_only)| Some((self.leaves.get(*leaf)?, *presence_only)))
    }

    fn projected_schema(&self) -> SchemaRef {
        let fields = self.projected().map(|(leaf, presence_only)| {
            if presence_only {
                Arc::new(Field::new(leaf.path.clone(), DataType::Boolean, true))
            } else {
                Arc::clone(&leaf.field)
            }
        });
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }

    /// The leaves of the open row group that are decoded: the projected ones, or all for a rewriter.
    fn decoded(&self) -> Vec<&Leaf> {
        if self.keep_nested {
            return self.leaves.iter().collect();
        }
        let apart = |column: &usize| self.open_presence.contains_key(column);
        self.projected().enumerate().filter(|(column, _)| !apart(column)).map(|(_, (leaf, _))| leaf).collect()
    }

    /// Opens the columns of a row group of which the definition levels are enough.
    fn presence_of(&self, group: &RowGroupMetaData) -> Result<BTreeMap<usize, Presence>, TabularError> {
        let mut opened = BTreeMap::new();
        for (column, (leaf, presence_only)) in self.projected().enumerate() {
            let chunk = group.columns().get(leaf.columns.start).filter(|_| leaf.columns.len() == 1);
            if let Some(chunk) = chunk.filter(|chunk| presence_only && !self.keep_nested && Presence::can_read(chunk)) {
                opened.insert(column, Presence::open(chunk, &self.chunks)?);
            }
        }
        Ok(opened)
    }

    /// The next rows, or `None` at the end.
    pub(crate) fn next_rows(&mut self) -> Result<Option<(RecordBatch, Origin)>, TabularError> {
        loop {
            if let Some(group) = &mut self.open_group {
                let next = guarded(|| group.next().transpose().map_err(|error| undecodable(&self.chunks, error)))?;
                match next {
                    Some(batch) if batch.num_rows() > 0 => return self.project_batch(batch).map(Some),
                    Some(_) => continue,
                    None => self.open_group = None,
                }
            }
            if self.next_group >= self.metadata.metadata().num_row_groups() {
                return Ok(None);
            }
            self.open_next_group()?;
        }
    }

    fn open_next_group(&mut self) -> Result<(), TabularError> {
        self.open_presence.clear();
        let mut columns: Vec<usize> = self.decoded().iter().flat_map(|leaf| leaf.columns.clone()).collect();
        columns.sort_unstable();
        columns.dedup();
        let metadata = self.metadata.clone();
        let file = metadata.metadata();
        if self.next_group == 0 {
            guard::check_sizes(file, &self.chunks, &columns, &self.caps)?;
        }
        let Some(group) = file.row_groups().get(self.next_group) else { return Ok(()) };
        guard::check_pages(group.columns(), &columns, &self.chunks, &self.caps)?;
        self.open_presence = self.presence_of(group)?;
        columns.retain(|column| self.decoded().iter().any(|leaf| leaf.columns.contains(column)));
        let rows = u64::try_from(group.num_rows()).unwrap_or_default();
        let bytes: u64 = columns
            .iter()
            .filter_map(|column| group.columns().get(*column))
            .map(|column| u64::try_from(column.uncompressed_size()).unwrap_or_default())
            .fold(0, u64::saturating_add);
        let batch_rows = self.batch_rows(rows, bytes)?;
        let mask = ProjectionMask::leaves(file.file_metadata().schema_descr(), columns);
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(self.chunks.clone(), self.metadata.clone())
            .with_projection(mask)
            .with_row_groups(vec![self.next_group])
            .with_batch_size(batch_rows);
        let group = guarded(|| builder.build().map_err(|error| undecodable(&self.chunks, error)))?;
        self.open_group = Some(group);
        self.next_group += 1;
        Ok(())
    }

    /// Rows of a batch, so that it stays near [`BATCH_BYTES`].
    fn batch_rows(&self, rows: u64, bytes: u64) -> Result<usize, TabularError> {
        let mut row_bytes = bytes.checked_div(rows).unwrap_or_default().max(1);
        // Values of a fixed size are copied for every row, however few bytes the file spends on them.
        for leaf in self.decoded() {
            if let DataType::FixedSizeBinary(width) = leaf.field.data_type() {
                let width = u64::try_from(*width).unwrap_or_default();
                if width > self.caps.field_bytes as u64 {
                    let allowed = self.caps.field_bytes as u64;
                    return Err(TabularError::Limit { limit: Limit::FieldBytes, allowed, place: None });
                }
                row_bytes = row_bytes.max(width);
            }
        }
        let fitting = usize::try_from(BATCH_BYTES / row_bytes).unwrap_or(usize::MAX);
        Ok(fitting.clamp(1, self.block_rows))
    }

    fn project_batch(&mut self, batch: RecordBatch) -> Result<(RecordBatch, Origin), TabularError> {
        // The decoder leaves out what was not asked for, so positions are those of its own schema.
        let present = leaves(batch.schema_ref().fields(), &self.opened);
        let steps: HashMap<&str, &[Step]> =
            present.iter().map(|leaf| (leaf.path.as_str(), leaf.steps.as_slice())).collect();
        let rows = batch.num_rows();
        let mut open_presence = std::mem::take(&mut self.open_presence);
        let columns = self.projected().enumerate().map(|(column, (leaf, presence_only))| {
            if let Some(presence) = open_presence.get_mut(&column) {
                return Ok(presence_array(presence.next_rows(rows)?));
            }
            let array = leaf_array(&batch, steps.get(leaf.path.as_str()).copied().unwrap_or_default())?;
            if !presence_only {
                return Ok(array);
            }
            let nulls = array.logical_nulls();
            Ok(presence_array(nulls.map_or_else(|| BooleanBuffer::new_set(rows), |nulls| nulls.inner().clone())))
        });
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        self.open_presence = open_presence;
        let projected = batch_of(&self.schema, columns, rows)?;
        Ok((projected, if self.keep_nested { Origin::Nested(batch) } else { Origin::Batch }))
    }
}

/// Reads the footer; strings and bytes become views, so that a value repeated by a dictionary is held once.
fn load(chunks: &Chunks) -> Result<ArrowReaderMetadata, TabularError> {
    let plain = ArrowReaderMetadata::load(chunks, ArrowReaderOptions::new()).map_err(|e| undecodable(chunks, e))?;
    let fields = plain.schema().fields().iter().map(|field| Arc::new(as_view(field)));
    let schema = Arc::new(Schema::new_with_metadata(fields.collect::<Fields>(), plain.schema().metadata().clone()));
    let options = ArrowReaderOptions::new().with_schema(schema);
    ArrowReaderMetadata::try_new(Arc::clone(plain.metadata()), options).map_err(|e| undecodable(chunks, e))
}

fn as_view(field: &Field) -> Field {
    let data_type = match field.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 => DataType::Utf8View,
        DataType::Binary | DataType::LargeBinary => DataType::BinaryView,
        DataType::Struct(members) => DataType::Struct(members.iter().map(|member| Arc::new(as_view(member))).collect()),
        other => other.clone(),
    };
    field.clone().with_data_type(data_type)
}

fn refuse_duplicates(leaves: &[Leaf]) -> Result<(), TabularError> {
    let mut seen = HashMap::new();
    for (i, leaf) in leaves.iter().enumerate() {
        if let Some(first) = seen.insert(leaf.path.as_str(), i) {
            return Err(TabularError::DuplicateColumn { first: first + 1, second: i + 1 });
        }
    }
    Ok(())
}
