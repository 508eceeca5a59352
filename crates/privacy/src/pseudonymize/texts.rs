//! Names and addresses in free text that a service finds, asked while a table streams.
//!
//! The service's model may change, and a statement must not: what it answered is kept as [`TextAnswers`], write-once, before anything
//! is published, and a later attempt takes the kept answers and asks nothing.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::{Array as _, ArrayRef};
use serde::{Deserialize, Serialize};
use sluice_common::policy::{ComprehendSpec, PrivacySpec, TextKind, Transform};
use sluice_common::port::{MAX_TEXT_BYTES, TextEntities, TextEntity};

use super::error::PseudonymizeError;
use super::subjects::Waiter;
use crate::transform::{ForeignSpan, text_of};

/// Characters of a unit, and the fewest units of a call ("Amazon Comprehend pricing").
const UNIT_CHARACTERS: usize = 100;
const LEAST_UNITS: u32 = 3;

/// Spans of one object that are held and kept at most, some 32 bytes each.
const MAX_SPANS: usize = 1_000_000;

/// Between two cells of one call: the end of a paragraph, over which no name reaches.
const BETWEEN: &str = "\n\n";

/// What a service answered about the texts of an object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TextAnswers {
    /// The format's version.
    v: u32,
    /// Units that were asked for.
    units: u32,
    /// By column.
    columns: BTreeMap<String, ColumnAnswers>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ColumnAnswers {
    /// Rows that were asked about, from the first.
    rows: u64,
    /// Row, first byte, byte after the last, kind; in the order of rows.
    spans: Vec<(u64, usize, usize, Kind)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Kind {
    Name,
    Address,
}

impl From<TextKind> for Kind {
    fn from(kind: TextKind) -> Self {
        match kind {
            TextKind::Name => Self::Name,
            TextKind::Address => Self::Address,
        }
    }
}

impl Kind {
    const fn entity(self) -> &'static str {
        match self {
            Self::Name => TextKind::Name.entity(),
            Self::Address => TextKind::Address.entity(),
        }
    }
}

impl TextAnswers {
    const VERSION: u32 = 1;

    /// The most bytes that kept answers have.
    pub const MAX_BYTES: u64 = 64 * 1024 * 1024;

    /// The answers as they are kept: the same answers, the same bytes.
    ///
    /// # Errors
    /// Never: there is nothing in it that JSON cannot say.
    pub fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }

    /// Reads kept answers.
    ///
    /// # Errors
    /// When they are not answers of this format.
    pub fn from_json(json: &[u8]) -> Result<Self, &'static str> {
        let answers: Self = serde_json::from_slice(json).map_err(|_json| "they are not answers in JSON")?;
        if answers.v == Self::VERSION { Ok(answers) } else { Err("their version is not 1") }
    }

    /// Units that were asked for.
    pub fn units(&self) -> u32 {
        self.units
    }

    fn spans(&self) -> usize {
        self.columns.values().map(|column| column.spans.len()).sum()
    }
}

/// A service that finds entities in text, and what it answered so far.
#[derive(Clone)]
pub struct TextService {
    port: Arc<dyn TextEntities>,
    wait: Waiter,
    answers: Arc<Mutex<TextAnswers>>,
    /// Whether the answers are kept ones: then nothing is asked.
    are_kept: bool,
}

impl fmt::Debug for TextService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TextService").field("are_kept", &self.are_kept).finish_non_exhaustive()
    }
}

/// Whether a section has a column whose texts go to a service.
pub fn asks_service(privacy: &PrivacySpec) -> bool {
    privacy.columns.iter().any(|(_, transform)| matches!(transform, Transform::RedactText { comprehend: Some(_), .. }))
}

impl TextService {
    /// A service to be asked; `kept`: what an earlier attempt at the same object under the same section was answered.
    pub fn new(port: Arc<dyn TextEntities>, wait: Waiter, kept: Option<TextAnswers>) -> Self {
        let are_kept = kept.is_some();
        let answers = kept.unwrap_or(TextAnswers { v: TextAnswers::VERSION, ..TextAnswers::default() });
        Self { port, wait, answers: Arc::new(Mutex::new(answers)), are_kept }
    }

