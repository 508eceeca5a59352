//! Whole tables through the engine.

use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use arrow_array::{Array as _, ArrayRef, Date32Array, Int64Array, RecordBatch, StringArray, StructArray};
use arrow_schema::{DataType, Field, Schema};
use bytes::Bytes;
use proptest::prelude::*;
use sluice_common::policy::{Policy, PrivacySpec};
use sluice_common::{Dispose as _, Disposition};
use sluice_tabular::{Compression, CsvOptions, Format, ReadOptions, Reader, WriteOptions, Writer};
use zeroize::Zeroizing;

use super::*;
use crate::keyring::{Domain, DomainKey, Epoch};
use crate::transform::{Decrypt, TokenText};

mod lists;
mod parquet_lists;
mod risk_gate;
mod subjects;

fn key() -> DomainKey {
    DomainKey::new(Domain::new("customers").unwrap(), Epoch::FIRST, Zeroizing::new([7; 32]))
}

/// The privacy section of a policy with these lines.
fn privacy(lines: &str) -> PrivacySpec {
    let indented: String = lines.trim().lines().flat_map(|line| ["      ", line.trim_end(), "\n"]).collect();
    let yaml = format!(
        "version: 1\ndatasets:\n  - name: t\n    match: \"**\"\n    format: {{ type: csv }}\n    quality: {{ ruleset: \"Rules = [ RowCount > 0 ]\" }}\n    privacy:\n{indented}"
    );
    Policy::parse(&yaml).unwrap_or_else(|problems| panic!("{problems}\n{yaml}")).datasets.remove(0).privacy
}

fn plan(lines: &str) -> Plan {
    Plan::new(&privacy(lines), Some(&key())).unwrap()
}

fn pseudonymize(format: &Format, input: &[u8], lines: &str) -> Result<(String, Stats), PseudonymizeError> {
    let source = Bytes::copy_from_slice(input);
    let finished =
        run(source, &ReadOptions::new(format.clone()), Vec::new(), &WriteOptions::new(format.clone()), plan(lines))?;
    Ok((String::from_utf8(finished.sink).unwrap(), finished.stats))
}

fn csv() -> Format {
    Format::Csv(CsvOptions::default())
}

const ALL_TRANSFORMS: &str = "
domain: customers
columns:
  id: { transform: keep }
  email: { transform: token }
  card: { transform: mask, keep_last: 4 }
  name: { transform: redact }
  ssn: { transform: encrypt }
  secret: { transform: drop }
";

const TABLE: &str = "id,secret,email,card,name,ssn,extra\n\
    1,s1,anna@example.com,4111111111111111,Anna,078-05-1120,x\n\
    2,s2,,,,,y\n\
    3,s3,anna@example.com,\"\",\"Zoë, the 3rd\",078-05-1120,z\n";

#[test]
fn each_transform_in_a_csv_file() {
    let (output, stats) = pseudonymize(&csv(), TABLE.as_bytes(), ALL_TRANSFORMS).unwrap();
    let lines: Vec<&str> = output.lines().collect();
    assert_eq!(lines[0], "id,email,card,name,ssn");
    let first: Vec<&str> = lines[1].split(',').collect();
    assert_eq!(&first[..4], ["1", "tk1_1_uqvkfmuqi36nrwipuzpvtox5m4", "************1111", "[REDACTED]"]);
    let Ok(TokenText::Encrypted { sealed, .. }) = TokenText::parse(first[4]) else { panic!("{}", first[4]) };
    assert_eq!(Decrypt::new(&key()).open(&sealed).unwrap().as_str(), "078-05-1120");
    assert_eq!(lines[2], "2,,,,");
    assert_eq!(lines[3], format!("3,{},\"\",[REDACTED],{}", first[1], first[4]));

    assert_eq!((stats.rows, stats.undeclared_kept, stats.undeclared_dropped), (3, 0, 1));
    let counts: Vec<_> =
        stats.columns.iter().map(|c| (c.name.as_str(), c.transform, c.output_type, c.values, c.nulls)).collect();
    assert_eq!(
        counts,
        [
            ("id", "keep", Some("Utf8"), 3, 0),
            ("email", "token", Some("Utf8"), 2, 1),
            ("card", "mask", Some("Utf8"), 2, 1),
            ("name", "redact", Some("Utf8"), 2, 1),
            ("ssn", "encrypt", Some("Utf8"), 2, 1),
            ("secret", "drop", None, 0, 0),
        ]
    );
}

