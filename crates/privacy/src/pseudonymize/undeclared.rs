use std::fmt;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::DataType;
use sluice_common::policy::{PrivacySpec, UndeclaredPii};
use sluice_detect::{ColumnClass, ColumnScan, Detector, Memory, TableOptions, VoteRule};

use sluice_tabular::ColumnPath;

use super::error::PseudonymizeError;
use super::lists;
use crate::detection::{detector, vote_rule};
use crate::transform::{ColumnTransform as _, RedactText, TransformError};

/// Looks for personal data in columns that are published and that the policy does not name.
pub(super) struct Watch {
    detector: Arc<Detector>,
    rule: VoteRule,
    masks: bool,
    /// Whether the header is one: a column that the policy names was found in it. Else names may be cells.
    pub(super) names_are_known: bool,
    columns: Vec<Watched>,
    memory: Option<Memory>,
}

struct Watched {
    /// Position in the table.
    position: usize,
    name: String,
    scan: ColumnScan,
    mask: Option<RedactText>,
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch")
            .field("masks", &self.masks)
            .field("columns", &self.columns.len())
            .finish_non_exhaustive()
    }
}

impl Watch {
    /// None when the policy lets such columns pass.
    pub(super) fn new(privacy: &PrivacySpec) -> Result<Option<Self>, PseudonymizeError> {
        let masks = match privacy.undeclared_pii {
            UndeclaredPii::Allow => return Ok(None),
            UndeclaredPii::Mask => true,
            UndeclaredPii::Refuse => false,
        };
        let detector = detector(&privacy.detect, None)
            .map_err(|error| PseudonymizeError::Detect { problem: error.to_string() })?;
        Ok(Some(Self {
            detector: Arc::new(detector),
            rule: vote_rule(&privacy.detect),
            masks,
            names_are_known: false,
            columns: Vec::new(),
            memory: None,
        }))
    }

    /// Watches a column. Says whether its values will be replaced: text is masked, other types can only be refused.
    pub(super) fn add(&mut self, position: usize, name: &str, data_type: &DataType) -> bool {
        let data_type = lists::value_type(name, data_type);
        let is_text = matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
        let words = ColumnPath::from(name).without_list_steps();
        let mask = (self.masks && is_text).then(|| RedactText::new(Arc::clone(&self.detector), &words, None));
        let replaces = mask.is_some();
        let scan = ColumnScan::new(&self.detector, &words);
        self.columns.push(Watched { position, name: name.to_owned(), scan, mask });
        replaces
    }

    /// Whether text is masked; columns that come up late cannot be.
    pub(super) fn masks(&self) -> bool {
        self.masks
    }

    /// Looks at a column of a batch, and gives its new values when they are replaced.
    pub(super) fn look_at(&mut self, name: &str, array: &ArrayRef) -> Result<Option<ArrayRef>, PseudonymizeError> {
        let Some(column) = self.columns.iter_mut().find(|column| column.name == name) else {
            return Ok(None);
        };
        if let Some(mask) = &column.mask {
            let masked = lists::map(name, array, |values| mask.apply(values));
            return masked.map(Some).map_err(|source| in_column(column.position, source));
        }
        let array = lists::values(name, array);
        let memory = self.memory.take();
        let mut scanner = match memory {
            Some(memory) => self.detector.scanner_with(memory),
            None => self.detector.scanner(),
        };
        let scanned = column.scan.add(&mut scanner, &array, 0, TableOptions { positions: 0, examples: 0 });
        self.memory = Some(scanner.into_memory());
        scanned?;
        Ok(None)
    }

    /// Looks at the columns that came up behind the first `known` ones: those of JSON Lines do.
    pub(super) fn look_at_late(&mut self, batch: &RecordBatch, known: usize) -> Result<(), PseudonymizeError> {
        for (position, array) in batch.columns().iter().enumerate().skip(known) {
            let Some(field) = batch.schema_ref().fields().get(position) else { continue };
            if self.columns.iter().all(|column| column.name != *field.name()) {
                let scan =
                    ColumnScan::new(&self.detector, &ColumnPath::from(field.name().as_str()).without_list_steps());
                self.columns.push(Watched { position, name: field.name().clone(), scan, mask: None });
            }
            self.look_at(field.name(), array)?;
        }
        Ok(())
    }

    /// What the vote says at the end of the table.
    ///
    /// # Errors
    /// [`PseudonymizeError::UndeclaredPersonal`] for the first column that looks personal and is published as it is.
    pub(super) fn verdict(&self) -> Result<(), PseudonymizeError> {
        for column in self.columns.iter().filter(|column| column.mask.is_none()) {
            let share = match column.scan.vote().class(self.rule) {
                ColumnClass::Clear => continue,
                ColumnClass::Of(share) => share,
                ColumnClass::TextWith(shares) => match shares.into_iter().next() {
                    Some(share) => share,
                    None => continue,
                },
            };
            return Err(PseudonymizeError::UndeclaredPersonal {
                column: self.told_name(column),
                entity: share.entity,
                cells: share.cells,
            });
        }
        Ok(())
    }

    /// The column's name if it can be nothing but a name, else its number: a file without a header, or a JSON object with
    /// data for keys, has personal data where names are expected.
    fn told_name(&self, column: &Watched) -> String {
        const MAX_BYTES: usize = 64;
        let plain =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b' ' | b'[' | b'*' | b']');
        let is_plain = self.names_are_known
            && column.name.len() <= MAX_BYTES
            && column.name.starts_with(|first: char| first.is_ascii_alphabetic())
            && column.name.bytes().all(plain)
            && column.name.bytes().filter(u8::is_ascii_digit).count() <= 3;
        if is_plain { format!("`{}`", column.name) } else { (column.position + 1).to_string() }
    }
}

fn in_column(position: usize, source: TransformError) -> PseudonymizeError {
    PseudonymizeError::Transform { column: format!("number {}", position + 1), source }
}
