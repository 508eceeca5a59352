//! JSON Lines with lists of objects, of scalars and of lists.

use super::*;

const ORDERS: &str = concat!(
    "{\"id\": 1.0, \"items\": [ {\"sku\":\"a\", \"email\" : \"anna@example.com\", \"n\":1.50}, {\"email\":null}, {} ], \"tags\":[1, \"x\"]}\n",
    "{\"id\":2,\"items\":{\"email\":\"anna@example.com\"},\"grid\":[[\"anna@example.com\"],[]]}\n",
    "{\"id\":3,\"items\":[],\"grid\":null}\n",
    "{\"id\":4,\"items\":[\"odd\",7,[{\"email\":\"inner\"}]]}\n",
);
const TOKEN: &str = "tk1_1_uqvkfmuqi36nrwipuzpvtox5m4";

fn lines(rest: &str, columns: &[&str]) -> String {
    format!("domain: customers\n{rest}\ncolumns:\n  {}", columns.join("\n  "))
}

fn of(input: &str, lines: &str) -> Result<(String, Stats), PseudonymizeError> {
    pseudonymize(&Format::JsonLines, input.as_bytes(), lines)
}

#[test]
fn each_element_is_transformed_and_the_rest_kept_as_it_was() {
    let columns = ["items[*].email: { transform: token }", "grid[*][*]: { transform: token }"];
    let (output, stats) = of(ORDERS, &lines("undeclared: keep", &columns)).unwrap();
    assert_eq!(output, ORDERS.replace("anna@example.com", TOKEN));
    assert_eq!((stats.columns[0].values, stats.columns[0].nulls), (2, 1));
    assert_eq!((stats.columns[1].values, stats.columns[1].nulls), (1, 1), "a null for a list counts as one value");
    // The same values join with those of a column beside lists.
    let (flat, _) = of("{\"email\":\"anna@example.com\"}\n", &lines("", &["email: { transform: token }"])).unwrap();
    assert_eq!(flat, format!("{{\"email\":\"{TOKEN}\"}}\n"));
}

#[test]
fn what_is_not_declared_inside_lists_is_left_out() {
    let columns =
        ["id: { transform: keep }", "items[*].email: { transform: token }", "items[*].n: { transform: keep }"];
    let (output, _) = of(ORDERS, &lines("undeclared: drop", &columns)).unwrap();
    let expected = format!(
        "{{\"id\":1.0,\"items\":[{{\"email\":\"{TOKEN}\",\"n\":1.50}},{{\"email\":null}},{{}}]}}\n\
         {{\"id\":2,\"items\":{{\"email\":\"{TOKEN}\"}}}}\n{{\"id\":3,\"items\":[]}}\n{{\"id\":4,\"items\":[null,null,[{{}}]]}}\n"
    );
    // A list inside a list is no object with the field: it stands as null.
    assert_eq!(output, expected.replace("[{}]]", "null]"));
}

#[test]
fn what_is_not_declared_inside_lists_is_refused() {
    let all = ["id: { transform: keep }", "items[*].email: { transform: token }", "items[*].n: { transform: drop }"];
    let refuse =
        |input: &str| of(input, &lines("undeclared: refuse", &all)).map(|(output, _)| output).map_err(|e| e.reason());
    let declared =
        "{\"id\":1,\"items\":[{\"email\":\"x\",\"n\":1},null]}\n{\"id\":2,\"items\":[]}\n{\"id\":3,\"items\":null}\n";
    let kept = refuse(declared).unwrap();
    assert!(kept.starts_with("{\"id\":1,\"items\":[{\"email\":\"tk1_1_") && !kept.contains("\"n\""), "{kept}");
    for undeclared in ["{\"email\":\"x\",\"n\":1,\"note\":2}", "\"a scalar\"", "[1]"] {
        let input = format!("{declared}{{\"id\":4,\"items\":[{undeclared}]}}\n");
        assert_eq!(refuse(&input), Err("undeclared_columns"), "{undeclared}");
    }
}