#[test]
fn what_is_not_declared_is_dropped_kept_or_refused() {
    let lines = |undeclared| format!("undeclared: {undeclared}\ncolumns:\n  a: {{ transform: redact }}");
    let table = b"a,b\n1,2\n";
    assert_eq!(pseudonymize(&csv(), table, &lines("drop")).unwrap().0, "a\n[REDACTED]\n");
    assert_eq!(pseudonymize(&csv(), table, &lines("keep")).unwrap().0, "a,b\n[REDACTED],2\n");
    let refused = pseudonymize(&csv(), table, &lines("refuse")).unwrap_err();
    assert_eq!((refused.disposition(), refused.reason()), (Disposition::Quarantine, "undeclared_columns"));
    assert!(refused.to_string().contains("column 2"));
    assert!(pseudonymize(&csv(), b"a\n1\n", &lines("refuse")).is_ok());
}

#[test]
fn a_missing_column_is_named_and_a_name_of_the_data_is_not() {
    let error = pseudonymize(&csv(), b"canary\n1\n", "columns:\n  Email: { transform: redact }").unwrap_err();
    assert_eq!((error.disposition(), error.reason()), (Disposition::Quarantine, "policy_column_missing"));
    assert!(error.to_string().contains("`Email`") && !error.to_string().contains("canary"));
    // A column that shall be dropped must be there too: it may be there under another name.
    let error =
        pseudonymize(&csv(), b"a\n1\n", "columns:\n  a: { transform: keep }\n  b: { transform: drop }").unwrap_err();
    assert_eq!(error.reason(), "policy_column_missing");
    assert_eq!(
        pseudonymize(&csv(), b"", "columns:\n  a: { transform: keep }").unwrap_err().reason(),
        "policy_column_missing"
    );
    assert_eq!(
        pseudonymize(&csv(), b"a\n1\n", "undeclared: keep\ncolumns:\n  a: { transform: drop }").unwrap_err().reason(),
        "nothing_to_publish"
    );
}

#[test]
fn a_column_that_no_line_has_is_missing_and_one_that_some_line_has_is_not() {
    for undeclared in ["keep", "drop", "refuse"] {
        let lines = format!(
            "undeclared: {undeclared}\ncolumns:\n  a: {{ transform: keep }}\n  e.mail: {{ transform: redact }}"
        );
        let read = ReadOptions::new(Format::JsonLines).with_block_bytes(16);
        let result = |rows: &str| {
            let source = Bytes::copy_from_slice(rows.as_bytes());
            run(source, &read, Vec::new(), &WriteOptions::new(Format::JsonLines), plan(&lines))
                .map(|done| done.stats.rows)
        };
        let misspelt = "{\"a\":1}\n".repeat(9) + if undeclared == "refuse" { "" } else { "{\"E.mail\":\"canary\"}\n" };
        let error = result(&misspelt).unwrap_err();
        assert_eq!((error.disposition(), error.reason()), (Disposition::Quarantine, "policy_column_missing"));
        assert!(error.to_string().contains("`e.mail`") && !error.to_string().contains("canary"));
        assert_eq!(result(&("{\"a\":1}\n".repeat(9) + "{\"e\":{\"mail\":null}}\n")).unwrap(), 10);
        assert_eq!(result("").unwrap(), 0, "no rows, nothing to miss");
    }
}

