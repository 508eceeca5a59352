use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::ArrayRef;
use arrow_schema::DataType;
use sluice_detect::{Detector, Memory, Place};

use sluice_common::policy::Unfit;

use super::text::{Cell, Expected, has_text, try_map_text};
use super::{Beside, ColumnTransform, Token, TransformError};

/// Replaces personal data inside free text by the name of its entity, `[EMAIL_ADDRESS]`, and leaves the rest as it is.
///
/// Where the policy asks a service too, what either finds is replaced; where their findings overlap, all of both, by the name that
/// ours has.
///
/// With a token, `[EMAIL_ADDRESS:tk1_…]`, the same value has the same token as in a column with the transform `token`, so
/// that texts join with columns. What the detector does not find stays: names and addresses above all.
pub struct RedactText {
    detector: Arc<Detector>,
    place: Place,
    token: Option<Token>,
    /// What earlier batches taught about the shapes of cells.
    memory: Mutex<Option<Memory>>,
    /// Whether what a service found must be given beside each batch.
    needs_service: bool,
}

/// A piece of text that a service found, in bytes of the cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ForeignSpan {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
    /// Our name of its kind.
    pub entity: &'static str,
}

/// What is replaced.
struct Span<'e> {
    start: usize,
    end: usize,
    entity: &'e str,
}

impl fmt::Debug for RedactText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedactText").field("detector", &self.detector).finish_non_exhaustive()
    }
}

impl RedactText {
    /// Redacts the texts of a column, whose name or path counts as context.
    pub fn new(detector: Arc<Detector>, column: &str, token: Option<Token>) -> Self {
        let place = detector.place(&column.split('.').collect::<Vec<_>>());
        Self { detector, place, token, memory: Mutex::new(None), needs_service: false }
    }

    /// The same, of texts that a service is asked about, too: without its answer nothing is transformed.
    #[must_use]
    pub fn beside_a_service(mut self) -> Self {
        self.needs_service = true;
        self
    }

    fn replace(&self, entity: &str, value: &str, out: &mut String) {
        out.push('[');
        out.push_str(entity);
        if let Some(token) = &self.token {
            out.push(':');
            token.token(value, out);
        }
        out.push(']');
    }
}

impl ColumnTransform for RedactText {
    fn output_type(&self, input: &DataType) -> Result<DataType, TransformError> {
        has_text(input).map(|()| DataType::Utf8View)
    }

    fn apply(&self, input: &ArrayRef) -> Result<ArrayRef, TransformError> {
        self.apply_beside(input, &Beside::default())
    }

    fn apply_beside(&self, input: &ArrayRef, beside: &Beside<'_>) -> Result<ArrayRef, TransformError> {
        let foreign = beside.found.filter(|found| found.len() == input.len());
        if self.needs_service && foreign.is_none() {
            return Err(TransformError::ServiceNeeded);
        }
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut scanner = match memory {
            Some(memory) => self.detector.scanner_with(memory),
            None => self.detector.scanner(),
        };
        let expected = Expected { unfit: Unfit::Refuse, what: "a text" };
        let redacted = try_map_text(input, expected, |row, text, out| {
            let foreign = foreign.and_then(|found| found.get(row)).map(Vec::as_slice).unwrap_or_default();
            let mut copied = 0;
            // Findings come in order and do not overlap.
            let mut replace = |span: Span<'_>| {
                out.push_str(text.get(copied..span.start).unwrap_or_default());
                self.replace(span.entity, text.get(span.start..span.end).unwrap_or_default(), out);
                copied = span.end;
            };
            let findings = scanner.scan(text, &self.place);
            if foreign.is_empty() {
                for finding in findings {
                    replace(Span { start: finding.start, end: finding.end, entity: finding.entity });
                }
            } else {
                let own = findings.iter().map(|one| Span { start: one.start, end: one.end, entity: one.entity });
                joined(own.collect(), foreign).into_iter().for_each(&mut replace);
            }
            out.push_str(text.get(copied..).unwrap_or_default());
            Cell::Text
        });
        *self.memory.lock().unwrap_or_else(PoisonError::into_inner) = Some(scanner.into_memory());
        redacted
    }
}

