//! What the names of CloudTrail's files say.
//!
//! Source: "CloudTrail log file names" and "CloudTrail digest file structure", AWS CloudTrail User Guide.

use std::fmt;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Where a file lies.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FileAt {
    /// The bucket.
    pub bucket: String,
    /// The key, decoded.
    pub key: String,
}

impl FileAt {
    /// A place.
    pub fn new(bucket: impl Into<String>, key: impl Into<String>) -> Self {
        Self { bucket: bucket.into(), key: key.into() }
    }
}

impl fmt::Display for FileAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

impl fmt::Debug for FileAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A trail as its ARN names it: `arn:aws:cloudtrail:REGION:ACCOUNT:trail/NAME`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrailId {
    /// The account that owns the trail.
    pub account: String,
    /// The region where the trail was made.
    pub home_region: String,
    /// The trail's name.
    pub name: String,
}

impl TrailId {
    /// Reads an ARN.
    pub fn from_arn(arn: &str) -> Option<Self> {
        let mut parts = arn.splitn(6, ':');
        let (prefix, _partition, service) = (parts.next()?, parts.next()?, parts.next()?);
        let (home_region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
        let name = resource.strip_prefix("trail/")?;
        let sound = prefix == "arn" && service == "cloudtrail" && is_account(account) && !name.is_empty();
        sound.then(|| Self { account: account.into(), home_region: home_region.into(), name: name.into() })
    }
}

/// Where a trail delivers. It may change during a chain.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The bucket.
    pub bucket: String,
    /// Everything before `AWSLogs/`, with its slash; empty without a prefix.
    pub prefix: String,
}

/// Whose events, and where they happened.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogScope {
    /// The organization, for organization trails.
    pub organization: Option<String>,
    /// The account whose events are logged.
    pub account: String,
    /// The region of the events.
    pub region: String,
}

/// One chain of digests.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChainId {
    /// Whose log files it covers.
    pub scope: LogScope,
    /// The trail's name.
    pub trail: String,
    /// The region where the trail was made.
    pub home_region: String,
    /// Whether it is the chain of digests that were made afterwards.
    pub backfill: bool,
}

impl ChainId {
    /// Where this chain's digest that ends at a time is delivered.
    pub fn digest_at(&self, place: &Place, end: Timestamp) -> FileAt {
        let LogScope { organization, account, region } = &self.scope;
        let Place { bucket, prefix } = place;
        let organization = organization.as_ref().map(|id| format!("{id}/")).unwrap_or_default();
        let Self { trail, home_region, .. } = self;
        let civil = end.to_zoned(TimeZone::UTC).datetime();
        let (day, stamp) = (civil.strftime("%Y/%m/%d"), civil.strftime("%Y%m%dT%H%M%SZ"));
        let suffix = if self.backfill { BACKFILL } else { "" };
        let key = format!(
            "{prefix}AWSLogs/{organization}{account}/CloudTrail-Digest/{region}/{day}/\
             {account}_CloudTrail-Digest_{region}_{trail}_{home_region}_{stamp}{suffix}{SUFFIX}"
        );
        FileAt::new(bucket.clone(), key)
    }
}

/// The name of a digest file, read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DigestKey {
    /// Its chain.
    pub chain: ChainId,
    /// Where it was delivered.
    pub place: Place,
    /// The end of its hour.
    pub end: Timestamp,
}

/// The name of a log file, read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogKey {
    /// What it belongs to.
    pub scope: LogScope,
    /// When CloudTrail made it, to the minute.
    pub made: Timestamp,
}

/// What a file of a trail bucket is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrailFileKind {
    /// A digest.
    Digest(DigestKey),
    /// A log of events.
    Log(LogKey),
    /// Something else, such as an Insights file, a folder marker or a name that CloudTrail does not give.
    Other,
}

const SUFFIX: &str = ".json.gz";
const BACKFILL: &str = "_backfill";
const STAMP_SECONDS: &str = "%Y%m%dT%H%M%SZ";
const STAMP_MINUTES: &str = "%Y%m%dT%H%MZ";
/// CloudTrail ends a log file's name with as many letters and digits.
const UNIQUE_LENGTH: usize = 16;

