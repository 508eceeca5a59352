use std::collections::HashMap;

use arrow_array::{Array as _, RecordBatch, StringArray};
use arrow_cast::{CastOptions, cast_with_options};
use arrow_schema::DataType;
use sluice_tabular::{ColumnPath, Reader};
use xxhash_rust::xxh3::{Xxh3, xxh3_64_with_seed};

use crate::counts::{Counts, Entry};
use crate::error::RiskError;
use crate::figures::{ClassSizes, Diversity, Figures};
use crate::offending::{Found, OffendingClasses};

/// The columns that matter.
#[derive(Debug, Clone)]
pub struct Columns {
    /// What others may know of a person. At least one.
    pub quasi_identifiers: Vec<String>,
    /// What they must not learn.
    pub sensitive: Vec<String>,
}

/// What is asked, and what it may cost.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The least rows of a class. Rows in smaller classes are counted.
    pub min_k: u64,
    /// The least different values of each sensitive column in a class.
    pub min_l: u64,
    /// The greatest distance between a class's values of a sensitive column and the table's.
    pub max_t: Option<f64>,
    /// Different pairs of class and sensitive value held in memory, some 60 bytes each, before they go to disk.
    pub most_in_memory: usize,
    /// Different pairs in one of the 64 parts on disk, each of which is read back whole.
    pub most_in_partition: usize,
    /// Different values of a sensitive column that are counted for t-closeness, some 30 bytes each.
    pub most_values: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            min_k: 5,
            min_l: 0,
            max_t: None,
            most_in_memory: 1_000_000,
            most_in_partition: 2_000_000,
            most_values: 1_000_000,
        }
    }
}

/// Takes in rows, then tells how easily people are found again in them.
#[derive(Debug)]
pub struct Assessor {
    columns: Columns,
    options: Options,
    seed: u64,
    tables: Vec<Table>,
}

/// The rows with one sensitive column, or with none.
#[derive(Debug)]
struct Table {
    sensitive: Option<String>,
    rows: Counts,
    /// How often each sensitive value stands in the table; `None` when there are too many.
    values: Option<HashMap<u64, u64>>,
}

impl Assessor {
    /// An assessor that has seen nothing.
    ///
    /// # Errors
    /// Without a quasi-identifier.
    pub fn new(columns: Columns, options: Options) -> Result<Self, RiskError> {
        if columns.quasi_identifiers.is_empty() {
            return Err(RiskError::NoQuasiIdentifiers);
        }
        let most_in_memory = options.most_in_memory.div_euclid(columns.sensitive.len().max(1)).max(1);
        let counts = || Counts::new(most_in_memory, options.most_in_partition);
        let table = |sensitive| Table { sensitive, rows: counts(), values: Some(HashMap::new()) };
        let tables = if columns.sensitive.is_empty() {
            vec![table(None)]
        } else {
            columns.sensitive.iter().cloned().map(|column| table(Some(column))).collect()
        };
        // Unknown to whoever wrote the table, who could otherwise make classes collide.
        Ok(Self { columns, options, seed: getrandom::u64().unwrap_or_default(), tables })
    }

    /// Takes in all rows of a table.
    ///
    /// # Errors
    /// When a column is not there, the table cannot be read, or ephemeral storage fails.
    pub fn read(&mut self, table: &mut Reader) -> Result<(), RiskError> {
        let named = self.columns.quasi_identifiers.iter().chain(&self.columns.sensitive);
        let paths: Vec<ColumnPath> = named.map(ColumnPath::new).collect();
        table.project(&paths)?;
        for block in table {
            self.push(&block?.batch)?;
        }
        Ok(())
    }

    /// Takes in rows.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn push(&mut self, batch: &RecordBatch) -> Result<(), RiskError> {
        let known = self.columns.quasi_identifiers.iter().map(|column| texts(batch, column));
        let known = known.collect::<Result<Vec<_>, _>>()?;
        let classes: Vec<u128> = (0..batch.num_rows()).map(|row| class(&known, row, self.seed)).collect();
        for table in &mut self.tables {
            let sensitive = table.sensitive.as_ref().map(|column| texts(batch, column)).transpose()?;
            for (row, class) in classes.iter().enumerate() {
                let sensitive = sensitive.as_ref().map_or(0, |texts| value(texts, row, self.seed));
                table.push(*class, sensitive, self.options.most_values)?;
            }
        }
        Ok(())
    }

    /// The figures of all rows taken in.
    ///
    /// # Errors
    /// When ephemeral storage fails or there are more classes than memory.
    pub fn figures(self) -> Result<Figures, RiskError> {
        Ok(self.finish()?.0)
    }

    /// The figures of all rows taken in, and the classes that do not satisfy the bounds; `None` when there are more of them
    /// than are remembered.
    ///
    /// # Errors
    /// As [`Self::figures`].
    pub fn finish(self) -> Result<(Figures, Option<OffendingClasses>), RiskError> {
        let mut figures = None;
        let mut diversity = Vec::new();
        let mut offending = Found::default();
        for table in self.tables {
            let (own, found) = table.figures(&self.options, &mut offending)?;
            figures.get_or_insert(own);
            diversity.extend(found);
        }
        // There is always a table.
        let mut figures = figures.ok_or(RiskError::NoQuasiIdentifiers)?;
        figures.diversity = diversity;
        Ok((figures, offending.finish(self.columns.quasi_identifiers, self.seed)))
    }
}

