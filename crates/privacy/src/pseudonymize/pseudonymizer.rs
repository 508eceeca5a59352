use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use arrow_select::filter::filter_record_batch;
use sluice_common::policy::Undeclared;
use sluice_tabular::{Change, ColumnPath, TabularError};

use super::error::PseudonymizeError;
use super::lists;
use super::plan::Plan;
use super::stats::{ColumnStats, Stats};
use super::undeclared::Watch;
use crate::transform::{Action, Beside, type_name};

/// A plan bound to the columns of a table. Pull batches through it with [`Self::transform`].
#[derive(Debug)]
pub struct Pseudonymizer {
    plan: Plan,
    /// What becomes of each column of the input, in its order.
    inputs: Vec<Bound>,
    /// By column of the policy: where the input has the column that names the subject.
    subjects: Vec<Option<usize>>,
    input_schema: SchemaRef,
    output_schema: SchemaRef,
    stats: Stats,
}

/// What becomes of a column of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bound {
    /// As the policy's column of this number says.
    Declared(usize),
    KeptUndeclared,
    /// Kept, with what is personal in its text replaced.
    MaskedUndeclared,
    DroppedUndeclared,
}

impl Pseudonymizer {
    /// Binds a plan to the columns of a table.
    ///
    /// # Errors
    /// A column of the policy is missing, the table has a column twice or one that the policy does not name and refuses,
    /// a column's type cannot be transformed, or no column is left.
    pub fn new(mut plan: Plan, input: &SchemaRef) -> Result<Self, PseudonymizeError> {
        check_names(input)?;
        if let Some(missing) = plan.columns.iter().find(|column| input.index_of(&column.name).is_err()) {
            return Err(PseudonymizeError::MissingColumn { column: missing.name.clone() });
        }
        let subjects = subjects_of(&plan, input)?;
        let mut inputs: Vec<Bound> = input.fields().iter().map(|field| bind(&plan, field)).collect();
        if let Some(watch) = &mut plan.watch {
            // Every column of the policy was found, so the header is one.
            watch.names_are_known = !plan.columns.is_empty();
            let kept = inputs.iter_mut().zip(input.fields()).enumerate();
            for (position, (bound, field)) in kept.filter(|(_, (bound, _))| **bound == Bound::KeptUndeclared) {
                if watch.add(position, field.name(), field.data_type()) {
                    *bound = Bound::MaskedUndeclared;
                }
            }
        }
        let undeclared = |bound: &Bound| !matches!(bound, Bound::Declared(_));
        let count = inputs.iter().filter(|bound| undeclared(bound)).count();
        if let (Undeclared::Refuse, Some(first)) = (plan.undeclared, inputs.iter().position(undeclared)) {
            return Err(PseudonymizeError::UndeclaredColumns { count, first: first.saturating_add(1) });
        }
        let mut stats = Stats {
            rows: 0,
            values_destroyed: 0,
            columns: plan.columns.iter().map(|column| column_stats(&column.name, column.transform)).collect(),
            undeclared_kept: count_of(&inputs, Bound::KeptUndeclared)
                .saturating_add(count_of(&inputs, Bound::MaskedUndeclared)),
            undeclared_dropped: count_of(&inputs, Bound::DroppedUndeclared),
        };
        let mut fields = Vec::with_capacity(inputs.len());
        for (bound, field) in inputs.iter().zip(input.fields()) {
            let Some(output) = output_type(&plan, *bound, field)? else { continue };
            if let Bound::Declared(column) = bound
                && let Some(stats) = stats.columns.get_mut(*column)
            {
                stats.output_type = Some(type_name(lists::value_type(field.name(), &output)));
            }
            let kept = output == *field.data_type();
            fields.push(if kept { Arc::clone(field) } else { Arc::new(Field::new(field.name(), output, true)) });
        }
        if fields.is_empty() {
            return Err(PseudonymizeError::NothingLeft);
        }
        let output_schema = Arc::new(Schema::new(fields));
        Ok(Self { plan, inputs, subjects, input_schema: Arc::clone(input), output_schema, stats })
    }

    /// The columns of the output.
    pub fn output_schema(&self) -> &SchemaRef {
        &self.output_schema
    }

