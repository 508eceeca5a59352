//! Parquet with lists of objects and of scalars.

use arrow_array::ListArray;
use arrow_buffer::OffsetBuffer;
use sluice_tabular::Block;

use super::*;

/// Rows: two orders of user a with an item each and one without any, and one of user b with two.
fn orders() -> RecordBatch {
    let list = |values: ArrayRef, lengths: [usize; 4]| {
        let field = Arc::new(Field::new("element", values.data_type().clone(), true));
        Arc::new(ListArray::new(field, OffsetBuffer::from_lengths(lengths), values, None)) as ArrayRef
    };
    let text = |values: Vec<Option<&str>>| Arc::new(StringArray::from(values)) as ArrayRef;
    let field = |name| Arc::new(Field::new(name, DataType::Utf8, true));
    let items: ArrayRef = Arc::new(StructArray::from(vec![
        (field("email"), text(vec![Some("anna@example.com"), None, Some("anna@example.com"), Some("ben@example.org")])),
        (field("on"), text(vec![Some("2025-01-31"); 4])),
        (field("note"), text(vec![Some("canary"), Some("call canary@example.org"), None, Some("")])),
    ]));
    let tags = text(vec![Some("canary"), None, Some("x")]);
    let columns = [
        ("user", text(vec![Some("a"), Some("a"), Some("a"), Some("b")])),
        ("items", list(items, [1, 0, 1, 2])),
        ("tags", list(tags, [2, 0, 0, 1])),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true))).unwrap()
}

fn published(lines: &str) -> Result<(Bytes, Stats), PseudonymizeError> {
    let options = ReadOptions { block_rows: 2, ..ReadOptions::new(Format::Parquet) };
    let finished = run(parquet(&orders()), &options, Vec::new(), &WriteOptions::new(Format::Parquet), plan(lines))?;
    Ok((finished.sink.into(), finished.stats))
}

/// The values of a column of what was published, in the order of rows and elements.
fn values(sink: &Bytes, column: &str) -> Vec<Option<String>> {
    let options = ReadOptions { open_lists: true, ..ReadOptions::new(Format::Parquet) };
    let mut reader = Reader::open(sink.clone(), &options).unwrap();
    reader.project(&[column.into()]).unwrap();
    let of = |block: Block| {
        let values = values_of(column, block.batch.column(0));
        let texts = crate::transform::text_of(&values).unwrap();
        texts.iter().map(|text| text.map(str::to_owned)).collect::<Vec<_>>()
    };
    reader.flat_map(|block| of(block.unwrap())).collect()
}

fn holds(sink: &Bytes, text: &str) -> bool {
    sink.windows(text.len()).any(|bytes| bytes == text.as_bytes())
}

const LINES: &str = "
domain: customers
columns:
  user: { transform: keep }
  items[*].email: { transform: token }
  items[*].on: { transform: shift_date, per: user, max_days: 300 }
  tags[*]: { transform: redact }
";

#[test]
fn what_lists_hold_is_transformed_in_its_place_and_the_rest_left_out() {
    let (sink, stats) = published(LINES).unwrap();
    let emails = values(&sink, "items[*].email");
    // The same addresses in a CSV file have the same tokens.
    let flat = |address: &str| {
        let (table, lines) =
            (format!("email\n{address}\n"), "domain: customers\ncolumns:\n  email: { transform: token }");
        let (published, _) = pseudonymize(&csv(), table.as_bytes(), lines).unwrap();
        published.lines().nth(1).unwrap().to_owned()
    };
    assert_eq!(
        emails,
        [Some(flat("anna@example.com")), None, Some(flat("anna@example.com")), Some(flat("ben@example.org"))]
    );
    let dates = values(&sink, "items[*].on");
    assert_eq!(dates[0], dates[1], "one distance a subject");
    assert!(dates[1] != dates[2] && dates[2] == dates[3], "{dates:?}");
    assert_eq!(values(&sink, "tags[*]"), [Some("[REDACTED]".to_owned()), None, Some("[REDACTED]".to_owned())]);
    assert_eq!((stats.columns[1].values, stats.columns[1].nulls, stats.undeclared_dropped), (3, 1, 1));
    assert!(!holds(&sink, "canary"), "nobody declared items[*].note");
    // It is as nested as it was.
    let reader = Reader::open(sink, &ReadOptions::new(Format::Parquet)).unwrap();
    let names: Vec<String> = reader.schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(names, ["user", "items", "tags"]);
    let DataType::List(element) = reader.schema().field(1).data_type().clone() else { panic!("no list") };
    let DataType::Struct(members) = element.data_type() else { panic!("no objects") };
    assert_eq!(members.iter().map(|member| member.name().as_str()).collect::<Vec<_>>(), ["email", "on"]);
}

