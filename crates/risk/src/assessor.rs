use std::collections::HashMap;

use arrow_array::{Array as _, RecordBatch, StringArray};
use arrow_cast::{CastOptions, cast_with_options};
use arrow_schema::DataType;
use sluice_tabular::{ColumnPath, Reader};
use xxhash_rust::xxh3::{Xxh3, xxh3_64_with_seed};

use crate::error::RiskError;
use crate::figures::{ClassSizes, Diversity, Figures};
use crate::rows::{Row, Rows};

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
    /// Rows in smaller classes are counted.
    pub min_k: u64,
    /// Rows held in memory, 24 bytes each for each sensitive column, before they go to disk.
    pub most_in_memory: usize,
    /// Different values of a sensitive column that are counted for t-closeness, 16 bytes each.
    pub most_values: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { min_k: 5, most_in_memory: 2_000_000, most_values: 1_000_000 }
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
    rows: Rows,
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
        let table =
            |sensitive| Table { sensitive, rows: Rows::new(options.most_in_memory), values: Some(HashMap::new()) };
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
                table.push(Row { class: *class, sensitive }, self.options.most_values)?;
            }
        }
        Ok(())
    }

    /// The figures of all rows taken in.
    ///
    /// # Errors
    /// When ephemeral storage fails.
    pub fn figures(self) -> Result<Figures, RiskError> {
        let mut tables = self.tables.into_iter();
        let mut figures = None;
        let mut diversity = Vec::new();
        for table in tables.by_ref() {
            let (own, found) = table.figures(self.options.min_k)?;
            figures.get_or_insert(own);
            diversity.extend(found);
        }
        // There is always a table.
        let mut figures = figures.ok_or(RiskError::NoQuasiIdentifiers)?;
        figures.diversity = diversity;
        Ok(figures)
    }
}

impl Table {
    fn push(&mut self, row: Row, most_values: usize) -> std::io::Result<()> {
        if let Some(values) = self.values.as_mut().filter(|_| self.sensitive.is_some()) {
            let count = values.entry(row.sensitive).or_default();
            *count = count.saturating_add(1);
            if values.len() > most_values {
                self.values = None;
            }
        }
        self.rows.push(row)
    }

    fn figures(self, min_k: u64) -> Result<(Figures, Option<Diversity>), RiskError> {
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
        rows.for_each_partition::<RiskError>(|rows| {
            for class in rows.chunk_by(|a, b| a.class == b.class) {
                let size = class.len() as u64;
                figures.take(size, min_k);
                if sensitive.is_some() {
                    worst.take(class, values.as_ref().map(|values| (values, all)));
                }
            }
            Ok(())
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

/// The worst class so far.
#[derive(Debug, Default)]
struct Worst {
    distinct: Option<u64>,
    entropy: Option<f64>,
    distance: f64,
}

impl Worst {
    /// The rows of a class are sorted by their sensitive value.
    #[expect(clippy::cast_precision_loss, reason = "shares of rows")]
    fn take(&mut self, class: &[Row], table: Option<(&HashMap<u64, u64>, u64)>) {
        let size = class.len() as f64;
        let (mut distinct, mut entropy, mut apart, mut seen_in_table) = (0_u64, 0.0_f64, 0.0_f64, 0.0_f64);
        for value in class.chunk_by(|a, b| a.sensitive == b.sensitive) {
            let share = value.len() as f64 / size;
            distinct = distinct.saturating_add(1);
            entropy -= share * share.ln();
            if let (Some((values, all)), Some(row)) = (table, value.first()) {
                let in_table = values.get(&row.sensitive).copied().unwrap_or(0) as f64 / all.max(1) as f64;
                apart += (share - in_table).abs();
                seen_in_table += in_table;
            }
        }
        self.distinct = Some(self.distinct.map_or(distinct, |least| least.min(distinct)));
        self.entropy = Some(self.entropy.map_or(entropy, |least| least.min(entropy)));
        if table.is_some() {
            // What the class lacks altogether is as far away as its share in the table.
            self.distance = self.distance.max(f64::midpoint(apart, 1.0 - seen_in_table).clamp(0.0, 1.0));
        }
    }
}

/// Each value is preceded by its length, NULL by a mark of its own: no two lists of values run together.
fn class(known: &[StringArray], row: usize, seed: u64) -> u128 {
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

fn texts(batch: &RecordBatch, column: &str) -> Result<StringArray, RiskError> {
    let array = batch.column_by_name(column).ok_or_else(|| RiskError::NoColumn(column.to_owned()))?;
    let cast = cast_with_options(array, &DataType::Utf8, &CastOptions::default())
        .map_err(|source| RiskError::Type { column: column.to_owned(), source })?;
    let texts = cast.as_any().downcast_ref::<StringArray>().cloned();
    texts.ok_or_else(|| RiskError::NoColumn(column.to_owned()))
}
