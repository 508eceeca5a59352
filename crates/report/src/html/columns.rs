//! What the columns hold.

use sluice_profile::{CellType, ColumnProfile, Profile, TopValues};

use super::chart;
use super::markup::Markup;
use super::rules::rows;
use crate::figure::{count, figure, grouped, percent, share};

/// Columns shown one by one.
const MOST_COLUMNS: usize = 400;
/// Bytes after which no further column is shown.
const MOST_BYTES: usize = 6 << 20;
/// Frequent values shown of a column.
const MOST_VALUES: usize = 6;
/// Shapes shown of a column.
const MOST_SHAPES: usize = 3;
/// Notes shown before the columns.
const MOST_NOTES: usize = 50;

pub(super) fn attention(out: &mut Markup, notes: &[String]) {
    if notes.is_empty() {
        return;
    }
    out.raw("<section><h2>Worth a look</h2><ul class=\"plain\">");
    for note in notes.iter().take(MOST_NOTES) {
        out.raw("<li>").text(note).raw("</li>");
    }
    out.raw("</ul>");
    if notes.len() > MOST_NOTES {
        out.raw("<p class=\"soft small\">and ").number(count(notes.len() - MOST_NOTES)).raw(" more</p>");
    }
    out.raw("</section>");
}

pub(super) fn cards(out: &mut Markup, profile: &Profile) {
    if profile.columns.is_empty() {
        return;
    }
    out.raw("<section><h2>Columns <span class=\"soft\">").number(count(profile.columns.len()));
    out.raw("</span></h2><div class=\"columns\">");
    let mut shown = 0;
    for column in profile.columns.iter().take(MOST_COLUMNS) {
        if out.len() > MOST_BYTES {
            break;
        }
        card(out, column, profile.rows);
        shown += 1;
    }
    out.raw("</div>");
    if shown < profile.columns.len() {
        out.raw("<p class=\"soft\">").number(count(profile.columns.len() - shown));
        out.raw(" more columns are in the JSON profile.</p>");
    }
    out.raw("</section>");
}

fn card(out: &mut Markup, column: &ColumnProfile, all_rows: u64) {
    out.raw("<article class=\"card\"><h3><bdi>").text(&column.name).raw("</bdi></h3>");
    out.raw("<p class=\"soft small\">").raw(column.cell_type.name());
    out.raw(if column.is_type_inferred && column.cell_type != CellType::Unknown { ", told from text" } else { "" });
    out.raw("</p><figure>");
    let complete = format!("{} complete", percent(column.completeness));
    chart::share_bar(out, column.completeness, &complete);
    out.raw("<figcaption>").text(&complete);
    if column.nulls.count > 0 {
        out.raw(" · ")
            .text(grouped(column.nulls.count))
            .raw(" NULL, first in rows ")
            .text(rows(&column.nulls.first_rows));
    }
    out.raw("</figcaption></figure>");
    if let Some(values) = column.numbers.as_ref().and_then(|numbers| numbers.values.as_ref())
        && column.cell_type.is_numeric()
    {
        out.raw("<figure>");
        chart::histogram(out, &column.name, &values.histogram);
        out.raw("</figure>");
    }
    facts(out, column);
    if !column.cell_type.is_numeric() || column.distinct.values <= count(MOST_VALUES) {
        if let Some(top) =
            column.top_values.as_ref().filter(|top| top.values.first().is_some_and(|most| most.count > 1))
        {
            values(out, "Most frequent", top, MOST_VALUES, all_rows);
        }
        if let Some(shapes) = &column.shapes {
            values(out, "Shapes (9 digit, A a letter, x other letter)", shapes, MOST_SHAPES, all_rows);
        }
    }
    if !column.are_values_shown {
        out.raw("<p class=\"soft small\">Values are not shown in this report.</p>");
    }
    oddities(out, column);
    out.raw("</article>");
}

fn facts(out: &mut Markup, column: &ColumnProfile) {
    out.raw("<dl>");
    let mut fact = |name: &'static str, value: String| {
        out.raw("<dt>").raw(name).raw("</dt><dd>").text(value).raw("</dd>");
    };
    if column.cell_type != CellType::Opaque {
        let about = if column.distinct.is_exact { "" } else { "about " };
        fact("different values", format!("{about}{}", grouped(column.distinct.values)));
        fact("occurring once", format!("{about}{}", grouped(column.distinct.once)));
    }
    if let Some(values) = column.numbers.as_ref().and_then(|numbers| numbers.values.as_ref())
        && column.cell_type.is_numeric()
    {
        let middle = values.quantiles.iter().find(|quantile| (quantile.rank - 0.5).abs() < 1e-9);
        fact("mean ± deviation", format!("{} ± {}", figure(values.mean), figure(values.standard_deviation)));
        if let Some(middle) = middle {
            fact("median", figure(middle.value));
        }
    }
    if let Some(times) = &column.times {
        let day = |text: &str| text.strip_suffix("T00:00:00Z").unwrap_or(text).to_owned();
        fact("earliest", day(&times.earliest));
        fact("latest", day(&times.latest));
    }
    if let Some(lengths) = column.lengths.as_ref().filter(|_| column.cell_type == CellType::String) {
        fact("characters", format!("{} to {}, mean {}", lengths.min, lengths.max, figure(lengths.mean)));
    }
    out.raw("</dl>");
}

fn values(out: &mut Markup, caption: &'static str, top: &TopValues, most: usize, all_rows: u64) {
    out.raw("<table><caption>").raw(caption).raw("</caption><thead hidden><tr><th scope=\"col\">value</th>");
    out.raw("<th scope=\"col\">rows</th></tr></thead><tbody>");
    for value in top.values.iter().take(most) {
        out.raw("<tr><th scope=\"row\"><span class=\"mono\">");
        out.text(if value.value.is_empty() { "(empty)" } else { &value.value }).raw(if value.is_cut {
            "…"
        } else {
            ""
        });
        out.raw("</span></th><td class=\"count\">").text(grouped(value.count)).raw(" <span class=\"soft\">");
        out.text(percent(share(value.count, all_rows))).raw("</span></td></tr>");
    }
    out.raw("</tbody></table>");
}

fn oddities(out: &mut Markup, column: &ColumnProfile) {
    for (what, cells) in [("empty texts", &column.empty), ("blank texts", &column.whitespace)] {
        if cells.count > 0 {
            out.raw("<p class=\"attention\">").text(grouped(cells.count)).raw(" ").raw(what).raw(", first in rows ");
            out.text(rows(&cells.first_rows)).raw("</p>");
        }
    }
    let Some(outliers) = column.numbers.as_ref().map(|numbers| &numbers.outliers).filter(|found| found.count > 0)
    else {
        return;
    };
    let places: Vec<u64> = outliers.first.iter().map(|outlier| outlier.row).collect();
    out.raw("<p class=\"attention\">").raw(if outliers.is_exact { "" } else { "at least " });
    out.text(grouped(outliers.count))
        .raw(" far from the others, the farthest in rows ")
        .text(rows(&places))
        .raw("</p>");
}