impl TrailFileKind {
    /// Tells what a file is by its name.
    pub fn of(at: &FileAt) -> Self {
        let Some((folder, name, middle)) = split(&at.key) else { return Self::Other };
        let place = Place { bucket: at.bucket.clone(), prefix: middle.prefix.to_owned() };
        let scope = LogScope {
            organization: middle.organization.map(str::to_owned),
            account: middle.account.to_owned(),
            region: middle.region.to_owned(),
        };
        match folder {
            "CloudTrail-Digest" => digest_key(name, &middle, scope, place).map_or(Self::Other, Self::Digest),
            "CloudTrail" => log_key(name, &middle, scope).map_or(Self::Other, Self::Log),
            _ => Self::Other,
        }
    }
}

/// The folders of a key between the prefix and the name.
struct Middle<'a> {
    prefix: &'a str,
    organization: Option<&'a str>,
    account: &'a str,
    region: &'a str,
    day: [&'a str; 3],
}

/// `[prefix/]AWSLogs/[o-…/]ACCOUNT/FOLDER/REGION/YYYY/MM/DD/NAME`.
fn split(key: &str) -> Option<(&str, &str, Middle<'_>)> {
    let (prefix, rest) = if let Some(rest) = key.strip_prefix("AWSLogs/") {
        ("", rest)
    } else {
        let at = key.find("/AWSLogs/")?.checked_add(1)?;
        let (prefix, rest) = key.split_at_checked(at)?;
        (prefix, rest.strip_prefix("AWSLogs/")?)
    };
    let mut parts = rest.split('/');
    let first = parts.next()?;
    let (organization, account) = if first.starts_with("o-") { (Some(first), parts.next()?) } else { (None, first) };
    let (folder, region) = (parts.next()?, parts.next()?);
    let day = [parts.next()?, parts.next()?, parts.next()?];
    let name = parts.next()?;
    let sound = is_account(account) && !region.is_empty() && parts.next().is_none();
    sound.then_some((folder, name, Middle { prefix, organization, account, region, day }))
}

fn digest_key(name: &str, middle: &Middle<'_>, scope: LogScope, place: Place) -> Option<DigestKey> {
    let rest = name.strip_suffix(SUFFIX)?;
    let (rest, backfill) = rest.strip_suffix(BACKFILL).map_or((rest, false), |rest| (rest, true));
    let rest = rest.strip_prefix(middle.account)?.strip_prefix("_CloudTrail-Digest_")?;
    let rest = rest.strip_prefix(middle.region)?.strip_prefix('_')?;
    let (rest, stamp) = rest.rsplit_once('_')?;
    let (trail, home_region) = rest.rsplit_once('_')?;
    let end = timestamp(stamp, STAMP_SECONDS)?;
    let chain = ChainId { scope, trail: trail.into(), home_region: home_region.into(), backfill };
    (!trail.is_empty() && is_day_of(middle.day, end)).then_some(DigestKey { chain, place, end })
}

fn log_key(name: &str, middle: &Middle<'_>, scope: LogScope) -> Option<LogKey> {
    let rest = name.strip_suffix(SUFFIX)?;
    let rest = rest.strip_prefix(middle.account)?.strip_prefix("_CloudTrail_")?;
    let rest = rest.strip_prefix(middle.region)?.strip_prefix('_')?;
    let (stamp, unique) = rest.split_once('_')?;
    let made = timestamp(stamp, STAMP_MINUTES)?;
    let sound = unique.len() == UNIQUE_LENGTH && unique.bytes().all(|byte| byte.is_ascii_alphanumeric());
    // A file made just before midnight may lie in either day's folder.
    let is_near = [SignedDuration::ZERO, SignedDuration::from_hours(1), SignedDuration::from_hours(-1)]
        .into_iter()
        .filter_map(|shift| made.checked_add(shift).ok())
        .any(|time| is_day_of(middle.day, time));
    (sound && is_near).then_some(LogKey { scope, made })
}

