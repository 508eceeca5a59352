//! Reference datasets: what rules on two datasets keep of them. They are read before the primary one.

use std::collections::{BTreeMap, HashMap, HashSet};

use arrow_array::RecordBatch;
use arrow_buffer::BooleanBuffer;
use arrow_schema::SchemaRef;

use crate::error::QualityError;
use crate::frame::Frame;
use crate::keys::{KeyForm, keys};
use crate::metric::Moments;
use crate::outcome::Refusal;
use crate::plan::{ColumnId, Plan, add_column, add_numbers, find_column, missing};
use crate::value::count;

/// The reference datasets by alias.
#[derive(Debug, Default)]
pub(crate) struct References {
    datasets: BTreeMap<String, Reference>,
}

/// What is kept of one dataset.
#[derive(Debug)]
pub(crate) struct Reference {
    pub(crate) schema: SchemaRef,
    pub(crate) rows: u64,
    plan: Plan,
    sets: Vec<KeySet>,
    maps: Vec<KeyMap>,
    sums: Vec<(ColumnId, Moments)>,
}

type KeyColumns = Vec<(ColumnId, KeyForm)>;

#[derive(Debug)]
struct KeySet {
    columns: KeyColumns,
    keys: HashSet<u128>,
}

#[derive(Debug)]
struct KeyMap {
    key_columns: KeyColumns,
    value_columns: KeyColumns,
    /// The key of the values, where none of them is NULL, by the key of a row.
    values: HashMap<u128, Option<u128>>,
    has_duplicates: bool,
}

impl References {
    pub(crate) fn new(schemas: &BTreeMap<String, SchemaRef>) -> Self {
        let reference = |schema: &SchemaRef| Reference {
            schema: schema.clone(),
            rows: 0,
            plan: Plan::default(),
            sets: Vec::new(),
            maps: Vec::new(),
            sums: Vec::new(),
        };
        Self { datasets: schemas.iter().map(|(alias, schema)| (alias.clone(), reference(schema))).collect() }
    }

    pub(crate) fn get(&self, alias: &str) -> Option<&Reference> {
        self.datasets.get(alias)
    }

    pub(crate) fn get_mut(&mut self, alias: &str) -> Result<&mut Reference, Refusal> {
        self.datasets.get_mut(alias).ok_or_else(|| Refusal::failed(format!("{alias} not found in additional sources")))
    }

    pub(crate) fn aliases(&self) -> impl Iterator<Item = &str> {
        self.datasets.keys().map(String::as_str)
    }

    pub(crate) fn columns(&self, alias: &str) -> Vec<String> {
        let columns = self.get(alias).map(|reference| reference.plan.columns.iter());
        columns.into_iter().flatten().map(|column| column.name.clone()).collect()
    }

    pub(crate) fn update(&mut self, alias: &str, batch: &RecordBatch, limit_bytes: usize) -> Result<(), QualityError> {
        let Some(reference) = self.datasets.get_mut(alias) else {
            return Err(QualityError::UnknownReference { alias: alias.to_owned() });
        };
        reference.update(batch)?;
        if self.datasets.values().map(Reference::key_bytes).sum::<usize>() > limit_bytes {
            return Err(QualityError::ReferenceKeys { alias: alias.to_owned(), limit_bytes });
        }
        Ok(())
    }
}

impl Reference {
    fn update(&mut self, batch: &RecordBatch) -> Result<(), QualityError> {
        let none = References::default();
        let frame = Frame::new(&self.plan, batch, &none)?;
        self.rows += count(batch.num_rows());
        for set in &mut self.sets {
            let found = keys(&frame, &set.columns);
            let present = |row: &usize| found.every_value.as_ref().is_none_or(|every| every.value(*row));
            set.keys.extend((0..frame.rows).filter(present).filter_map(|row| found.values.get(row)));
        }
        for map in &mut self.maps {
            map.update(&frame);
        }
        for (column, moments) in &mut self.sums {
            moments.update(frame.numbers(*column), None);
        }
        Ok(())
    }

    /// Memory of the sets and maps: capacities grow to 8/7 of the slots that std's tables have, a control byte each.
    fn key_bytes(&self) -> usize {
        let table = |capacity: usize, entry: usize| capacity / 7 * 8 * (entry + 1);
        let sets = self.sets.iter().map(|set| table(set.keys.capacity(), size_of::<u128>()));
        let maps = self.maps.iter().map(|map| table(map.values.capacity(), size_of::<(u128, Option<u128>)>()));
        sets.chain(maps).sum()
    }

