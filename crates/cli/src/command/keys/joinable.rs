//! `sluice keys joinable`: a join across epochs gives no rows and no error, so it is refused before it is made.

use std::collections::BTreeMap;
use std::io::Write as _;

use anyhow::{Context as _, bail};
use sluice_privacy::keyring::KeyRef;
use sluice_privacy::pseudonymize::values_of;
use sluice_privacy::transform::{TokenText, text_of};
use sluice_tabular::{ColumnPath, CsvOptions, Format, ReadOptions, Reader};

use crate::args::{FormatName, KeysJoinable};
use crate::exit::Answer;
use crate::format;
use crate::input::Input;

/// How many pseudonyms of each kind and key a column holds, and other values.
#[derive(Default)]
struct Keys {
    by_key: BTreeMap<(&'static str, KeyRef), u64>,
    others: u64,
}

pub(super) fn run(args: &KeysJoinable) -> anyhow::Result<Answer> {
    let left = keys_of(&args.left).with_context(|| args.left.clone())?;
    let right = keys_of(&args.right).with_context(|| args.right.clone())?;
    let mut out = std::io::stdout().lock();
    for (name, keys) in [(&args.left, &left), (&args.right, &right)] {
        for ((kind, key), count) in &keys.by_key {
            writeln!(out, "{name}: {count} {kind} of epoch {}", key.epoch)?;
        }
        if keys.others > 0 {
            writeln!(out, "{name}: {} values that are no pseudonyms", keys.others)?;
        }
    }
    let same = left.by_key.keys().eq(right.by_key.keys()) && left.by_key.len() == 1;
    if same && left.others == 0 && right.others == 0 {
        writeln!(out, "joinable: every pseudonym was made with one key")?;
        return Ok(Answer::Pass);
    }
    writeln!(out, "NOT joinable: equal values have different pseudonyms here, and a join would lose them silently")?;
    writeln!(out, "bring both into one epoch with `sluice keys retokenise`, or publish the objects again")?;
    Ok(Answer::Fail)
}

fn keys_of(place: &str) -> anyhow::Result<Keys> {
    let Some((file, column)) = place.rsplit_once(':').filter(|(file, _)| !file.is_empty() && *file != "s3") else {
        bail!("expected FILE:COLUMN");
    };
    let format =
        match format::format_of(file).context("the name does not tell the format: .csv, .tsv, .jsonl, .parquet")? {
            FormatName::Csv => Format::Csv(CsvOptions::default()),
            FormatName::Tsv => Format::Csv(CsvOptions { delimiter: b'\t', ..CsvOptions::default() }),
            FormatName::Jsonl => Format::JsonLines,
            FormatName::Parquet => Format::Parquet,
        };
    let read = ReadOptions::new(format);
    let (source, _digesting) = Input::open(file)?.into_source_ahead(&read)?;
    let mut reader = Reader::open(source, &read)?;
    reader.project(&[ColumnPath::new(column)])?;
    let mut keys = Keys::default();
    for block in &mut reader {
        let block = block?;
        let Some(array) = block.batch.column_by_name(column) else { bail!("there is no column `{column}`") };
        for text in text_of(&values_of(column, array))?.iter().flatten().filter(|text| !text.is_empty()) {
            match TokenText::parse(text) {
                Ok(TokenText::Token { key }) => *keys.by_key.entry(("tokens", key)).or_default() += 1,
                Ok(TokenText::Encrypted { key, .. }) => *keys.by_key.entry(("ciphertexts", key)).or_default() += 1,
                Err(_) => keys.others += 1,
            }
        }
    }
    Ok(keys)
}
