//! Finds the ends of cells byte by byte: exact for every quote, for blocks in which [`super::scan`] saw a stray one.

use crate::csv::scan::{Dialect, Ends};

/// Where the walk stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    CellStart,
    Unquoted,
    Quoted,
    /// After a quote inside a quoted cell: its end, or the first half of a doubled quote.
    QuoteInQuoted,
    /// After a closing quote and a CR.
    ReturnAfterQuote,
}

/// What a walk saw.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Walked {
    /// Line feeds outside quotes.
    pub(crate) rows: usize,
    /// At least one doubled quote.
    pub(crate) doubled: bool,
    /// Position of the quote that is still open at the end.
    pub(crate) open: Option<usize>,
    /// Position of the first byte after a closing quote that does not belong there. The walk ends before it.
    pub(crate) text_after_quote: Option<usize>,
}

/// Appends the end of each cell of `bytes` to `ends`. `bytes` begins at the start of a row.
pub(crate) fn walk(bytes: &[u8], dialect: Dialect, ends: &mut Ends) -> Walked {
    let mut walked = Walked::default();
    let mut state = State::CellStart;
    let mut opened = 0;
    for (i, &byte) in bytes.iter().enumerate() {
        let is_quote = Some(byte) == dialect.quote;
        let ends_cell = byte == dialect.delimiter || byte == b'\n';
        state = match state {
            State::CellStart if is_quote => {
                opened = i;
                State::Quoted
            }
            State::Quoted if is_quote => State::QuoteInQuoted,
            State::Quoted => State::Quoted,
            State::QuoteInQuoted if is_quote => {
                walked.doubled = true;
                State::Quoted
            }
            State::QuoteInQuoted if byte == b'\r' => State::ReturnAfterQuote,
            State::ReturnAfterQuote if byte != b'\n' => {
                walked.text_after_quote = Some(i - 1);
                return walked;
            }
            State::QuoteInQuoted if !ends_cell => {
                walked.text_after_quote = Some(i);
                return walked;
            }
            _ if ends_cell => {
                ends.push(i);
                walked.rows += usize::from(byte == b'\n');
                State::CellStart
            }
            _ => State::Unquoted,
        };
    }
    walked.open = (state == State::Quoted).then_some(opened);
    walked
}