    /// What was done so far.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// What a rewriter is told: the columns that are replaced or removed. [`Self::replacements`] gives the values.
    pub fn changes(&self) -> Vec<(ColumnPath, Change)> {
        let changes = self.inputs.iter().zip(self.input_schema.fields()).filter_map(|(bound, field)| {
            let change = match bound {
                Bound::KeptUndeclared => return None,
                Bound::DroppedUndeclared => Change::Remove,
                Bound::MaskedUndeclared => {
                    Change::ReplaceChanged(self.output_schema.field_with_name(field.name()).ok()?.data_type().clone())
                }
                Bound::Declared(column) => match &self.plan.columns.get(*column)?.action {
                    Action::Keep => return None,
                    Action::Drop => Change::Remove,
                    Action::Map(_) => {
                        Change::Replace(self.output_schema.field_with_name(field.name()).ok()?.data_type().clone())
                    }
                },
            };
            Some((ColumnPath::new(field.name()), change))
        });
        changes.collect()
    }

    /// Forgets the columns that are left out and not looked at, and gives the others: from now on batches have only these.
    pub fn narrow(&mut self) -> Vec<ColumnPath> {
        let names_subjects = |index: usize| self.subjects.contains(&Some(index));
        let needed = |name: &String, index| self.output_schema.index_of(name).is_ok() || names_subjects(index);
        let (inputs, fields): (Vec<Bound>, Vec<Arc<Field>>) = self
            .inputs
            .iter()
            .zip(self.input_schema.fields())
            .enumerate()
            .filter(|(index, (_, field))| needed(field.name(), *index))
            .map(|(_, (bound, field))| (*bound, Arc::clone(field)))
            .unzip();
        let paths = fields.iter().map(|field| ColumnPath::new(field.name())).collect();
        self.inputs = inputs;
        self.input_schema = Arc::new(Schema::new(fields));
        // They were found before, so they are found again.
        self.subjects = subjects_of(&self.plan, &self.input_schema).unwrap_or_default();
        paths
    }

    /// The columns that are published, each with its type when its values are replaced. [`Self::replacements`] gives the
    /// values.
    pub fn selection(&self) -> Vec<(ColumnPath, Option<DataType>)> {
        let changes = self.changes();
        let published = self.output_schema.fields().iter().map(|field| {
            let path = ColumnPath::new(field.name());
            let replaced = changes.iter().any(|(changed, _)| *changed == path);
            (path, replaced.then(|| field.data_type().clone()))
        });
        published.collect()
    }

    /// Transforms a batch: the columns of [`Self::output_schema`].
    ///
    /// # Errors
    /// The batch has other columns than the table, or a value has no text form.
    pub fn transform(&mut self, batch: &RecordBatch) -> Result<RecordBatch, PseudonymizeError> {
        let columns = self.apply(batch, |_changed| true)?;
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(Arc::clone(&self.output_schema), columns, &options)
            .map_err(|error| TabularError::Shape { problem: error.to_string() }.into())
    }

    /// Whether the columns that the policy does not name are masked: then none may come up late.
    pub(super) fn masks_undeclared(&self) -> bool {
        self.plan.watch.as_ref().is_some_and(Watch::masks)
    }

    /// What only the whole table can tell: whether a column that the policy does not name looks personal. Call it at the
    /// end, before anything is published.
    ///
    /// # Errors
    /// [`PseudonymizeError::UndeclaredPersonal`].
    pub fn check_undeclared(&self) -> Result<(), PseudonymizeError> {
        self.plan.watch.as_ref().map_or(Ok(()), Watch::verdict)
    }

    /// The new values of the columns that [`Self::changes`] replaces, in that order.
    ///
    /// # Errors
    /// As [`Self::transform`]. The batch may have more columns than the table, after those that are known.
    pub fn replacements(&mut self, batch: &RecordBatch) -> Result<Vec<ArrayRef>, PseudonymizeError> {
        self.apply(batch, |changed| changed)
    }