#[test]
fn formulas_are_neutralised_even_when_they_are_kept() {
    let (output, _) = pseudonymize(&csv(), b"a\n=1+1\n", "columns:\n  a: { transform: keep }").unwrap();
    assert_eq!(output, "a\n'=1+1\n");
}

#[test]
fn errors_hold_no_cell() {
    let ragged =
        pseudonymize(&csv(), b"a\ncanary,canary\n", "columns:\n  a: { transform: token }\ndomain: d").unwrap_err();
    assert_eq!((ragged.disposition(), ragged.reason()), (Disposition::Quarantine, "table_malformed"));
    assert!(!format!("{ragged} {ragged:?}").contains("canary"));
}

const NESTED: &str = "{\"id\": 1.50, \"user\": {\"email\": \"anna@example.com\", \"key\": \"canary\"}, \"tags\": [1, 2]}\n\
    {\"id\":2}\n\
    {\"canary@example.com\":{\"n\":1},\"user\":{\"email\":null}}\n";

#[test]
fn json_lines_hold_what_is_declared_and_no_other_key() {
    let lines = "domain: customers\ncolumns:\n  id: { transform: keep }\n  user.email: { transform: token }\n  tags: { transform: keep }";
    let (output, stats) = pseudonymize(&Format::JsonLines, NESTED.as_bytes(), lines).unwrap();
    assert_eq!(
        output,
        "{\"id\":1.50,\"user\":{\"email\":\"tk1_1_uqvkfmuqi36nrwipuzpvtox5m4\"},\"tags\":[1, 2]}\n{\"id\":2}\n{\"user\":{\"email\":null}}\n"
    );
    assert_eq!((stats.rows, stats.columns[1].values, stats.columns[1].nulls), (3, 1, 2));
}

#[test]
fn json_lines_keep_every_other_byte_when_asked_to() {
    let lines = "undeclared: keep\ndomain: customers\ncolumns:\n  user.email: { transform: token }\n  user.key: { transform: drop }";
    let (output, _) = pseudonymize(&Format::JsonLines, NESTED.as_bytes(), lines).unwrap();
    let expected = NESTED.replace("\"anna@example.com\", \"key\": \"canary\"", "\"tk1_1_uqvkfmuqi36nrwipuzpvtox5m4\"");
    assert_eq!(output, expected);
}

#[test]
fn json_lines_refuse_a_path_that_comes_up_late() {
    let lines = "undeclared: refuse\ncolumns:\n  a: { transform: redact }";
    let mut table = "{\"a\":1}\n".repeat(10);
    let read = ReadOptions::new(Format::JsonLines).with_block_bytes(16);
    let refused = |table: &str| {
        let source = Bytes::copy_from_slice(table.as_bytes());
        run(source, &read, Vec::new(), &WriteOptions::new(Format::JsonLines), plan(lines)).map(|done| done.sink)
    };
    assert_eq!(refused(&table).unwrap(), "{\"a\":\"[REDACTED]\"}\n".repeat(10).into_bytes());
    table.push_str("{\"a\":1,\"canary\":{}}\n");
    let error = refused(&table).unwrap_err();
    assert_eq!(error.reason(), "undeclared_columns");
    assert!(!error.to_string().contains("canary"));
}

fn parquet(batch: &RecordBatch) -> Bytes {
    let mut writer = Writer::new(Vec::new(), &WriteOptions::new(Format::Parquet), batch.schema()).unwrap();
    writer.write(batch).unwrap();
    writer.finish().unwrap().into()
}

fn typed() -> RecordBatch {
    let user: ArrayRef = Arc::new(StructArray::from(vec![
        (
            Arc::new(Field::new("born", DataType::Date32, true)),
            Arc::new(Date32Array::from(vec![Some(20_119), None])) as ArrayRef,
        ),
        (
            Arc::new(Field::new("secret", DataType::Utf8, true)),
            Arc::new(StringArray::from(vec!["canary", "canary"])) as ArrayRef,
        ),
    ]));
    let schema = Schema::new(vec![
        Field::new("id", DataType::Int64, true),
        Field::new("amount", DataType::Int64, true),
        Field::new("user", user.data_type().clone(), true),
    ]);
    let id: ArrayRef = Arc::new(Int64Array::from(vec![42, 43]));
    let amount: ArrayRef = Arc::new(Int64Array::from(vec![Some(7), None]));
    RecordBatch::try_new(Arc::new(schema), vec![id, amount, user]).unwrap()
}

