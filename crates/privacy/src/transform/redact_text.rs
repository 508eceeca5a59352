use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::ArrayRef;
use arrow_schema::DataType;
use sluice_detect::{Detector, Memory, Place};

use super::text::{has_text, map_text};
use super::{ColumnTransform, Token, TransformError};

/// Replaces personal data inside free text by the name of its entity, `[EMAIL_ADDRESS]`, and leaves the rest as it is.
///
/// With a token, `[EMAIL_ADDRESS:tk1_…]`, the same value has the same token as in a column with the transform `token`, so
/// that texts join with columns. What the detector does not find stays: names and addresses above all.
pub struct RedactText {
    detector: Arc<Detector>,
    place: Place,
    token: Option<Token>,
    /// What earlier batches taught about the shapes of cells.
    memory: Mutex<Option<Memory>>,
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
        Self { detector, place, token, memory: Mutex::new(None) }
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
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut scanner = match memory {
            Some(memory) => self.detector.scanner_with(memory),
            None => self.detector.scanner(),
        };
        let redacted = map_text(input, |text, out| {
            let mut copied = 0;
            // Findings come in order and do not overlap.
            for finding in scanner.scan(text, &self.place) {
                out.push_str(text.get(copied..finding.start).unwrap_or_default());
                self.replace(finding.entity, text.get(finding.start..finding.end).unwrap_or_default(), out);
                copied = finding.end;
            }
            out.push_str(text.get(copied..).unwrap_or_default());
        });
        *self.memory.lock().unwrap_or_else(PoisonError::into_inner) = Some(scanner.into_memory());
        redacted
    }
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