#[test]
fn undeclared_personal_data_inside_lists_is_found() {
    let input = "{\"id\":1,\"items\":[{\"email\":\"x\",\"note\":\"call anna\\u0040example.org\",\"n\":1.50}],\
                 \"cc\":[[\"ben@example.org\",\"nobody\"],7]}\n";
    let columns = ["items[*].email: { transform: redact }"];
    let refused = of(input, &lines("undeclared_pii: refuse", &columns)).unwrap_err();
    assert_eq!(refused.reason(), "undeclared_personal_data");
    assert!(refused.to_string().contains("`items[*].note`") && !refused.to_string().contains("anna"), "{refused}");
    let (masked, _) = of(input, &lines("undeclared_pii: mask", &columns)).unwrap();
    let expected = input
        .replace("\"x\"", "\"[REDACTED]\"")
        .replace("anna\\u0040example.org", "[EMAIL_ADDRESS]")
        .replace("ben@example.org", "[EMAIL_ADDRESS]");
    assert_eq!(masked, expected, "numbers stay numbers, and no list becomes text");
}

#[test]
fn subjects_are_those_of_the_row() {
    let columns = ["user: { transform: keep }", "visits[*].on: { transform: shift_date, per: user, max_days: 30 }"];
    let input = "{\"user\":\"a\",\"visits\":[{\"on\":\"2025-01-31\"},{\"on\":\"2025-02-01\"}]}\n\
                 {\"user\":\"b\",\"visits\":[{\"on\":\"2025-01-31\"}]}\n{\"user\":\"a\",\"visits\":[{\"on\":\"2025-01-31\"}]}\n";
    let (output, _) = of(input, &lines("", &columns)).unwrap();
    let dates: Vec<&str> = output.split("\"on\":\"").skip(1).map(|rest| rest.get(..10).unwrap()).collect();
    assert_eq!(dates[0], dates[3], "one distance a subject");
    assert!(dates[0] != dates[1] && dates[0] != dates[2], "{dates:?}");
    let (flat, _) = of(
        "{\"user\":\"a\",\"on\":\"2025-01-31\"}\n",
        &lines("", &["user: { transform: keep }", "on: { transform: shift_date, per: user, max_days: 30 }"]),
    )
    .unwrap();
    assert!(flat.contains(dates[0]), "{flat}");
}

#[test]
fn paths_that_contradict_each_other_are_refused_by_name() {
    let reason = |columns: &[&str], rest: &str| {
        let error = of("{\"a\":[{\"b\":1}]}\n", &lines(rest, columns)).unwrap_err();
        assert!(error.to_string().contains("column `a[*].b`"), "{error}");
        error.reason()
    };
    for other in ["a", "a[*]", "a.b", "a[*].b.c"] {
        let columns = ["a[*].b: { transform: token }", &format!("{other}: {{ transform: keep }}")];
        if other == "a[*].b.c" {
            let error = of("{\"a\":[{\"b\":1}]}\n", &lines("", &columns)).unwrap_err();
            assert_eq!(error.reason(), "path_unfit");
            continue;
        }
        assert_eq!(reason(&columns, ""), "path_unfit", "{other}");
    }
    assert_eq!(reason(&["a[*].b: { transform: keep }"], "quasi_identifiers: [\"a[*].b\"]"), "path_unfit");
    let parquet_in = run(
        parquet(&typed()),
        &ReadOptions::new(Format::Parquet),
        Vec::new(),
        &WriteOptions::new(Format::Parquet),
        plan("columns:\n  a[*].b: { transform: redact }"),
    );
    assert_eq!(parquet_in.unwrap_err().reason(), "policy_column_missing");
    let parquet_out = run(
        Bytes::from_static(b"{\"a\":[]}\n"),
        &ReadOptions::new(Format::JsonLines),
        Vec::new(),
        &WriteOptions::new(Format::Parquet),
        plan("columns:\n  a[*].b: { transform: redact }"),
    );
    assert_eq!(parquet_out.unwrap_err().reason(), "path_unfit");
    // In CSV it is a name like any other.
    assert_eq!(pseudonymize(&csv(), b"a[*]\n1\n", "columns:\n  a[*]: { transform: keep }").unwrap().0, "a[*]\n1\n");
}

