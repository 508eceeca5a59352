//! A profile as a table for people.

use std::io::{self, Write};

use sluice_common::Sha256Digest;
use sluice_profile::suggest::notes;
use sluice_profile::{Bucket, CellType, ColumnProfile, Profile};

use crate::terminal::{figure, grouped, percent, plain, within};

const NAME_WIDTH: usize = 28;
const VALUE_WIDTH: usize = 18;
const TOP_VALUES: usize = 4;
const HEADINGS: [&str; 5] = ["column", "type", "complete", "distinct", "values"];
const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

pub(super) fn print(out: &mut impl Write, file: &str, sha256: Sha256Digest, profile: &Profile) -> io::Result<()> {
    let lines: Vec<[String; 5]> = profile.columns.iter().map(|column| line(column, profile.rows)).collect();
    let width = |index: usize| {
        let cells = lines.iter().filter_map(|line| line.get(index)).map(|cell| cell.chars().count());
        cells.chain(HEADINGS.get(index).map(|heading| heading.len())).max().unwrap_or_default()
    };
    let widths = [width(0), width(1), width(2), width(3)];
    row(out, widths, &HEADINGS.map(str::to_owned))?;
    for line in &lines {
        row(out, widths, line)?;
    }
    let notes = notes(profile);
    if !notes.is_empty() {
        writeln!(out, "\nWorth a look (rows from 0, a header not counted)")?;
        for note in &notes {
            writeln!(out, "  {}", plain(note))?;
        }
    }
    let columns = profile.columns.len();
    writeln!(out, "\n{} rows, {columns} columns in {}", grouped(profile.rows), plain(file))?;
    writeln!(out, "sha256 {}", sha256.to_hex())
}

fn row(out: &mut impl Write, widths: [usize; 4], cells: &[String; 5]) -> io::Result<()> {
    let [name, kind, complete, distinct, values] = cells;
    let [name_width, kind_width, complete_width, distinct_width] = widths;
    let line = format!(
        "{name:name_width$}  {kind:kind_width$}  {complete:complete_width$}  {distinct:>distinct_width$}  {values}"
    );
    writeln!(out, "{}", line.trim_end())
}

fn line(column: &ColumnProfile, rows: u64) -> [String; 5] {
    [
        within(&column.name, NAME_WIDTH),
        column.cell_type.name().to_lowercase(),
        format!("{} {}", bar(column.completeness), percent(column.completeness)),
        distinct(column),
        values(column, rows),
    ]
}

/// Five cells, filled by eighths.
fn bar(share: f64) -> String {
    const EIGHTHS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
    (0u8..5)
        .map(|cell| {
            let filled = (share * 5.0 - f64::from(cell)).clamp(0.0, 1.0);
            let steps = (0u8..8).rev().find(|eighth| filled * 8.0 >= f64::from(*eighth)).unwrap_or_default();
            if filled >= 1.0 { '█' } else { EIGHTHS.get(usize::from(steps)).copied().unwrap_or(' ') }
        })
        .collect()
}

fn distinct(column: &ColumnProfile) -> String {
    let about = if column.distinct.is_exact { "" } else { "~" };
    match column.cell_type {
        CellType::Opaque | CellType::Unknown => "–".to_owned(),
        _ => format!("{about}{}", grouped(column.distinct.values)),
    }
}

fn values(column: &ColumnProfile, rows: u64) -> String {
    if !column.are_values_shown {
        return "(hidden)".to_owned();
    }
    if let Some(values) = column.numbers.as_ref().and_then(|numbers| numbers.values.as_ref())
        && column.cell_type.is_numeric()
    {
        let median = values.quantiles.iter().find(|quantile| (quantile.rank - 0.5).abs() < 1e-9);
        let median = median.map(|median| format!(", median {}", figure(median.value))).unwrap_or_default();
        return format!("{}  {} to {}{median}", spark(&values.histogram), figure(values.min), figure(values.max));
    }
    if let Some(times) = &column.times
        && matches!(column.cell_type, CellType::Date | CellType::Timestamp)
    {
        let day = |text: &str| text.strip_suffix("T00:00:00Z").unwrap_or(text).to_owned();
        return format!("{} to {}", day(&times.earliest), day(&times.latest));
    }
    let Some(top) = column.top_values.as_ref().filter(|top| top.values.first().is_some_and(|most| most.count > 1))
    else {
        return shapes(column);
    };
    let named = top.values.iter().take(TOP_VALUES).map(|value| {
        #[expect(clippy::cast_precision_loss, reason = "a share for people")]
        let share = value.count as f64 / rows.max(1) as f64;
        let text = if value.value.is_empty() { "(empty)" } else { &value.value };
        format!("{} {}", within(text, VALUE_WIDTH), percent(share))
    });
    let more = if top.is_complete && top.values.len() <= TOP_VALUES { "" } else { ", …" };
    format!("{}{more}", named.collect::<Vec<_>>().join(", "))
}

/// Where no value recurs, what they look like.
fn shapes(column: &ColumnProfile) -> String {
    let Some(shape) = column.shapes.as_ref().and_then(|shapes| shapes.values.first()) else { return String::new() };
    format!("like {}", within(&shape.value, 2 * VALUE_WIDTH))
}

/// A histogram of one line.
fn spark(buckets: &[Bucket]) -> String {
    let most = buckets.iter().map(|bucket| bucket.count).max().unwrap_or_default().max(1);
    let level = |bucket: &Bucket| {
        // Rounded up, so that a bucket of few is seen.
        let steps = (bucket.count * 7).div_ceil(most);
        usize::try_from(steps).ok().and_then(|steps| LEVELS.get(steps)).copied().unwrap_or('█')
    };
    buckets.iter().map(|bucket| if bucket.count == 0 { ' ' } else { level(bucket) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_fill_by_eighths() {
        assert_eq!(bar(1.0), "█████");
        assert_eq!(bar(0.0), "     ");
        assert_eq!(bar(0.5), "██▌  ");
    }

    #[test]
    fn few_are_seen_and_none_is_blank() {
        let bucket = |count| Bucket { low: 0.0, high: 1.0, count };
        assert_eq!(spark(&[bucket(1_000), bucket(1), bucket(0)]), "█▂ ");
    }
}
