//! What a table's parameters say of its content and of the verdict on its newest object.
//!
//! `recordCount`, `objectCount`, `sizeKey` and `averageRecordSize` are the names that Glue's crawlers write, `numRows`,
//! `numFiles` and `totalSize` those of Hive, which query planners read. Ours begin with `sluice.`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sluice_catalog::inventory::Inventory;
use sluice_common::Sha256Digest;

use crate::verdict::Verdict;

/// What the statistics were made of. It is written last, and while it stays the same nothing is done.
pub const DIGEST: &str = "sluice.statistics.digest";

/// A table's parameters; those without a value are taken away.
pub(crate) type Parameters = BTreeMap<String, Option<String>>;

/// What there is to say.
pub(crate) struct Told<'a> {
    pub(crate) inventory: &'a Inventory,
    /// Rows of the table, when every object was measured.
    pub(crate) rows: Option<u64>,
    /// Objects without a state that can be used.
    pub(crate) unmeasured: u64,
    pub(crate) verdict: Option<&'a Verdict>,
    /// What to write under [`DIGEST`], when all of this is to stand until objects come or go.
    pub(crate) digest: Option<Sha256Digest>,
    pub(crate) at: Timestamp,
}

pub(crate) fn of(told: &Told<'_>) -> Parameters {
    let Told { inventory, rows, unmeasured, verdict, digest, at } = told;
    let (objects, bytes) = (inventory.objects(), inventory.bytes());
    let number = |number: u64| Some(number.to_string());
    let rows_text = rows.and_then(number);
    let mut parameters: Vec<(&str, Option<String>)> = vec![
        ("objectCount", number(objects)),
        ("sizeKey", number(bytes)),
        ("recordCount", rows_text.clone()),
        ("averageRecordSize", rows.filter(|rows| *rows > 0).and_then(|rows| number(bytes / rows))),
        ("numFiles", number(objects)),
        ("totalSize", number(bytes)),
        ("numRows", rows_text),
        ("sluice.statistics.unmeasuredObjects", number(*unmeasured)),
        ("sluice.statistics.time", Some(at.to_string())),
        (DIGEST, digest.map(|digest| digest.to_hex())),
    ];
    parameters.extend(Verdict::parameters(*verdict));
    parameters.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
