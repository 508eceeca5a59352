//! Several threads measure what one measures, and stumble where one stumbles.
#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

use std::fmt::Write as _;
use std::io::Cursor;

use proptest::prelude::*;
use sluice_quality::{CheckError, EvaluationOptions, NoHistory, measure_on};
use sluice_tabular::{CsvOptions, Format, ReadOptions, Reader, Source};

const RULES: &str = r#"Rules = [ IsUnique "id", Mean "x" > 0, StandardDeviation "x" < 9, Completeness "name" > 0.5,
    ColumnLength "name" > 0, RowCount > 3, Uniqueness "name" > 0.2, ColumnCorrelation "id" "x" > 0 ]"#;

fn judged(text: &str, format: Format, block_bytes: usize, threads: usize) -> Result<(Vec<u8>, String), CheckError> {
    let source = Source::stream(Cursor::new(text.as_bytes().to_vec()));
    let reader = Reader::open(source, &ReadOptions::new(format).with_block_bytes(block_bytes))?;
    let ruleset = sluice_dqdl::parse(RULES).unwrap();
    let measured = measure_on(threads, reader, &ruleset, &EvaluationOptions::at(0), &NoHistory)?;
    let state = measured.state_bytes().unwrap();
    Ok((state, format!("{:?}", measured.finish()?.rules)))
}

/// Rows with fractions that no order of adding leaves the same.
fn rows() -> impl Strategy<Value = Vec<(u16, f64, String)>> {
    prop::collection::vec((any::<u16>(), -1e9..1e9f64, "[a-zß]{0,6}"), 0..120)
}

fn csv(rows: &[(u16, f64, String)]) -> String {
    rows.iter().fold("id,x,name\n".to_owned(), |mut text, (id, x, name)| {
        // A blank line, and a block of nothing else, is no row.
        let blank = if id % 7 == 0 { "\n\n\n" } else { "" };
        write!(text, "{id},{x},\"{name}\"\n{blank}").unwrap();
        text
    })
}

fn json_lines(rows: &[(u16, f64, String)]) -> String {
    rows.iter().fold(String::new(), |mut text, (id, x, name)| {
        let late = if *id > 30_000 { format!(", \"name\": {name:?}") } else { String::new() };
        writeln!(text, "{{\"x\": {x}, \"id\": {id}{late}}}").unwrap();
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_state_and_the_outcomes_are_those_of_one_thread(rows in rows(), block_bytes in 16usize..300, threads in 2usize..5) {
        for (text, format) in [(csv(&rows), Format::Csv(CsvOptions::default())), (json_lines(&rows), Format::JsonLines)] {
            let one = judged(&text, format.clone(), block_bytes, 1).unwrap();
            prop_assert_eq!(judged(&text, format, block_bytes, threads).unwrap(), one);
        }
    }

    #[test]
    fn the_first_fault_is_told_however_many_there_are(rows in rows(), faults in prop::collection::vec((0usize..120, 0usize..4), 1..4), threads in 2usize..5) {
        let mut lines: Vec<String> = csv(&rows).lines().map(str::to_owned).collect();
        for (line, fault) in faults {
            let at = 1 + line % lines.len();
            lines.insert(at, ["1,2", "1,2,3,4", "1,2,\"a\"b", "1,\0,3"][fault].to_owned());
        }
        let text = lines.join("\n");
        let told = |threads| judged(&text, Format::Csv(CsvOptions::default()), 64, threads).unwrap_err().to_string();
        prop_assert_eq!(told(threads), told(1));
    }
}