    /// What is published of a batch: the columns of [`Self::output_schema`], given the values of [`Self::replacements`] and
    /// the rows that are kept.
    pub(super) fn published(
        &self,
        batch: &RecordBatch,
        values: &[ArrayRef],
        keep: Option<&BooleanArray>,
    ) -> Result<RecordBatch, PseudonymizeError> {
        let shape = |error: ArrowError| PseudonymizeError::from(TabularError::Shape { problem: error.to_string() });
        let changes = self.changes();
        let replaced = changes.iter().filter(|(_, change)| *change != Change::Remove).map(|(path, _)| path.as_str());
        let replaced: HashMap<&str, &ArrayRef> = replaced.zip(values).collect();
        let columns = self.output_schema.fields().iter().map(|field| {
            let column = replaced.get(field.name().as_str()).copied().or_else(|| batch.column_by_name(field.name()));
            let missing = || TabularError::Shape { problem: "a column of the table is missing".to_owned() };
            column.cloned().ok_or_else(missing)
        });
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let published = RecordBatch::try_new_with_options(Arc::clone(&self.output_schema), columns, &options);
        match keep {
            None => published.map_err(shape),
            Some(keep) => published.and_then(|rows| filter_record_batch(&rows, keep)).map_err(shape),
        }
    }

    /// Counts a batch, and gives the published columns that `wanted` asks for, told whether they are changed.
    fn apply(
        &mut self,
        batch: &RecordBatch,
        wanted: impl Fn(bool) -> bool,
    ) -> Result<Vec<ArrayRef>, PseudonymizeError> {
        self.check(batch)?;
        let first_row = self.stats.rows;
        self.stats.rows = self.stats.rows.saturating_add(count(batch.num_rows()));
        let mut outputs = Vec::with_capacity(self.inputs.len());
        if let Some(watch) = &mut self.plan.watch {
            watch.look_at_late(batch, self.inputs.len())?;
        }
        let keys = match &self.plan.subjects {
            Some(subjects) => {
                subjects_array(batch, subjects.column()).map(|array| subjects.of_rows(array)).transpose()?
            }
            None => None,
        };
        for ((bound, field), array) in self.inputs.iter().zip(self.input_schema.fields()).zip(batch.columns()) {
            let subject = match bound {
                Bound::Declared(column) => self.subjects.get(*column).copied().flatten(),
                Bound::KeptUndeclared | Bound::MaskedUndeclared | Bound::DroppedUndeclared => None,
            };
            let declared = match bound {
                Bound::Declared(column) => self.plan.columns.get(*column).zip(self.stats.columns.get_mut(*column)),
                Bound::KeptUndeclared | Bound::MaskedUndeclared => {
                    let masked = match &mut self.plan.watch {
                        Some(watch) => watch.look_at(field.name(), array)?,
                        None => None,
                    };
                    if wanted(masked.is_some()) {
                        outputs.push(masked.unwrap_or_else(|| Arc::clone(array)));
                    }
                    continue;
                }
                Bound::DroppedUndeclared => continue,
            };
            let Some((column, stats)) = declared else { continue };
            let values = lists::values(&column.name, array);
            let (output, changed) = match &column.action {
                Action::Drop => continue,
                Action::Keep => (Arc::clone(array), false),
                Action::Map(transform) => {
                    let named = |source| PseudonymizeError::Transform { column: column.name.clone(), source };
                    let subject = subject.and_then(|index| batch.columns().get(index));
                    let subject = subject.map(|subject| lists::spread(&column.name, array, subject)).transpose();
                    let subject = subject.map_err(named)?;
                    let keys = keys.as_ref().map(|keys| lists::spread_keys(&column.name, array, keys));
                    // Inside lists, where a value stands is its number among all before it.
                    let is_list = lists::value_type(&column.name, array.data_type()) != array.data_type();
                    let first_row = if is_list { stats.values.saturating_add(stats.nulls) } else { first_row };
                    let found = match (&column.comprehend, &self.plan.texts) {
                        (Some(spec), Some(texts)) => Some(texts.of_rows(&column.name, spec, first_row, &values)?),
                        _ => None,
                    };
                    let beside =
                        Beside { subject: subject.as_ref(), first_row, keys: keys.as_deref(), found: found.as_deref() };
                    let output = lists::map(&column.name, array, |values| transform.apply_beside(values, &beside));
                    if let Some(keys) = keys.as_ref().filter(|_| column.transform == "encrypt") {
                        self.stats.values_destroyed =
                            self.stats.values_destroyed.saturating_add(keys.destroyed(&values));
                    }
                    (output.map_err(named)?, true)
                }
            };
            let nulls = values.logical_null_count();
            stats.nulls = stats.nulls.saturating_add(count(nulls));
            stats.values = stats.values.saturating_add(count(values.len().saturating_sub(nulls)));
            if wanted(changed) {
                outputs.push(output);
            }
        }
        Ok(outputs)
    }