impl Table {
    fn push(&mut self, class: u128, sensitive: u64, most_values: usize) -> std::io::Result<()> {
        if let Some(values) = self.values.as_mut().filter(|_| self.sensitive.is_some()) {
            let count = values.entry(sensitive).or_default();
            *count = count.saturating_add(1);
            if values.len() > most_values {
                self.values = None;
            }
        }
        self.rows.push(class, sensitive)
    }

    fn figures(self, options: &Options, offending: &mut Found) -> Result<(Figures, Option<Diversity>), RiskError> {
        let Self { sensitive, rows, values } = self;
        let mut figures = Figures {
            rows: 0,
            classes: 0,
            k: 0,
            unique_rows: 0,
            rows_below_min_k: 0,
            sizes: ClassSizes::default(),
            diversity: Vec::new(),
        };
        let all: u64 = values.iter().flatten().fold(0, |sum, (_, count)| sum.saturating_add(*count));
        let mut worst = Worst::default();
        rows.for_each_partition(|entries| {
            for class in entries.chunk_by(|a, b| a.class == b.class) {
                let size = class.iter().fold(0_u64, |sum, entry| sum.saturating_add(entry.rows));
                figures.take(size, options.min_k);
                let mut is_offending = size < options.min_k;
                if sensitive.is_some() {
                    let told = Told::of(class, size, values.as_ref().map(|values| (values, all)));
                    is_offending |= told.distinct < options.min_l;
                    is_offending |= options.max_t.is_some_and(|most| told.distance.is_none_or(|t| t > most));
                    worst.take(&told);
                }
                if let Some(first) = class.first().filter(|_| is_offending) {
                    offending.add(first.class);
                }
            }
        })?;
        let diversity = sensitive.map(|column| Diversity {
            column,
            distinct_l: worst.distinct.unwrap_or(0),
            entropy_l: worst.entropy.map_or(0.0, f64::exp),
            closeness_t: values.is_some().then_some(worst.distance),
        });
        Ok((figures, diversity))
    }
}

impl Figures {
    fn take(&mut self, size: u64, min_k: u64) {
        self.rows = self.rows.saturating_add(size);
        self.classes = self.classes.saturating_add(1);
        self.k = if self.classes == 1 { size } else { self.k.min(size) };
        self.unique_rows = self.unique_rows.saturating_add(u64::from(size == 1));
        if size < min_k {
            self.rows_below_min_k = self.rows_below_min_k.saturating_add(size);
        }
        self.sizes.count(size);
    }
}

/// What a class tells of its sensitive values.
#[derive(Debug)]
struct Told {
    distinct: u64,
    entropy: f64,
    /// `None` when the table's values were not counted.
    distance: Option<f64>,
}

impl Told {
    #[expect(clippy::cast_precision_loss, reason = "shares of rows")]
    fn of(class: &[Entry], size: u64, table: Option<(&HashMap<u64, u64>, u64)>) -> Self {
        let in_table = |entry: &Entry| table.and_then(|(values, _)| values.get(&entry.sensitive).copied()).unwrap_or(0);
        let mut counts: Vec<(u64, u64)> = class.iter().map(|entry| (entry.rows, in_table(entry))).collect();
        // Digests are in random order; the same table must give the same sums.
        counts.sort_unstable();
        let size = size as f64;
        let shares = || counts.iter().map(|(rows, _)| *rows as f64 / size);
        let entropy = shares().fold(0.0, |sum, share| sum - share * share.ln());
        let distance = table.map(|(_, all)| {
            let (mut apart, mut seen_in_table) = (0.0_f64, 0.0_f64);
            for (share, (_, in_table)) in shares().zip(&counts) {
                let in_table = *in_table as f64 / all.max(1) as f64;
                apart += (share - in_table).abs();
                seen_in_table += in_table;
            }
            // What the class lacks altogether is as far away as its share in the table.
            f64::midpoint(apart, 1.0 - seen_in_table).clamp(0.0, 1.0)
        });
        Self { distinct: counts.len() as u64, entropy, distance }
    }
}

/// The worst class so far.
#[derive(Debug, Default)]
struct Worst {
    distinct: Option<u64>,
    entropy: Option<f64>,
    distance: f64,
}

impl Worst {
    fn take(&mut self, class: &Told) {
        self.distinct = Some(self.distinct.map_or(class.distinct, |least| least.min(class.distinct)));
        self.entropy = Some(self.entropy.map_or(class.entropy, |least| least.min(class.entropy)));
        self.distance = self.distance.max(class.distance.unwrap_or(0.0));
    }
}

/// Each value is preceded by its length, NULL by a mark of its own: no two lists of values run together.
pub(crate) fn class(known: &[StringArray], row: usize, seed: u64) -> u128 {
    let mut hasher = Xxh3::with_seed(seed);
    for texts in known {
        if texts.is_null(row) {
            hasher.update(&u64::MAX.to_le_bytes());
        } else {
            let text = texts.value(row).as_bytes();
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text);
        }
    }
    hasher.digest128()
}

fn value(texts: &StringArray, row: usize, seed: u64) -> u64 {
    if texts.is_null(row) { seed } else { xxh3_64_with_seed(texts.value(row).as_bytes(), seed) }
}

pub(crate) fn texts(batch: &RecordBatch, column: &str) -> Result<StringArray, RiskError> {
    let array = batch.column_by_name(column).ok_or_else(|| RiskError::NoColumn(column.to_owned()))?;
    let cast = cast_with_options(array, &DataType::Utf8, &CastOptions::default())
        .map_err(|source| RiskError::Type { column: column.to_owned(), source })?;
    let texts = cast.as_any().downcast_ref::<StringArray>().cloned();
    texts.ok_or_else(|| RiskError::NoColumn(column.to_owned()))
}
