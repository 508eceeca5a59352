//! How easily people are found again: the bounds, the classes by size, the sensitive columns.

use sluice_risk::{ClassSizes, Figures};

use super::chart;
use super::markup::Markup;
use crate::figure::{grouped, percent};

/// What a page tells of a table's risk.
#[derive(Debug, Clone)]
pub struct RiskSection<'a> {
    /// The figures.
    pub figures: &'a Figures,
    /// The columns that others may know of a person.
    pub quasi_identifiers: &'a [String],
    /// The least rows of a class that is asked for.
    pub min_k: Option<u64>,
    /// The least different sensitive values of a class.
    pub min_l: Option<u64>,
    /// The greatest distance of a class's sensitive values from the table's.
    pub max_t: Option<f64>,
    /// What was done about small classes, in words.
    pub remedy: Option<String>,
}

impl RiskSection<'_> {
    fn holds(&self) -> bool {
        let Figures { rows, k, diversity, .. } = self.figures;
        let is_diverse = self.min_l.is_none_or(|least| diversity.iter().all(|one| one.distinct_l >= least));
        let within = |most: f64| diversity.iter().all(|one| one.closeness_t.is_some_and(|t| t <= most));
        *rows == 0 || (self.min_k.is_none_or(|least| *k >= least) && is_diverse && self.max_t.is_none_or(within))
    }

    fn has_bounds(&self) -> bool {
        self.min_k.is_some() || self.min_l.is_some() || self.max_t.is_some()
    }
}

/// The classes by size: the words for a size, its least rows, and how many there are.
fn bars(sizes: &ClassSizes) -> [(&'static str, u64, u64); 5] {
    [
        ("1", 1, sizes.one),
        ("2–4", 2, sizes.from_2_to_4),
        ("5–9", 5, sizes.from_5_to_9),
        ("10–19", 10, sizes.from_10_to_19),
        ("20 +", 20, sizes.from_20),
    ]
}

/// Whether the bounds are kept, in large letters.
pub(super) fn verdict(out: &mut Markup, section: &RiskSection<'_>) {
    let class = if section.holds() { "pass" } else { "fail" };
    out.raw("<p class=\"verdict\"><span class=\"score ").raw(class).raw("\">k = ").number(section.figures.k);
    out.raw("</span><span class=\"word ").raw(class).raw("\">");
    out.raw(match (section.has_bounds(), section.holds()) {
        (false, _) => "No bounds are asked for",
        (true, true) => "Every bound is kept",
        (true, false) => "A bound is not kept",
    });
    out.raw("</span></p>");
}

/// The figures, and a drawing of the classes.
pub(super) fn section(out: &mut Markup, section: &RiskSection<'_>) {
    let figures = section.figures;
    out.raw("<dl class=\"facts\">");
    let mut fact = |name: &'static str, value: String| {
        out.raw("<div><dt>").raw(name).raw("</dt><dd>").text(value).raw("</dd></div>");
    };
    fact("Rows", grouped(figures.rows));
    fact("Classes", grouped(figures.classes));
    fact("Rows alone in their class", format!("{} ({})", grouped(figures.unique_rows), percent(figures.uniqueness())));
    let asked = section.min_k.map(|least| format!(" (asked for: {least})")).unwrap_or_default();
    fact("k-anonymity", format!("{}{asked}", figures.k));
    if section.min_k.is_some() {
        fact("Rows in smaller classes", grouped(figures.rows_below_min_k));
    }
    for one in &figures.diversity {
        let t = one.closeness_t.map_or_else(|| "too many values".to_owned(), |t| format!("{t:.3}"));
        fact(
            "Sensitive",
            format!("{}: l distinct {}, entropy {:.2}; t {t}", one.column, one.distinct_l, one.entropy_l),
        );
    }
    if let Some(remedy) = &section.remedy {
        fact("Small classes", remedy.clone());
    }
    out.raw("</dl><h2>Classes by size</h2><p class=\"soft small\">A class is the rows that agree in ");
    out.text(section.quasi_identifiers.join(", "))
        .raw(". The smaller it is, the easier its people are found again.</p>");
    let bars = bars(&figures.sizes);
    let is_small = |rows: u64| section.min_k.is_some_and(|least| rows < least);
    out.raw("<figure>");
    chart::class_sizes(out, &bars.map(|(name, least, classes)| (name, is_small(least), classes)));
    out.raw("<figcaption>Rows of a class, and how many classes have so many");
    out.raw(if section.min_k.is_some() { "; red: some are below the k asked for" } else { "" })
        .raw("</figcaption></figure>");
    out.raw("<table class=\"sizes\"><caption>The same in figures</caption><tbody>");
    for (name, _, classes) in bars {
        out.raw("<tr><th scope=\"row\">").raw(name).raw("</th><td class=\"count\">").text(grouped(classes));
        out.raw("</td></tr>");
    }
    out.raw("</tbody></table>");
    if !figures.diversity.is_empty() {
        sensitive(out, section);
    }
}