proptest! {
    /// Whoever writes a policy is told at once what would be refused when the first object came, and nothing else.
    #[test]
    fn a_policy_is_refused_when_it_is_read_just_when_its_run_would_be(
        columns in prop::collection::btree_map(
            "[ab](\\[\\*\\]){0,2}(\\.[ab](\\[\\*\\])?){0,2}",
            prop::sample::select(vec!["keep", "redact", "drop", "shift_date, per: \"a[*].s\", max_days: 3", "shift_date, per: b, max_days: 3"]),
            1..4,
        ),
        keeps in any::<bool>(),
        parquet in any::<bool>(),
        quasi in prop::option::of(prop::sample::select(vec!["a", "b[*].c", "a.b"])),
        from_parquet in any::<bool>(),
    ) {
        let mut section = format!("domain: customers\nundeclared: {}\n", if keeps { "keep" } else { "refuse" });
        section += if parquet { "output: parquet\n" } else { "" };
        section += &quasi.map(|quasi| format!("quasi_identifiers: [\"{quasi}\"]\n")).unwrap_or_default();
        section += "columns:\n";
        let lines = columns.iter().map(|(column, transform)| format!("  {column}: {{ transform: {transform} }}\n"));
        section.extend(lines);
        let of = |kind: &str| {
            let indented: String = section.lines().flat_map(|line| ["      ", line, "\n"]).collect();
            Policy::parse(&format!(
                "version: 1\ndatasets:\n  - name: t\n    match: \"**\"\n    format: {{ type: {kind} }}\n    quality: {{ ruleset: \"Rules = [ RowCount > 0 ]\" }}\n    privacy:\n{indented}"
            ))
        };
        // What is wrong in any format is not what this is about.
        if let Ok(mut policy) = of("csv") {
            let plan = Plan::new(&policy.datasets.remove(0).privacy, Some(&key())).unwrap();
            let (kind, read) = if from_parquet { ("parquet", Format::Parquet) } else { ("jsonl", Format::JsonLines) };
            let write = if parquet { Format::Parquet } else { read.clone() };
            let run = super::super::lists::check(&plan, &read, &write);
            prop_assert_eq!(of(kind).is_ok(), run.is_ok(), "{}\n{:?}\n{:?}", section, of(kind).err(), run.err());
        }
    }
}

#[test]
fn what_is_changed_is_not_published_with_the_object_that_holds_it() {
    let input = "{\"a\":{\"b\":\"canary\",\"c\":1}}\n";
    for inner in ["token", "drop"] {
        let columns = ["a: { transform: keep }".to_owned(), format!("a.b: {{ transform: {inner} }}")];
        let columns = [columns[0].as_str(), columns[1].as_str()];
        for undeclared in ["drop", "refuse"] {
            let error = of(input, &lines(&format!("undeclared: {undeclared}"), &columns)).unwrap_err();
            assert_eq!((error.reason(), error.to_string().contains("`a.b`")), ("path_unfit", true));
        }
        let (edited, _) = of(input, &lines("undeclared: keep", &columns)).unwrap();
        assert!(!edited.contains("canary") && edited.contains("\"c\":1"), "{edited}");
    }
}

#[test]
fn a_list_that_no_row_has_is_missing() {
    let columns = ["items[*].email: { transform: token }"];
    for (input, expected) in [
        ("{\"itmes\":[{\"email\":\"canary\"}]}\n", Err("policy_column_missing")),
        ("{\"items\":[{\"e_mail\":\"canary\"}]}\n", Err("policy_column_missing")),
        ("{\"items\":[]}\n{}\n", Ok("{\"items\":[]}\n{}\n".to_owned())),
    ] {
        assert_eq!(of(input, &lines("", &columns)).map(|(output, _)| output).map_err(|error| error.reason()), expected);
    }
}

proptest! {
    #[test]
    fn lists_do_not_depend_on_the_blocks(
        rows in prop::collection::vec(prop::collection::vec(prop::option::of(0u32..50), 0..5), 1..20),
        block_bytes in 16usize..200,
    ) {
        let row = |values: &Vec<Option<u32>>| {
            let list: Vec<String> = values.iter().map(|v| v.map_or("{}".to_owned(), |v| format!("{{\"v\":{v}}}"))).collect();
            format!("{{\"list\":[{}]}}\n", list.join(","))
        };
        let table: String = std::iter::once("{\"list\":[{\"v\":1}]}\n".to_owned()).chain(rows.iter().map(row)).collect();
        for transform in ["noise, scale: 3", "encrypt"] {
            let lines = lines("", &[&format!("list[*].v: {{ transform: {transform} }}")]);
            let whole = of(&table, &lines).unwrap();
            let read = ReadOptions::new(Format::JsonLines).with_block_bytes(block_bytes);
            let write = WriteOptions::new(Format::JsonLines);
            let blocks = run(Bytes::from(table.clone()), &read, Vec::new(), &write, plan(&lines)).unwrap();
            prop_assert_eq!(whole, (String::from_utf8(blocks.sink).unwrap(), blocks.stats));
        }
    }
}