#[test]
fn parquet_stays_nested_and_typed_but_where_it_is_changed() {
    let lines = "domain: customers\ncolumns:\n  id: { transform: token }\n  amount: { transform: keep }\n  user.born: { transform: encrypt }";
    let options = ReadOptions::new(Format::Parquet);
    let finished =
        run(parquet(&typed()), &options, Vec::new(), &WriteOptions::new(Format::Parquet), plan(lines)).unwrap();
    assert!(!finished.sink.windows(6).any(|bytes| bytes == b"canary"));
    let types: Vec<_> = finished.stats.columns.iter().map(|column| column.output_type.unwrap()).collect();
    assert_eq!(types, ["Utf8", "Int", "Utf8"]);
    let mut reader = Reader::open(Bytes::from(finished.sink), &options).unwrap();
    let batch = reader.next().unwrap().unwrap().batch;
    let names: Vec<_> = batch.schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(names, ["id", "amount", "user.born"]);
    // The same number in a CSV file has the same token.
    let (csv, _) =
        pseudonymize(&csv(), b"id\n42\n", "domain: customers\ncolumns:\n  id: { transform: token }").unwrap();
    assert_eq!(csv.lines().nth(1), Some(batch.column(0).as_string_view().value(0)));
    assert_eq!(batch.column(1).as_primitive::<Int64Type>().iter().collect::<Vec<_>>(), [Some(7), None]);
    let born = batch.column(2).as_string_view();
    let Ok(TokenText::Encrypted { sealed, .. }) = TokenText::parse(born.value(0)) else { panic!("a ciphertext") };
    assert_eq!(Decrypt::new(&key()).open(&sealed).unwrap().as_str(), "2025-01-31");
    assert!(born.is_null(1));
}

#[test]
fn a_parquet_file_tells_the_keys_of_its_fpe_columns() {
    let written = |transform: &str| {
        let lines = format!("domain: customers\noutput: parquet\ncolumns:\n  card: {{ transform: {transform} }}");
        let source = Bytes::from_static(b"card\n4111111111111111\n");
        let write = WriteOptions::new(Format::Parquet);
        run(source, &ReadOptions::new(csv()), Vec::new(), &write, plan(&lines)).unwrap()
    };
    let told = |file: &[u8], text: &str| file.windows(text.len()).any(|bytes| bytes == text.as_bytes());
    let fpe = written("fpe, keep_last: 4, check: luhn");
    assert_eq!(fpe.format_preserving.len(), 1);
    assert!(told(&fpe.sink, "sluice-fpe") && told(&fpe.sink, "customers/fpe1_1-sl2vynqb_wldmw3t4/card"));
    let tokens = written("token");
    assert!(!told(&tokens.sink, "sluice-fpe") && tokens.format_preserving.is_empty());
}

#[test]
fn text_formats_become_parquet() {
    let lines = "domain: customers\ncolumns:\n  id: { transform: keep }\n  user.email: { transform: token }";
    let write = WriteOptions::new(Format::Parquet);
    let source = Bytes::from_static(NESTED.as_bytes());
    let finished = run(source, &ReadOptions::new(Format::JsonLines), Vec::new(), &write, plan(lines)).unwrap();
    let mut reader = Reader::open(Bytes::from(finished.sink), &ReadOptions::new(Format::Parquet)).unwrap();
    let batch = reader.next().unwrap().unwrap().batch;
    assert_eq!((batch.num_rows(), batch.num_columns()), (3, 2));
    assert_eq!(finished.schema.fields().len(), 2);
}