fn sensitive(out: &mut Markup, section: &RiskSection<'_>) {
    out.raw("<h2>Sensitive columns</h2><p class=\"soft small\">At worst over all classes: how many different values a class has ");
    out.raw("(l), and how far its values are from the table's (t, 0 to 1).</p><table class=\"diversity\"><thead><tr>");
    for name in ["Column", "l, distinct", "l, entropy", "t"] {
        out.raw("<th scope=\"col\">").raw(name).raw("</th>");
    }
    out.raw("</tr></thead><tbody>");
    for one in &section.figures.diversity {
        let is_far = |most: f64| one.closeness_t.is_none_or(|t| t > most);
        let l = section.min_l.is_some_and(|least| one.distinct_l < least);
        let t = section.max_t.is_some_and(is_far);
        let class = |is_broken: bool| if is_broken { "fail" } else { "kept" };
        out.raw("<tr><th scope=\"row\"><bdi>")
            .text(&one.column)
            .raw("</bdi></th><td class=\"")
            .raw(class(l))
            .raw("\">");
        out.number(one.distinct_l);
        if let Some(least) = section.min_l {
            out.raw(" of ").number(least);
        }
        out.raw("</td><td>").text(format!("{:.2}", one.entropy_l)).raw("</td><td class=\"").raw(class(t)).raw("\">");
        out.text(one.closeness_t.map_or_else(|| "too many values".to_owned(), |t| format!("{t:.3}")));
        if let Some(most) = section.max_t {
            out.text(format!(" of {most:.3}"));
        }
        out.raw("</td></tr>");
    }
    out.raw("</tbody></table>");
}

#[cfg(test)]
mod tests {
    use sluice_risk::Diversity;

    use super::super::{Page, page};
    use super::*;

    fn figures() -> Figures {
        Figures {
            rows: 1_234,
            classes: 60,
            k: 3,
            unique_rows: 0,
            rows_below_min_k: 9,
            sizes: ClassSizes { one: 0, from_2_to_4: 3, from_5_to_9: 40, from_10_to_19: 10, from_20: 7 },
            diversity: vec![Diversity {
                column: "<img src=x>".to_owned(),
                distinct_l: 2,
                entropy_l: 1.5,
                closeness_t: Some(0.25),
            }],
        }
    }

    fn rendered(min_k: Option<u64>, max_t: Option<f64>) -> String {
        let figures = figures();
        let risk = RiskSection {
            figures: &figures,
            quasi_identifiers: &["zip".to_owned(), "a<b>".to_owned()],
            min_k,
            min_l: Some(2),
            max_t,
            remedy: None,
        };
        page(&Page { kind: "risk", subject: "people", risk: Some(&risk), ..Page::default() })
    }

    #[test]
    fn the_bounds_decide_the_verdict() {
        assert!(rendered(Some(3), Some(0.25)).contains("Every bound is kept"));
        assert!(rendered(Some(4), Some(0.25)).contains("A bound is not kept"));
        assert!(rendered(Some(3), Some(0.2)).contains("A bound is not kept"));
        assert!(rendered(None, None).contains("k = 3"));
    }

    #[test]
    fn names_are_text_and_figures_are_there() {
        let page = rendered(Some(5), None);
        assert!(!page.contains("<img") && page.contains("&lt;img src=x&gt;") && page.contains("a&lt;b&gt;"));
        assert!(page.contains("1,234") && page.contains("2 of 2") && page.contains("0.250"));
        assert_eq!(page.matches("<rect class=\"fail\"").count(), 2, "bars of classes below the k asked for are red");
        assert_eq!(page, rendered(Some(5), None), "the same figures, the same page");
    }
}