    /// What was answered so far.
    pub fn answers(&self) -> TextAnswers {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The spans of each row of a column.
    pub(super) fn of_rows(
        &self,
        column: &str,
        spec: &ComprehendSpec,
        first_row: u64,
        values: &ArrayRef,
    ) -> Result<Vec<Vec<ForeignSpan>>, PseudonymizeError> {
        let named = |source| PseudonymizeError::Transform { column: column.to_owned(), source };
        let texts = text_of(values).map_err(named)?;
        let after = first_row.saturating_add(texts.len() as u64);
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let known = answers.columns.get(column).map_or(0, |column| column.rows);
        if known < after {
            if self.are_kept || known != first_row {
                return Err(PseudonymizeError::AnswersOfOthers);
            }
            let cells: Vec<Option<&str>> = texts.iter().collect();
            self.ask(column, spec, first_row, &cells, &mut answers)?;
        }
        let spans = answers.columns.get(column).map(|column| column.spans.as_slice()).unwrap_or_default();
        let begin = spans.partition_point(|(row, ..)| *row < first_row);
        let mut of_rows = vec![Vec::new(); texts.len()];
        for (row, start, end, kind) in spans.iter().skip(begin).take_while(|(row, ..)| *row < after) {
            let place = usize::try_from(row.saturating_sub(first_row)).unwrap_or(usize::MAX);
            let cell = (place < texts.len() && texts.is_valid(place)).then(|| texts.value(place));
            // Kept answers of another text would replace the wrong letters.
            if cell.and_then(|cell| cell.get(*start..*end)).is_none_or(str::is_empty) {
                return Err(PseudonymizeError::AnswersOfOthers);
            }
            if let Some(found) = of_rows.get_mut(place) {
                found.push(ForeignSpan { start: *start, end: *end, entity: kind.entity() });
            }
        }
        Ok(of_rows)
    }

    fn ask(
        &self,
        column: &str,
        spec: &ComprehendSpec,
        first_row: u64,
        cells: &[Option<&str>],
        answers: &mut TextAnswers,
    ) -> Result<(), PseudonymizeError> {
        let begin = answers.columns.get(column).map_or(0, |column| column.spans.len());
        for call in calls(cells) {
            let units = units_of(&call.text);
            let asked = answers.units.saturating_add(units);
            if asked > spec.max_units {
                return Err(PseudonymizeError::TooMuchText { limit: spec.max_units });
            }
            answers.units = asked;
            let mut found = Ok(Vec::new());
            (self.wait)(Box::pin(async { found = self.port.detect(&call.text, spec.language).await }));
            let column = answers.columns.entry(column.to_owned()).or_default();
            for (row, start, end, kind) in call.spans(&found?, spec)? {
                column.spans.push((first_row.saturating_add(row), start, end, kind));
            }
            if answers.spans() > MAX_SPANS {
                return Err(PseudonymizeError::TooMuchText { limit: spec.max_units });
            }
        }
        let rows = first_row.saturating_add(cells.len() as u64);
        let answered = answers.columns.entry(column.to_owned()).or_default();
        answered.rows = rows;
        if let Some(new) = answered.spans.get_mut(begin..) {
            new.sort_by_key(|(row, start, end, _)| (*row, *start, *end));
        }
        Ok(())
    }
}

fn units_of(text: &str) -> u32 {
    let units = text.chars().count().div_ceil(UNIT_CHARACTERS);
    u32::try_from(units).unwrap_or(u32::MAX).max(LEAST_UNITS)
}

/// Cells, or pieces of one, that are asked about at once.
#[derive(Debug, Default)]
struct Call {
    text: String,
    pieces: Vec<Piece>,
}

/// Where a piece of a cell stands in a call's text.
#[derive(Debug, Clone, Copy)]
struct Piece {
    row: u64,
    /// Byte of the cell at which the piece begins.
    in_cell: usize,
    begin: usize,
    end: usize,
}

/// As many cells a call as fit, so that a thousand short notes are not a thousand calls of three units each.
fn calls(cells: &[Option<&str>]) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    for (row, cell) in (0u64..).zip(cells) {
        let mut in_cell = 0;
        while let Some(rest) = cell.and_then(|cell| cell.get(in_cell..)).filter(|rest| !rest.trim().is_empty()) {
            let piece = head(rest);
            let needed = piece.len().saturating_add(BETWEEN.len());
            let has_room = |call: &&mut Call| call.text.len().saturating_add(needed) <= MAX_TEXT_BYTES;
            if let Some(call) = calls.last_mut().filter(has_room) {
                call.push(row, in_cell, piece);
            } else {
                let mut call = Call::default();
                call.push(row, in_cell, piece);
                calls.push(call);
            }
            in_cell = in_cell.saturating_add(piece.len());
        }
    }
    calls
}

/// What of a text fits into a call, cut behind a blank where there is one: a name that the cut goes through may be missed.
fn head(text: &str) -> &str {
    if text.len() <= MAX_TEXT_BYTES {
        return text;
    }
    let end = text.floor_char_boundary(MAX_TEXT_BYTES);
    let (head, _) = text.split_at(end);
    match head.rfind(char::is_whitespace).and_then(|at| head.get(..head.ceil_char_boundary(at.saturating_add(1)))) {
        Some(whole) if !whole.is_empty() => whole,
        _ => head,
    }
}

impl Call {
    fn push(&mut self, row: u64, in_cell: usize, piece: &str) {
        if !self.text.is_empty() {
            self.text.push_str(BETWEEN);
        }
        let begin = self.text.len();
        self.text.push_str(piece);
        self.pieces.push(Piece { row, in_cell, begin, end: self.text.len() });
    }

