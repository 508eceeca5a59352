//! The records of a log file, one after the other: a file of a million records needs the memory of one.

use std::fmt;
use std::io::{BufReader, Read};

use flate2::bufread::GzDecoder;
use serde::Deserializer as _;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::trail::MAX_LOG_BYTES;

/// Why a file's records cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a CloudTrail log file: {0}")]
pub struct LogError(String);

/// Hands over each record of a log file.
///
/// # Errors
/// When the file is not a compressed log. Records before the place that is broken were handed over.
pub fn for_each_record(body: &[u8], take: impl FnMut(&Value)) -> Result<u64, LogError> {
    let inflated = GzDecoder::new(body).take(MAX_LOG_BYTES);
    let mut json = serde_json::Deserializer::from_reader(BufReader::new(inflated));
    let mut log = Log { take, count: 0 };
    json.deserialize_map(&mut log).map_err(|error| LogError(error.to_string()))?;
    json.end().map_err(|error| LogError(error.to_string()))?;
    Ok(log.count)
}

struct Log<F> {
    take: F,
    count: u64,
}

impl<'de, F: FnMut(&Value)> Visitor<'de> for &mut Log<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with Records")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            if name == "Records" {
                map.next_value_seed(Records(&mut *self))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

struct Records<'a, F>(&'a mut Log<F>);

impl<'de, F: FnMut(&Value)> DeserializeSeed<'de> for Records<'_, F> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, F: FnMut(&Value)> Visitor<'de> for Records<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut records: A) -> Result<(), A::Error> {
        while let Some(record) = records.next_element::<Value>()? {
            self.0.count = self.0.count.saturating_add(1);
            (self.0.take)(&record);
        }
        Ok(())
    }
}