    fn check(&self, batch: &RecordBatch) -> Result<(), PseudonymizeError> {
        let schema = batch.schema_ref();
        let same = |(known, given): (&Arc<Field>, &Arc<Field>)| {
            known.name() == given.name() && known.data_type() == given.data_type()
        };
        let known = self.input_schema.fields();
        if schema.fields().len() >= known.len() && known.iter().zip(schema.fields()).all(same) {
            return Ok(());
        }
        Err(TabularError::Shape { problem: "the batch has other columns than the table".to_owned() }.into())
    }
}

/// The column of a batch that names the subjects.
fn subjects_array<'b>(batch: &'b RecordBatch, column: &str) -> Option<&'b ArrayRef> {
    batch.schema_ref().index_of(column).ok().and_then(|index| batch.columns().get(index))
}

/// Where the input has the columns that name subjects, by column of the policy.
fn subjects_of(plan: &Plan, input: &Schema) -> Result<Vec<Option<usize>>, PseudonymizeError> {
    let places = plan.columns.iter().map(|column| match column.subject() {
        None => Ok(None),
        Some(subject) => match input.index_of(subject) {
            Ok(index) => Ok(Some(index)),
            Err(_absent) => Err(PseudonymizeError::MissingColumn { column: subject.to_owned() }),
        },
    });
    places.collect()
}

fn check_names(schema: &Schema) -> Result<(), PseudonymizeError> {
    let mut seen = HashMap::with_capacity(schema.fields().len());
    for (i, field) in schema.fields().iter().enumerate() {
        if let Some(first) = seen.insert(field.name().as_str(), i) {
            return Err(PseudonymizeError::DuplicateColumn {
                first: first.saturating_add(1),
                second: i.saturating_add(1),
            });
        }
    }
    Ok(())
}

fn bind(plan: &Plan, field: &Field) -> Bound {
    match (plan.by_name.get(field.name()), plan.undeclared) {
        (Some(column), _) => Bound::Declared(*column),
        (None, Undeclared::Keep) => Bound::KeptUndeclared,
        (None, Undeclared::Drop | Undeclared::Refuse) => Bound::DroppedUndeclared,
    }
}

fn output_type(plan: &Plan, bound: Bound, field: &Field) -> Result<Option<DataType>, PseudonymizeError> {
    let (name, input) = (field.name(), field.data_type());
    let column = match bound {
        Bound::Declared(column) => column,
        Bound::KeptUndeclared => return Ok(Some(input.clone())),
        Bound::MaskedUndeclared => return Ok(Some(lists::with_value_type(name, input, DataType::Utf8View))),
        Bound::DroppedUndeclared => return Ok(None),
    };
    let Some(column) = plan.columns.get(column) else { return Ok(None) };
    match &column.action {
        Action::Drop => Ok(None),
        Action::Keep => Ok(Some(input.clone())),
        Action::Map(transform) => match transform.output_type(lists::value_type(name, input)) {
            Ok(output) => Ok(Some(lists::with_value_type(name, input, output))),
            Err(source) => Err(PseudonymizeError::Transform { column: column.name.clone(), source }),
        },
    }
}

fn column_stats(name: &str, transform: &'static str) -> ColumnStats {
    ColumnStats { name: name.to_owned(), transform, output_type: None, values: 0, nulls: 0 }
}

fn count_of(inputs: &[Bound], wanted: Bound) -> u64 {
    count(inputs.iter().filter(|bound| **bound == wanted).count())
}

fn count(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}