#[test]
fn compressed_in_and_out() {
    let mut packed = Writer::new(
        Vec::new(),
        &WriteOptions::new(csv()).with_compression(Compression::Gzip),
        Arc::new(Schema::new(vec![Field::new("a", DataType::Utf8, true)])),
    )
    .unwrap();
    let a: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
    packed.write(&RecordBatch::try_from_iter_with_nullable([("a", a, true)]).unwrap()).unwrap();
    let packed = Bytes::from(packed.finish().unwrap());
    let write = WriteOptions::new(csv()).with_compression(Compression::Zstd);
    let lines = "columns:\n  a: { transform: redact, with: R }";
    let finished = run(packed, &ReadOptions::new(csv()), Vec::new(), &write, plan(lines)).unwrap();
    let mut reader = Reader::open(Bytes::from(finished.sink), &ReadOptions::new(csv())).unwrap();
    assert_eq!(reader.next().unwrap().unwrap().batch.column(0).as_string_view().value(0), "R");
}

#[test]
fn a_keyed_column_needs_a_domain_and_its_key() {
    let mut spec = privacy("domain: customers\ncolumns:\n  a: { transform: token }");
    assert_eq!(domain_of(&spec).unwrap().unwrap().as_str(), "customers");
    assert_eq!(Plan::new(&spec, None).unwrap_err().reason(), "transform_failed");
    spec.domain = None;
    assert_eq!(domain_of(&spec).unwrap_err().reason(), "privacy_domain_missing");
    assert_eq!(domain_of(&privacy("columns:\n  a: { transform: keep }")).unwrap(), None);
}

#[test]
fn a_batch_of_another_shape_is_refused() {
    let column = |name: &'static str| {
        RecordBatch::try_from_iter([(name, Arc::new(StringArray::from(vec!["x"])) as ArrayRef)]).unwrap()
    };
    let mut pseudonymizer =
        Pseudonymizer::new(plan("columns:\n  a: { transform: redact }"), &column("a").schema()).unwrap();
    assert_eq!(pseudonymizer.transform(&column("a")).unwrap().column(0).as_string_view().value(0), "[REDACTED]");
    assert!(pseudonymizer.transform(&column("b")).is_err());
    assert_eq!(pseudonymizer.stats().rows, 1);
}

#[test]
fn nothing_that_can_be_printed_shows_a_key() {
    let derived = hex::encode(*key().derive::<32>(crate::keyring::KeyPurpose::Token));
    let raw = format!("{:?}", key().derive::<32>(crate::keyring::KeyPurpose::Token).get(..4).unwrap());
    let shown = format!("{:?}", plan(ALL_TRANSFORMS));
    assert!(!shown.contains(derived.split_at(8).0) && !shown.contains(raw.trim_matches(['[', ']'])), "{shown}");
}

proptest! {
    #[test]
    fn output_does_not_depend_on_the_blocks(
        rows in prop::collection::vec(("[a-z]{0,6}", "\\PC{0,12}"), 1..40),
        block_bytes in 16usize..400,
    ) {
        let mut table = String::from("a,b\n");
        for (a, b) in &rows {
            table.extend([a, ",\"", &b.replace('"', "\"\""), "\"\n"]);
        }
        let lines = "domain: customers\ncolumns:\n  a: { transform: encrypt }\n  b: { transform: token }";
        let whole = pseudonymize(&csv(), table.as_bytes(), lines).unwrap();
        let read = ReadOptions::new(csv()).with_block_bytes(block_bytes);
        let source = Bytes::from(table);
        let blocks = run(source, &read, Vec::new(), &WriteOptions::new(csv()), plan(lines)).unwrap();
        prop_assert_eq!(whole, (String::from_utf8(blocks.sink).unwrap(), blocks.stats));
    }
}

