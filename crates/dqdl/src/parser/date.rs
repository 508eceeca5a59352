//! Dates, times of day and `now()`.

use super::{Parse, Parser};
use crate::ast::{CivilDate, DateExpr, DateKind, Duration, DurationUnit, Sign, TimeOfDay};
use crate::diagnostic::{Problem, quoted};
use crate::token::TokenKind;

impl Parser<'_> {
    /// Whether a date, a time, `now()` or `(now() …)` follows.
    pub(super) fn at_date(&self) -> bool {
        match self.peek() {
            TokenKind::Date | TokenKind::Time => true,
            TokenKind::Word => self.at_now(0),
            TokenKind::Symbol('(') => self.at_now(1),
            _ => false,
        }
    }

    fn at_now(&self, ahead: usize) -> bool {
        self.word_at(ahead) == Some("now") && self.peek_at(ahead + 1) == TokenKind::Symbol('(')
    }

    pub(super) fn date(&mut self) -> Parse<DateExpr> {
        let start = self.token(0).span;
        let kind = match self.peek() {
            TokenKind::Date => self.civil_date()?,
            TokenKind::Time => self.time_of_day()?,
            TokenKind::Symbol('(') => {
                self.advance();
                self.now()?;
                let offset = self.now_offset()?;
                self.expect_symbol(')')?;
                DateKind::Now { offset: Some(offset) }
            }
            _ => {
                self.now()?;
                self.refuse_bare_offset()?;
                DateKind::Now { offset: None }
            }
        };
        Ok(DateExpr { kind, span: self.span_from(start) })
    }

    /// `now()`; the caller has seen `now(`.
    fn now(&mut self) -> Parse<()> {
        self.advance();
        self.advance();
        self.expect_symbol(')').map(drop)
    }

    fn refuse_bare_offset(&mut self) -> Parse<()> {
        if !matches!(self.peek(), TokenKind::Symbol('+' | '-')) {
            return Ok(());
        }
        let problem = self.unexpected_problem(&[]);
        Err(self.fail(problem.help("put the sum in parentheses: (now() - 3 days)")))
    }

    fn now_offset(&mut self) -> Parse<(Sign, Duration)> {
        let sign = match self.peek() {
            TokenKind::Symbol('+') => Sign::Plus,
            TokenKind::Symbol('-') => Sign::Minus,
            _ => return Err(self.unexpected(&["`+`", "`-`"])),
        };
        self.advance();
        if self.peek() != TokenKind::Integer {
            return Err(self.unexpected(&["a whole number"]));
        }
        let units = || DurationUnit::ALL.iter().map(|unit| unit.as_str());
        if let Some(unit) = self.word_at(1) {
            if let Some(duration) = self.duration_at(unit)? {
                return Ok((sign, duration));
            }
            let problem = Problem::new(self.token(1).span, format!("unknown unit {}", quoted(unit))).expected(units());
            return Err(self.fail(problem.did_you_mean(unit, units())));
        }
        self.advance();
        let problem = self.unexpected_problem(&["`minutes`", "`hours`", "`days`"]);
        Err(self.fail(problem.help("an offset needs a unit: (now() - 3 days)")))
    }

    fn civil_date(&mut self) -> Parse<DateKind> {
        let span = self.advance().span;
        let text = self.inner_text(span);
        let mut parts = text.splitn(3, '-');
        let (year, month, day) = (parts.next(), parts.next(), parts.next());
        let date = number(year)
            .zip(number(month))
            .zip(number(day))
            .and_then(|((year, month), day)| CivilDate::new(year, month, day));
        match date {
            Some(date) => Ok(DateKind::Date(date)),
            None => Err(self.fail(Problem::new(span, format!("the calendar has no day {}", quoted(text))))),
        }
    }

    fn time_of_day(&mut self) -> Parse<DateKind> {
        let span = self.advance().span;
        let text = self.inner_text(span);
        match read_time(text) {
            Some(time) => Ok(DateKind::Time { time, text: text.to_owned() }),
            None => Err(self.fail(Problem::new(span, format!("the clock has no time {}", quoted(text))))),
        }
    }
}

/// `9:30 AM` on a clock of 12 hours, `21:45` on one of 24.
fn read_time(text: &str) -> Option<TimeOfDay> {
    let (clock, half) = match text.split_once(' ') {
        Some((clock, half)) => (clock, Some(half)),
        None => (text, None),
    };
    let (hour, minute) = clock.split_once(':')?;
    let (hour, minute): (u8, u8) = number(Some(hour)).zip(number(Some(minute)))?;
    let hour = match half {
        None => hour,
        Some(half) if (1..=12).contains(&hour) => hour % 12 + if half == "PM" { 12 } else { 0 },
        Some(_) => return None,
    };
    TimeOfDay::new(hour, minute)
}

fn number<T: std::str::FromStr>(text: Option<&str>) -> Option<T> {
    text.and_then(|text| text.parse().ok())
}