    /// Finds a column by name.
    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        find_column(&self.schema, name)
    }

    /// Reads the column at a position of the schema.
    pub(crate) fn add_column(&mut self, index: usize) -> ColumnId {
        add_column(&mut self.plan.columns, &self.schema, index)
    }

    pub(crate) fn kind(&self, index: usize) -> crate::cells::Kind {
        crate::cells::Kind::of(self.schema.field(index).data_type())
    }

    /// Keeps the set of keys of some columns; returns its number.
    pub(crate) fn keep_set(&mut self, columns: KeyColumns) -> usize {
        self.sets.push(KeySet { columns, keys: HashSet::new() });
        self.sets.len() - 1
    }

    /// Keeps the values of some columns by the key of others; returns its number.
    pub(crate) fn keep_map(&mut self, key_columns: KeyColumns, value_columns: KeyColumns) -> usize {
        self.maps.push(KeyMap { key_columns, value_columns, values: HashMap::new(), has_duplicates: false });
        self.maps.len() - 1
    }

    /// Sums a column; returns the sum's number.
    pub(crate) fn keep_sum(&mut self, name: &str) -> Result<usize, Refusal> {
        let index =
            self.find(name).ok_or_else(|| Refusal::failed(missing(&self.schema, name, "the reference dataset")))?;
        let id = self.add_column(index);
        add_numbers(&mut self.plan.columns, id)?;
        self.sums.push((id, Moments::default()));
        Ok(self.sums.len() - 1)
    }

    pub(crate) fn sum(&self, number: usize) -> Option<&Moments> {
        self.sums.get(number).map(|(_, moments)| moments)
    }

    pub(crate) fn has_duplicates(&self, map: usize) -> bool {
        self.maps.get(map).is_some_and(|map| map.has_duplicates)
    }

    /// Marks the rows of the primary dataset whose key is in a set.
    pub(crate) fn mark_contained(&self, set: usize, frame: &Frame<'_>, columns: &KeyColumns) -> BooleanBuffer {
        let Some(set) = self.sets.get(set) else { return BooleanBuffer::new_unset(frame.rows) };
        let found = keys(frame, columns);
        let contained = |row: usize| {
            found.every_value.as_ref().is_none_or(|every| every.value(row))
                && found.values.get(row).is_some_and(|key| set.keys.contains(key))
        };
        BooleanBuffer::collect_bool(frame.rows, contained)
    }

    /// Marks the rows of the primary dataset whose values are those that a map has for their key.
    pub(crate) fn mark_equal(
        &self,
        map: usize,
        frame: &Frame<'_>,
        key_columns: &KeyColumns,
        value_columns: &KeyColumns,
    ) -> BooleanBuffer {
        let Some(map) = self.maps.get(map) else { return BooleanBuffer::new_unset(frame.rows) };
        let row_keys = keys(frame, key_columns);
        let values = (!value_columns.is_empty()).then(|| keys(frame, value_columns));
        let equal = |row: usize| {
            if row_keys.every_value.as_ref().is_some_and(|every| !every.value(row)) {
                return false;
            }
            let Some(theirs) = row_keys.values.get(row).and_then(|key| map.values.get(key)) else { return false };
            match (&values, theirs) {
                (None, _) => true,
                (Some(ours), Some(theirs)) => {
                    ours.every_value.as_ref().is_none_or(|every| every.value(row))
                        && ours.values.get(row) == Some(theirs)
                }
                (Some(_), None) => false,
            }
        };
        BooleanBuffer::collect_bool(frame.rows, equal)
    }
}

impl KeyMap {
    fn update(&mut self, frame: &Frame<'_>) {
        let row_keys = keys(frame, &self.key_columns);
        let values = (!self.value_columns.is_empty()).then(|| keys(frame, &self.value_columns));
        for (row, key) in row_keys.values.iter().enumerate() {
            let value = values.as_ref().and_then(|values| {
                let present = values.every_value.as_ref().is_none_or(|every| every.value(row));
                present.then(|| values.values.get(row).copied()).flatten()
            });
            self.has_duplicates |= self.values.insert(*key, value).is_some();
        }
    }
}
