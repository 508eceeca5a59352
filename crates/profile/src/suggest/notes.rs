//! What a person should look at before believing a table.

use super::ENOUGH_ROWS;
use super::dqdl::{on_one_line, quoted};
use crate::cell::CellType;
use crate::number::grouped;
use crate::number::{count, share};
use crate::profile::{ColumnProfile, Profile};

/// A column of texts is of one type but for a few when so large a share of them is.
const NEARLY: f64 = 0.9;
/// Columns with so large a share of values that occur once are taken for keys.
const NEARLY_UNIQUE: f64 = 0.92;
/// Rows that are named.
const MOST_ROWS: usize = 10;

/// Repeated rows, odd cells, outliers: what they are and where they stand, one line each. No line holds a cell.
pub fn notes(profile: &Profile) -> Vec<String> {
    let mut notes = Vec::new();
    let repeats = &profile.duplicate_rows;
    if let Some(first) = repeats.first.first() {
        let least = if repeats.is_exact { "" } else { "at least " };
        let rows = counted(repeats.count, "row repeats", "rows repeat");
        notes.push(format!(
            "{least}{rows} an earlier row as a whole: row {} is row {} again",
            grouped(first.row),
            grouped(first.first_row)
        ));
    }
    for column in &profile.columns {
        of_column(column, &mut notes);
    }
    notes.iter().map(|note| on_one_line(note)).collect()
}

fn of_column(column: &ColumnProfile, notes: &mut Vec<String>) {
    let name = quoted(&column.name);
    if let Some((common, share, odd)) = nearly_one_type(column) {
        let (percent, word) = (share * 100.0, common.name());
        let others: u64 =
            column.types.iter().filter(|cells| cells.cell_type != common).map(|cells| cells.cells.count).sum();
        notes.push(format!("{name}: {percent:.2} % of the texts read as {word}; not {}", in_rows(others, &odd)));
    }
    for (one, many, cells) in [
        ("empty text", "empty texts", &column.empty),
        ("text of white space", "texts of white space", &column.whitespace),
    ] {
        if cells.count > 0 {
            let cells_of = counted(cells.count, one, many);
            notes.push(format!("{name}: {cells_of}, which is not NULL, {}", in_rows(cells.count, &cells.first_rows)));
        }
    }
    let repeats = &column.distinct.repeats;
    let is_key = column.distinct.is_exact
        && column.distinct.uniqueness >= NEARLY_UNIQUE
        && column.distinct.values >= ENOUGH_ROWS;
    if let Some(first) = repeats.first.first().filter(|_| is_key) {
        notes.push(format!(
            "{name} is nearly unique: {} an earlier value, row {} that of row {}",
            counted(repeats.count, "row repeats", "rows repeat"),
            grouped(first.row),
            grouped(first.first_row)
        ));
    }
    if let Some(outliers) = column.numbers.as_ref().map(|numbers| &numbers.outliers).filter(|found| found.count > 0) {
        let places: Vec<u64> = outliers.first.iter().map(|outlier| outlier.row).collect();
        let least = if outliers.is_exact { "" } else { "at least " };
        let numbers = counted(outliers.count, "number", "numbers");
        notes.push(format!("{name}: {least}{numbers} far from the others, {}", in_rows(outliers.count, &places)));
    }
}

fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

/// `in row 7`, `in rows 7 and 9`, `in rows 7, 9, …`.
fn in_rows(all: u64, rows: &[u64]) -> String {
    let named: Vec<String> = rows.iter().map(|row| grouped(*row)).collect();
    let more = if all > count(rows.len()) { ", …" } else { "" };
    match named.as_slice() {
        [one] if more.is_empty() => format!("in row {one}"),
        [one, other] if more.is_empty() => format!("in rows {one} and {other}"),
        _ => format!("in rows {}{more}", named.join(", ")),
    }
}

/// A column of texts of which nearly all read as one type: that type, the share, and the first rows of the others.
pub fn nearly_one_type(column: &ColumnProfile) -> Option<(CellType, f64, Vec<u64>)> {
    if column.cell_type != CellType::String || !column.is_type_inferred {
        return None;
    }
    let all: u64 = column.types.iter().map(|cells| cells.cells.count).sum();
    let common = column.types.iter().max_by_key(|cells| cells.cells.count)?;
    let share = share(common.cells.count, all);
    if common.cell_type == CellType::String || share < NEARLY {
        return None;
    }
    let others = column.types.iter().filter(|cells| cells.cell_type != common.cell_type);
    let mut odd: Vec<u64> = others.flat_map(|cells| cells.cells.first_rows.iter().copied()).collect();
    odd.sort_unstable();
    odd.truncate(MOST_ROWS);
    Some((common.cell_type, share, odd))
}