#[test]
fn what_is_not_declared_inside_lists_is_refused_kept_or_masked() {
    let with = |undeclared: &str| LINES.replace("columns:", &format!("{undeclared}\ncolumns:"));
    assert_eq!(published(&with("undeclared: refuse")).unwrap_err().reason(), "undeclared_columns");
    let all = format!("{}  items[*].note: {{ transform: \"null\" }}\n", with("undeclared: refuse"));
    assert!(!holds(&published(&all).unwrap().0, "canary"));
    let (kept, _) = published(&with("undeclared: keep")).unwrap();
    let notes = values(&kept, "items[*].note");
    assert_eq!(
        notes.iter().map(Option::as_deref).collect::<Vec<_>>(),
        [Some("canary"), Some("call canary@example.org"), None, Some("")]
    );
    assert_eq!(published(&with("undeclared_pii: refuse")).unwrap_err().reason(), "undeclared_personal_data");
    let (masked, _) = published(&with("undeclared_pii: mask")).unwrap();
    assert!(!holds(&masked, "example.org"));
    assert_eq!(values(&masked, "items[*].note")[1].as_deref(), Some("call [EMAIL_ADDRESS]"));
}

#[test]
fn a_list_is_declared_as_a_whole_or_in_parts() {
    let whole = "columns:\n  items: { transform: keep }\n  tags: { transform: drop }";
    let (sink, _) = published(whole).unwrap();
    assert!(holds(&sink, "ben@example.org"));
    for (lines, reason) in [
        ("columns:\n  items: { transform: keep }\n  items[*].email: { transform: redact }", "path_unfit"),
        ("columns:\n  items[*].e_mail: { transform: redact }", "policy_column_missing"),
        ("columns:\n  items[*]: { transform: redact }", "policy_column_missing"),
        // A list has no one text.
        ("columns:\n  items: { transform: redact_text }", "transform_failed"),
    ] {
        let error = published(lines).unwrap_err();
        assert_eq!(error.reason(), reason, "{lines}: {error}");
    }
    let error = published("columns:\n  tags: { transform: redact_text }").unwrap_err();
    assert!(error.to_string().contains("`tags`") && error.to_string().contains("name a field below it"), "{error}");
}

#[test]
fn a_scan_opens_lists_and_what_it_proposes_works() {
    use sluice_detect::{Detector, Options, TableOptions, VoteRule, propose, scan_table, yaml};
    let options = ReadOptions { open_lists: true, ..ReadOptions::new(Format::Parquet) };
    let reader = Reader::open(parquet(&orders()), &options).unwrap();
    let detector = Detector::new(&Options::default()).unwrap();
    let report = scan_table(reader, &detector, TableOptions::default(), VoteRule::default()).unwrap();
    let email = report.columns.iter().find(|column| column.name == "items[*].email").unwrap();
    assert_eq!((email.cells, email.found[0].share.entity.as_str()), (3, "EMAIL_ADDRESS"));
    assert_eq!(email.found[0].trace.rows, [0, 3]);
    let section = yaml(&propose(&report), "customers", 4);
    let policy = format!(
        "version: 1\ndatasets:\n  - name: t\n    match: \"**\"\n    format: {{ type: parquet }}\n    quality: {{ ruleset: \"Rules = [ RowCount > 0 ]\" }}\n{section}"
    );
    let privacy =
        Policy::parse(&policy).unwrap_or_else(|problems| panic!("{problems}\n{policy}")).datasets.remove(0).privacy;
    let plan = Plan::new(&privacy, Some(&key())).unwrap();
    let (read, write) = (ReadOptions::new(Format::Parquet), WriteOptions::new(Format::Parquet));
    let sink = run(parquet(&orders()), &read, Vec::new(), &write, plan).unwrap().sink.into();
    assert!(!holds(&sink, "example.") && holds(&sink, "tk1_1_"));
}