    /// What was found, by row and byte of the cell. What reaches over two cells counts in both.
    fn spans(
        &self,
        found: &[TextEntity],
        spec: &ComprehendSpec,
    ) -> Result<Vec<(u64, usize, usize, Kind)>, PseudonymizeError> {
        let least = spec.min_score.to_f64();
        let mut spans = Vec::new();
        let bytes = CodePoints::of(&self.text);
        for entity in found {
            let Some(kind) = spec.entities.iter().find(|kind| kind.of_service() == entity.kind) else { continue };
            if entity.score < least {
                continue;
            }
            // Offsets that are not in the text mean that we do not understand the answer.
            let (Some(begin), Some(end)) = (bytes.byte(entity.begin), bytes.byte(entity.end)) else {
                return Err(PseudonymizeError::StrangeAnswer);
            };
            let first = self.pieces.partition_point(|piece| piece.end <= begin);
            for piece in self.pieces.iter().skip(first).take_while(|piece| piece.begin < end) {
                let (from, to) = (begin.max(piece.begin), end.min(piece.end));
                let in_cell = |at: usize| at.saturating_sub(piece.begin).saturating_add(piece.in_cell);
                spans.push((piece.row, in_cell(from), in_cell(to), Kind::from(*kind)));
            }
        }
        Ok(spans)
    }
}

/// Where code points stand in a text's bytes: every 64th is remembered.
struct CodePoints<'t> {
    text: &'t str,
    every: Vec<usize>,
}

impl<'t> CodePoints<'t> {
    const STEP: usize = 64;

    fn of(text: &'t str) -> Self {
        Self { text, every: text.char_indices().map(|(at, _)| at).step_by(Self::STEP).collect() }
    }

    /// The byte of a code point, or of the text's end.
    fn byte(&self, point: usize) -> Option<usize> {
        let Some(from) = self.every.get(point / Self::STEP).copied() else {
            // Only the end can stand where no code point does.
            return (self.text.chars().count() == point).then_some(self.text.len());
        };
        let rest = self.text.get(from..)?;
        let ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
        ends.map(|at| from.saturating_add(at)).nth(point % Self::STEP)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn spec() -> ComprehendSpec {
        ComprehendSpec {
            language: sluice_common::policy::TextLanguage::English,
            entities: vec![TextKind::Name],
            min_score: sluice_common::policy::Number::parse("0.5").unwrap(),
            max_units: 100,
        }
    }

    proptest! {
        #[test]
        fn code_points_are_found_in_any_text(text in "\\PC{0,300}") {
            let points = CodePoints::of(&text);
            let expected: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
            for (point, at) in expected.iter().enumerate() {
                prop_assert_eq!(points.byte(point), Some(*at), "{}", point);
            }
            prop_assert_eq!(points.byte(expected.len()), None);
        }

        /// Whatever stretch of a call's text is found, exactly its letters are told, cell by cell.
        #[test]
        fn what_is_found_is_told_by_cell(
            cells in prop::collection::vec(prop::option::of("[a-zé😀 ]{0,30}"), 1..12),
            from in any::<prop::sample::Index>(),
            length in 1usize..40,
        ) {
            let cells: Vec<Option<&str>> = cells.iter().map(Option::as_deref).collect();
            for call in calls(&cells) {
                let points = call.text.chars().count();
                let begin = from.index(points);
                let end = (begin + length).min(points);
                let found = [TextEntity { kind: "NAME".to_owned(), score: 0.9, begin, end }];
                let told: String = call.spans(&found, &spec()).unwrap().iter()
                    .map(|(row, start, end, _)| cells[usize::try_from(*row).unwrap()].unwrap().get(*start..*end).unwrap())
                    .collect();
                let expected: String = call.text.chars().skip(begin).take(end - begin).filter(|c| *c != '\n').collect();
                prop_assert_eq!(told, expected);
            }
        }
    }

    #[test]
    fn calls_hold_what_the_service_takes_and_no_letter_is_left_out() {
        let long = "word ".repeat(50_000);
        let unbroken = "é".repeat(70_000);
        let cells = [Some(long.as_str()), None, Some(""), Some("   "), Some(unbroken.as_str()), Some("Ada")];
        let calls = calls(&cells);
        assert!(calls.iter().all(|call| call.text.len() <= MAX_TEXT_BYTES));
        for (row, cell) in cells.iter().enumerate() {
            let pieces = calls.iter().flat_map(|call| call.pieces.iter().map(move |piece| (call, piece)));
            let pieces = pieces.filter(|(_, piece)| piece.row == row as u64);
            let joined: String = pieces.map(|(call, piece)| call.text.get(piece.begin..piece.end).unwrap()).collect();
            let cell = cell.unwrap_or_default();
            assert_eq!(joined.trim(), cell.trim());
        }
    }

    #[test]
    fn offsets_outside_the_text_are_no_answer() {
        let call = calls(&[Some("Ada")]).remove(0);
        let found = [TextEntity { kind: "NAME".to_owned(), score: 0.9, begin: 0, end: 4 }];
        assert!(matches!(call.spans(&found, &spec()), Err(PseudonymizeError::StrangeAnswer)));
    }

    #[test]
    fn units_are_counted_as_they_are_billed() {
        assert_eq!(units_of("Ada"), 3);
        assert_eq!(units_of(&"é".repeat(301)), 4);
    }
}
