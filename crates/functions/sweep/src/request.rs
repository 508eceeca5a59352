//! What a schedule, or a person, asks for.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;
use sluice_common::port::Deadline;
use sluice_integrity::sweep::{Deep, SweepCursor, SweepRequest};

/// How far the clocks of two services may be apart.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// The payload: `{mode, asOf?, cursor?, share?}`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Payload {
    mode: Mode,
    /// The schedule's own time. Ages are counted from it, so that a retry of one event states the same. Without it they
    /// are counted from the invocation: right for a person's sweep, and a retry of that is another sweep.
    as_of: Option<Timestamp>,
    /// `next` of an earlier answer.
    cursor: Option<SweepCursor>,
    /// Deep sweeps only.
    share: Option<Share>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Mode {
    /// No object's bytes are read.
    Fast,
    /// Bytes are hashed again: all, or a share.
    Deep,
}

/// The `index`-th of `of` shares.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Share {
    index: u32,
    of: u32,
}

/// Why a payload asks for nothing that can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// It is not the document.
    #[error(
        "the payload is not a sweep's: expected {{\"mode\": \"fast\" or \"deep\"}}, with asOf (a time such as \
         2026-01-31T06:00:00Z), cursor (`next` of an earlier answer) and share ({{index, of}}) if need be, and nothing \
         else"
    )]
    NotASweep,
    /// A time that has not come would make everything late.
    #[error("asOf lies in the future")]
    Future,
    /// There is no such share.
    #[error("share: `index` counts from 0 and must be less than `of`")]
    Share,
    /// Nothing is hashed that could be shared.
    #[error("share belongs to a deep sweep: a fast one hashes nothing")]
    ShareOfFast,
}

/// Reads a payload.
pub(crate) fn read(payload: &Value, now: Timestamp, deadline: Deadline) -> Result<SweepRequest, RequestError> {
    let payload = Payload::deserialize(payload).map_err(|_details_quote_the_payload| RequestError::NotASweep)?;
    let deep = match (payload.mode, payload.share) {
        (Mode::Fast, None) => Deep::None,
        (Mode::Fast, Some(_)) => return Err(RequestError::ShareOfFast),
        (Mode::Deep, None) => Deep::All,
        (Mode::Deep, Some(Share { index, of })) if index < of => Deep::Share { index, of },
        (Mode::Deep, Some(_)) => return Err(RequestError::Share),
    };
    let as_of = payload.as_of.unwrap_or(now);
    if as_of.duration_since(now) > CLOCK_SKEW {
        return Err(RequestError::Future);
    }
    Ok(SweepRequest {
        deep,
        from: payload.cursor.unwrap_or(SweepCursor::start()),
        deadline: Some(deadline),
        ..SweepRequest::new(as_of)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn read(payload: &Value) -> Result<SweepRequest, RequestError> {
        let now = at("2026-01-31T06:00:30Z");
        super::read(payload, now, Deadline::at(now))
    }

    #[test]
    fn a_schedule_counts_from_its_own_time_and_a_person_from_now() {
        let scheduled = read(&json!({"mode": "fast", "asOf": "2026-01-31T06:00:00Z"})).unwrap();
        assert_eq!((scheduled.as_of, scheduled.deep), (at("2026-01-31T06:00:00Z"), Deep::None));
        let asked = read(&json!({"mode": "deep"})).unwrap();
        assert_eq!((asked.as_of, asked.deep), (at("2026-01-31T06:00:30Z"), Deep::All));
        assert_eq!(asked.from, SweepCursor::start());
    }

    #[test]
    fn a_cursor_goes_back_in_as_it_came_out() {
        let cursor = SweepCursor::Evidence(None);
        let request = read(&json!({"mode": "fast", "cursor": cursor})).unwrap();
        assert_eq!(request.from, cursor);
    }

    #[test]
    fn what_cannot_be_done_is_refused() {
        let share = |index, of| json!({"mode": "deep", "share": {"index": index, "of": of}});
        assert_eq!(read(&share(2, 7)).unwrap().deep, Deep::Share { index: 2, of: 7 });
        assert_eq!(read(&share(7, 7)).unwrap_err(), RequestError::Share);
        assert_eq!(read(&share(0, 0)).unwrap_err(), RequestError::Share);
        let of_fast = json!({"mode": "fast", "share": {"index": 0, "of": 2}});
        assert_eq!(read(&of_fast).unwrap_err(), RequestError::ShareOfFast);
        let future = json!({"mode": "fast", "asOf": "2026-01-31T07:00:00Z"});
        assert_eq!(read(&future).unwrap_err(), RequestError::Future);
        for other in [
            json!({}),
            json!([]),
            json!({"mode": "slow"}),
            json!({"mode": "fast", "as_of": "2026-01-31T06:00:00Z"}),
            json!({"mode": "fast", "asOf": "<aws.scheduler.scheduled-time>"}),
            json!({"mode": "deep", "share": {"index": 0, "of": 2, "more": 1}}),
        ] {
            assert_eq!(read(&other).unwrap_err(), RequestError::NotASweep, "{other}");
        }
    }
}
