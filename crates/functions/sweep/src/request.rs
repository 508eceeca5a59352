//! What a schedule, or a person, asks for.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;
use sluice_common::port::Deadline;
use sluice_common::{BucketName, ObjectKey, ObjectPath};
use sluice_integrity::sweep::{Deep, SweepCursor, SweepRequest};

/// How far the clocks of two services may be apart.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// The payload: `{mode, asOf?, cursor?, share?, scheduled?, withinDays?, inventory?}`.
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
    /// Whether a schedule asks: its sweep gives way to one that is under way.
    #[serde(default)]
    scheduled: bool,
    /// The manifest of an S3 Inventory of the raw bucket, `s3://bucket/….manifest.json`: it is listed in the bucket's stead.
    inventory: Option<String>,
    /// A schedule's deep sweeps only: each hashes the next of so many shares, so that one a day reaches everything.
    within_days: Option<u32>,
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
         2026-01-31T06:00:00Z), cursor (`next` of an earlier answer), share ({{index, of}}), scheduled (true), \
         withinDays (a number) and inventory (s3://bucket/…/manifest.json) if need be, and nothing else"
    )]
    NotASweep,
    /// A time that has not come would make everything late.
    #[error("asOf lies in the future")]
    Future,
    /// There is no such share.
    #[error("share: `index` counts from 0 and must be less than `of`")]
    Share,
    /// Nothing is hashed that could be shared.
    #[error("share and withinDays belong to a deep sweep: a fast one hashes nothing")]
    ShareOfFast,
    /// It is no manifest's.
    #[error("inventory: expected s3://bucket/…/manifest.json")]
    Inventory,
    /// Whose turn it is, a schedule says or nobody.
    #[error("withinDays is a schedule's, at least 1, and stands alone: give neither cursor nor share with it")]
    WithinDays,
}

/// What is asked for.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) request: SweepRequest,
    /// Whether it gives way to a sweep that is under way.
    pub(crate) is_scheduled: bool,
    /// In how many shares the bytes are hashed again, one after the other.
    pub(crate) shares: Option<u32>,
    /// The manifest of an inventory.
    pub(crate) inventory: Option<ObjectPath>,
}

/// Reads a payload.
pub(crate) fn read(payload: &Value, now: Timestamp, deadline: Deadline) -> Result<Asked, RequestError> {
    let payload = Payload::deserialize(payload).map_err(|_details_quote_the_payload| RequestError::NotASweep)?;
    let deep = match (payload.mode, payload.share) {
        (Mode::Fast, None) => Deep::None,
        (Mode::Fast, Some(_)) => return Err(RequestError::ShareOfFast),
        (Mode::Deep, None) => Deep::All,
        (Mode::Deep, Some(Share { index, of })) if index < of => Deep::Share { index, of },
        (Mode::Deep, Some(_)) => return Err(RequestError::Share),
    };
    match (payload.mode, payload.within_days) {
        (_, None) => {}
        (Mode::Fast, Some(_)) => return Err(RequestError::ShareOfFast),
        (Mode::Deep, Some(days)) => {
            let stands_alone = payload.scheduled && payload.share.is_none() && payload.cursor.is_none();
            if days == 0 || !stands_alone {
                return Err(RequestError::WithinDays);
            }
        }
    }
    let as_of = payload.as_of.unwrap_or(now);
    if as_of.duration_since(now) > CLOCK_SKEW {
        return Err(RequestError::Future);
    }
    let request = SweepRequest {
        deep,
        from: payload.cursor.unwrap_or(SweepCursor::start()),
        deadline: Some(deadline),
        ..SweepRequest::new(as_of)
    };
    let inventory = payload.inventory.as_deref().map(manifest).transpose()?;
    Ok(Asked { request, is_scheduled: payload.scheduled, shares: payload.within_days, inventory })
}

/// Where a manifest is.
fn manifest(uri: &str) -> Result<ObjectPath, RequestError> {
    let (bucket, key) =
        uri.strip_prefix("s3://").and_then(|rest| rest.split_once('/')).ok_or(RequestError::Inventory)?;
    let is_manifest = key.ends_with("/manifest.json") || key == "manifest.json";
    match (BucketName::new(bucket), ObjectKey::new(key)) {
        (Ok(bucket), Ok(key)) if is_manifest => Ok(ObjectPath { bucket, key }),
        _ => Err(RequestError::Inventory),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn ask(payload: &Value) -> Result<Asked, RequestError> {
        let now = at("2026-01-31T06:00:30Z");
        super::read(payload, now, Deadline::at(now))
    }

    fn read(payload: &Value) -> Result<SweepRequest, RequestError> {
        ask(payload).map(|asked| asked.request)
    }

    #[test]
    fn a_schedule_s_shares_are_its_own() {
        let asked = ask(&json!({"mode": "deep", "scheduled": true, "withinDays": 30})).unwrap();
        assert_eq!((asked.is_scheduled, asked.shares), (true, Some(30)));
        assert!(!ask(&json!({"mode": "deep"})).unwrap().is_scheduled);
        let refused = |payload| ask(&payload).unwrap_err();
        assert_eq!(refused(json!({"mode": "deep", "withinDays": 30})), RequestError::WithinDays);
        assert_eq!(refused(json!({"mode": "deep", "scheduled": true, "withinDays": 0})), RequestError::WithinDays);
        assert_eq!(refused(json!({"mode": "fast", "scheduled": true, "withinDays": 3})), RequestError::ShareOfFast);
        let both = json!({"mode": "deep", "scheduled": true, "withinDays": 3, "share": {"index": 0, "of": 2}});
        assert_eq!(refused(both), RequestError::WithinDays);
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
