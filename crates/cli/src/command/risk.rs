//! `sluice risk`: how easily people are found again in a table.

use std::fs;
use std::io::Write;

use anyhow::Context as _;
use sluice_report::html::{self, Page, RiskSection};
use sluice_risk::{Assessor, Columns, Figures, Options};
use sluice_tabular::Reader;

use crate::args::Risk;
use crate::exit::Answer;
use crate::format;
use crate::input::Input;

pub(super) fn run(args: &Risk) -> anyhow::Result<Answer> {
    let columns = Columns { quasi_identifiers: args.quasi_identifiers.clone(), sensitive: args.sensitive.clone() };
    let options = Options { min_k: args.min_k, ..Options::default() };
    let mut assessor = Assessor::new(columns, options)?;
    let read = format::read_options(&args.file, &args.format)?;
    let (source, digesting) = Input::open(&args.file)?.into_source_ahead(&read)?;
    let mut table = Reader::open(source, &read).with_context(|| args.file.clone())?;
    assessor.read(&mut table).with_context(|| args.file.clone())?;
    let sha256 = digesting.finish().with_context(|| args.file.clone())?;
    let figures = assessor.figures()?;
    let holds = figures.rows == 0 || figures.k >= args.min_k;
    if let Some(path) = &args.html {
        let section = RiskSection {
            figures: &figures,
            quasi_identifiers: &args.quasi_identifiers,
            min_k: Some(args.min_k),
            min_l: None,
            max_t: None,
            remedy: None,
        };
        let facts = vec![("SHA-256", sha256.to_hex())];
        let page = Page { kind: "risk", subject: &args.file, facts, risk: Some(&section), ..Page::default() };
        fs::write(path, html::page(&page)).with_context(|| path.display().to_string())?;
    }
    let mut out = std::io::stdout().lock();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &figures)?;
        writeln!(out)?;
    } else {
        print(&mut out, &figures, args.min_k)?;
    }
    Ok(Answer::from_bool(holds))
}

fn print(out: &mut impl Write, figures: &Figures, min_k: u64) -> std::io::Result<()> {
    let Figures { rows, classes, k, sizes, .. } = figures;
    writeln!(out, "{rows} rows in {classes} classes of equal quasi-identifiers")?;
    writeln!(out, "k-anonymity      {k}")?;
    writeln!(out, "unique rows      {}  ({:.1} %)", figures.unique_rows, figures.uniqueness() * 100.0)?;
    writeln!(out, "rows below k={min_k:<3} {}", figures.rows_below_min_k)?;
    writeln!(
        out,
        "classes by size  1: {}  2-4: {}  5-9: {}  10-19: {}  20 and more: {}",
        sizes.one, sizes.from_2_to_4, sizes.from_5_to_9, sizes.from_10_to_19, sizes.from_20
    )?;
    for diversity in &figures.diversity {
        let closeness = diversity.closeness_t.map_or_else(|| "too many values".to_owned(), |t| format!("{t:.3}"));
        let column = diversity.column.escape_debug();
        writeln!(
            out,
            "{column}: l-diversity distinct {}, entropy {:.2}; t-closeness {closeness}",
            diversity.distinct_l, diversity.entropy_l
        )?;
    }
    Ok(())
}