#[test]
fn undeclared_personal_columns_are_refused_masked_or_let_pass() {
    let table = b"id,contact,amount\n1,anna@example.org,12.50\n2,,3.99\n3,call ben@example.org,7.00\n";
    let lines = |action| format!("columns:\n  id: {{ transform: keep }}\nundeclared_pii: {action}");
    let refused = pseudonymize(&csv(), table, &lines("refuse")).unwrap_err();
    assert_eq!((refused.disposition(), refused.reason()), (Disposition::Quarantine, "undeclared_personal_data"));
    let told = refused.to_string();
    assert!(
        told.contains("column `contact`") && told.contains("EMAIL_ADDRESS in 2") && !told.contains("anna"),
        "{told}"
    );
    let masked = "id,contact,amount\n1,[EMAIL_ADDRESS],12.50\n2,,3.99\n3,call [EMAIL_ADDRESS],7.00\n";
    assert_eq!(pseudonymize(&csv(), table, &lines("mask")).unwrap().0, masked);
    assert_eq!(pseudonymize(&csv(), table, &lines("allow")).unwrap().0.as_bytes(), table);
    assert!(pseudonymize(&csv(), b"id,amount\n1,12.50\n", &lines("refuse")).is_ok());
    // A name that may be a cell is not told, nor is a declared column looked at.
    let unnamed = pseudonymize(&csv(), b"anna\nanna@example.org\n", "undeclared_pii: refuse").unwrap_err().to_string();
    assert!(unnamed.contains("column 1 ") && !unnamed.contains("anna"), "{unnamed}");
    let declared = "columns:\n  contact: { transform: keep }\nundeclared_pii: refuse";
    assert!(pseudonymize(&csv(), table, declared).is_ok());
}

#[test]
fn undeclared_paths_are_looked_at_even_when_they_come_up_late() {
    let lines = |action| format!("columns:\n  id: {{ transform: keep }}\nundeclared_pii: {action}");
    let mut table = "{\"id\":1}\n".repeat(10);
    table.push_str("{\"id\":2,\"user\":{\"mail\":\"anna@example.org\"}}\n");
    let read = ReadOptions::new(Format::JsonLines).with_block_bytes(16);
    let reason = |action| {
        let source = Bytes::copy_from_slice(table.as_bytes());
        let done = run(source, &read, Vec::new(), &WriteOptions::new(Format::JsonLines), plan(&lines(action)));
        done.map(|_| ()).map_err(|error| error.reason())
    };
    assert_eq!(reason("refuse"), Err("undeclared_personal_data"));
    assert_eq!(reason("mask"), Err("late_columns"));
    assert_eq!(reason("allow"), Ok(()));
    let early = b"{\"id\":1,\"user\":{\"mail\":\"anna@example.org\",\"n\":\"x\"}}\n";
    let (output, _) = pseudonymize(&Format::JsonLines, early, &lines("mask")).unwrap();
    assert_eq!(output, "{\"id\":1,\"user\":{\"mail\":\"[EMAIL_ADDRESS]\",\"n\":\"x\"}}\n");
}

#[test]
fn redacted_text_joins_with_tokens_of_columns() {
    let lines = "domain: customers\ncolumns:\n  email: { transform: token }\n  notes: { transform: redact_text, with: token }\n  \
                 memo: { transform: redact_text, entities: [PHONE_NUMBER] }";
    let table = b"email,notes,memo\nanna@example.org,mail anna@example.org now,anna@example.org or +1 212 555 0187\n";
    let (output, _) = pseudonymize(&csv(), table, lines).unwrap();
    let row: Vec<&str> = output.lines().nth(1).unwrap().split(',').collect();
    assert_eq!(row[1], format!("mail [EMAIL_ADDRESS:{}] now", row[0]));
    assert_eq!(row[2], "anna@example.org or [PHONE_NUMBER]");
    let unknown = privacy("columns:\n  a: { transform: redact_text, entities: [NO_SUCH_THING] }");
    assert_eq!(Plan::new(&unknown, None).unwrap_err().reason(), "transform_failed");
    assert_eq!(crate::detection::problems(&unknown).len(), 1);
}