fn timestamp(text: &str, format: &str) -> Option<Timestamp> {
    let civil = DateTime::strptime(format, text).ok()?;
    Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

fn is_day_of(day: [&str; 3], time: Timestamp) -> bool {
    time.to_zoned(TimeZone::UTC).strftime("%Y/%m/%d").to_string() == day.join("/")
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FOLDER: &str = "AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/05/10";

    fn kind(key: &str) -> TrailFileKind {
        TrailFileKind::of(&FileAt::new("trail", key))
    }

    fn digest(key: &str) -> DigestKey {
        match kind(key) {
            TrailFileKind::Digest(key) => key,
            other => panic!("{key}: {other:?}"),
        }
    }

    #[test]
    fn a_digest_key_is_read_and_made_again() {
        for prefix in ["", "some/prefix/"] {
            for organization in ["", "o-abc123/"] {
                for backfill in ["", "_backfill"] {
                    let key = format!(
                        "{prefix}AWSLogs/{organization}111122223333/CloudTrail-Digest/eu-west-1/2026/05/10/\
                         111122223333_CloudTrail-Digest_eu-west-1_my_trail.x_us-east-1_20260510T230550Z{backfill}.json.gz"
                    );
                    let read = digest(&key);
                    assert_eq!(
                        (read.chain.trail.as_str(), read.chain.home_region.as_str()),
                        ("my_trail.x", "us-east-1")
                    );
                    assert_eq!(read.end.to_string(), "2026-05-10T23:05:50Z");
                    assert_eq!(read.chain.backfill, !backfill.is_empty());
                    assert_eq!(read.chain.digest_at(&read.place, read.end), FileAt::new("trail", key));
                }
            }
        }
    }

    #[test]
    fn a_log_key_is_read() {
        let key = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/05/10/\
                   111122223333_CloudTrail_eu-west-1_20260510T0357Z_084c5958ad13dd6a.json.gz";
        let TrailFileKind::Log(read) = kind(key) else { panic!("{key}") };
        assert_eq!(read.made.to_string(), "2026-05-10T03:57:00Z");
        assert_eq!((read.scope.account.as_str(), read.scope.region.as_str()), ("111122223333", "eu-west-1"));
    }

    #[test]
    fn what_cloudtrail_does_not_write_is_something_else() {
        for key in [
            "",
            "AWSLogs/",
            "notes.txt",
            "AWSLogs/111122223333/CloudTrail-Insight/eu-west-1/2026/05/10/x.json.gz",
            "AWSLogs/1/CloudTrail/eu-west-1/2026/05/10/1_CloudTrail_eu-west-1_20260510T0357Z_084c5958ad13dd6a.json.gz",
            &format!("{FOLDER}/111122223333_CloudTrail-Digest_eu-west-1_t_eu-west-1_20260511T010000Z.json.gz"),
            &format!("{FOLDER}/111122223333_CloudTrail-Digest_us-east-1_t_eu-west-1_20260510T010000Z.json.gz"),
            &format!("{FOLDER}/999999999999_CloudTrail-Digest_eu-west-1_t_eu-west-1_20260510T010000Z.json.gz"),
            &format!("{FOLDER}/111122223333_CloudTrail-Digest_eu-west-1_t_eu-west-1_20260510T256000Z.json.gz"),
            &format!("{FOLDER}/x/111122223333_CloudTrail-Digest_eu-west-1_t_eu-west-1_20260510T010000Z.json.gz"),
        ] {
            assert_eq!(kind(key), TrailFileKind::Other, "{key}");
        }
    }

    #[test]
    fn an_arn_names_a_trail() {
        let read = TrailId::from_arn("arn:aws:cloudtrail:eu-west-1:111122223333:trail/sentinel").unwrap();
        assert_eq!((read.name.as_str(), read.home_region.as_str()), ("sentinel", "eu-west-1"));
        for bad in ["", "trail", "arn:aws:s3:eu-west-1:111122223333:trail/x", "arn:aws:cloudtrail:r:1:trail/x"] {
            assert_eq!(TrailId::from_arn(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_key_is_read_in_peace(key in "\\PC{0,200}") {
            drop(kind(&key));
        }
    }
}