/// Our findings and a service's, in order; where they overlap, one that covers both.
fn joined<'e>(own: Vec<Span<'e>>, foreign: &[ForeignSpan]) -> Vec<Span<'e>> {
    let foreign = foreign.iter().map(|one| (false, Span { start: one.start, end: one.end, entity: one.entity }));
    let mut all: Vec<(bool, Span<'e>)> = own.into_iter().map(|one| (true, one)).chain(foreign).collect();
    all.sort_by_key(|(is_own, span)| (span.start, !is_own));
    let mut joined: Vec<(bool, Span<'e>)> = Vec::with_capacity(all.len());
    for (is_own, span) in all {
        match joined.last_mut().filter(|(_, last)| span.start < last.end) {
            Some((was_own, last)) => {
                last.end = last.end.max(span.end);
                if is_own && !*was_own {
                    (*was_own, last.entity) = (true, span.entity);
                }
            }
            None => joined.push((is_own, span)),
        }
    }
    joined.into_iter().map(|(_, span)| span).collect()
}

#[cfg(test)]
mod tests {
    use arrow_array::StringArray;
    use arrow_array::cast::AsArray as _;
    use proptest::prelude::*;
    use sluice_detect::Options;

    use super::*;

    fn redact(column: &str, texts: &[Option<&str>]) -> Vec<Option<String>> {
        let detector = Arc::new(Detector::new(&Options::default()).unwrap());
        let redact = RedactText::new(detector, column, None);
        let input: ArrayRef = Arc::new(StringArray::from(texts.to_vec()));
        let again = redact.apply(&input).unwrap();
        let output = redact.apply(&input).unwrap();
        assert_eq!(&again, &output, "what was learnt changes nothing");
        output.as_string_view().iter().map(|text| text.map(str::to_owned)).collect()
    }

    #[test]
    fn spans_become_their_entity_and_the_rest_stays() {
        let output = redact(
            "notes",
            &[
                Some("Zoë: mail zoe@example.org, or +1 212 555 0187!"),
                None,
                Some(""),
                Some("all good"),
                Some("a@example.org"),
            ],
        );
        let expected = ["Zoë: mail [EMAIL_ADDRESS], or [PHONE_NUMBER]!", "", "all good", "[EMAIL_ADDRESS]"];
        assert_eq!(output.iter().flatten().collect::<Vec<_>>(), expected);
        assert!(output[1].is_none());
    }

    #[test]
    fn the_column_s_name_is_context() {
        let of = |column| redact(column, &[Some("219099998")]).remove(0).unwrap();
        assert_eq!((of("notes").as_str(), of("customer.ssn").as_str()), ("219099998", "[US_SSN]"));
    }

    #[test]
    fn what_a_service_found_is_replaced_too() {
        let detector = Arc::new(Detector::new(&Options::default()).unwrap());
        let redact = RedactText::new(detector, "notes", None).beside_a_service();
        let text = "zoë lives here, mail zoe@example.org now";
        let input: ArrayRef = Arc::new(StringArray::from(vec![Some(text), None]));
        assert_eq!(redact.apply(&input).unwrap_err(), TransformError::ServiceNeeded);
        let span = |part: &str, entity| {
            let start = text.find(part).unwrap();
            ForeignSpan { start, end: start + part.len(), entity }
        };
        let of = |spans: Vec<ForeignSpan>| {
            let found = [spans, Vec::new()];
            let output = redact.apply_beside(&input, &Beside { found: Some(&found), ..Beside::default() }).unwrap();
            output.as_string_view().value(0).to_owned()
        };
        assert_eq!(of(vec![]), "zoë lives here, mail [EMAIL_ADDRESS] now");
        assert_eq!(of(vec![span("zoë", "PERSON")]), "[PERSON] lives here, mail [EMAIL_ADDRESS] now");
        // Overlaps: nothing of either is left.
        assert_eq!(of(vec![span("mail zoe", "PERSON")]), "zoë lives here, [EMAIL_ADDRESS] now");
        assert_eq!(
            of(vec![span("org now", "ADDRESS"), span("here", "ADDRESS")]),
            "zoë lives [ADDRESS], mail [EMAIL_ADDRESS]"
        );
    }

    proptest! {
        /// What stays is what was there, in order.
        #[test]
        fn nothing_is_made_up(text in "[a-z@. 0-9+-]{0,60}") {
            let output = redact("notes", &[Some(&text)]).remove(0).unwrap();
            let mut rest = text.as_str();
            for kept in output.split(['[', ']']).step_by(2) {
                let at = rest.find(kept);
                prop_assert!(at.is_some(), "{text:?} {output:?}");
                rest = rest.get(at.unwrap() + kept.len()..).unwrap();
            }
        }
    }
}
