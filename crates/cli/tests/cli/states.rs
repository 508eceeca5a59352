use super::Desk;

const RULES: &str = r#"Rules = [ IsUnique "id", RowCount = 4, Completeness "email" >= 0.75, ColumnCount = 2 ]"#;

#[test]
fn a_dataset_is_judged_from_the_states_of_its_files() {
    let desk = Desk::new();
    desk.put("rules", RULES);
    desk.put("a.csv", "id,email\n1,a\n2,b\n");
    desk.put("b.csv", "id,email\n3,\n4,d\n");
    desk.run(&["check", "a.csv", "--rules", "rules", "--state", "a.state"]).exits(1);
    desk.run(&["check", "b.csv", "--rules", "rules", "--state", "b.state"]).exits(1);
    let ran = desk.run(&["merge-states", "a.state", "b.state", "--rules", "rules"]).exits(0);
    assert!(ran.out.contains("4 of 4 rules pass over 4 rows of 2 states"), "{}", ran.out);
    let twice = desk.run(&["merge-states", "a.state", "a.state", "--rules", "rules", "--json"]).exits(1).json();
    assert_eq!(twice["RuleResults"][0]["Result"], "FAIL");
    desk.put("c.csv", "id,mail\n5,e\n");
    desk.run(&["check", "c.csv", "--rules", "rules", "--state", "c.state"]).exits(1);
    let ran = desk.run(&["merge-states", "a.state", "c.state", "--rules", "rules"]).exits(3);
    assert!(ran.err.contains("c.state"), "{}", ran.err);
    let ran = desk.run(&["merge-states", "a.csv", "--rules", "rules"]).exits(3);
    assert!(ran.err.contains("something else") && ran.err.contains("sluice check --state"), "{}", ran.err);
}

#[test]
fn failing_rows_are_written_with_the_rules_they_fail() {
    let desk = Desk::new();
    desk.put("rules", r#"Rules = [ IsUnique "id", IsComplete "email", RowCount > 0 ]"#);
    desk.put("t.csv", "id,email\n1,a\n2,\n1,c\n3,d\n");
    desk.run(&["check", "t.csv", "--rules", "rules", "--rows", "bad.csv"]).exits(1);
    let rows = desk.text("bad.csv");
    let wanted = "DataQualityRowNumber,DataQualityRulesFail,id,email\n0,\"IsUnique \"\"id\"\"\",1,a\n1,\"IsComplete \"\"email\"\"\",2,\n2,\"IsUnique \"\"id\"\"\",1,c\n";
    assert_eq!(rows, wanted);
    desk.run(&["check", "t.csv", "--rules", "rules", "--rows", "bad.jsonl"]).exits(1);
    assert_eq!(desk.text("bad.jsonl").lines().count(), 3);
}

#[test]
fn earlier_runs_are_compared_with_and_added_to() {
    let desk = Desk::new();
    desk.put("rules", r#"Rules = [ DetectAnomalies "RowCount", RowCount >= last() ]"#);
    for rows in 3..9 {
        let name = format!("t{rows}.csv");
        desk.put(&name, format!("id\n{}", "1\n".repeat(rows)));
        desk.run(&["check", &name, "--rules", "rules", "--history", "past"]).exits(0);
    }
    desk.put("huge.csv", format!("id\n{}", "1\n".repeat(500)));
    let ran = desk.run(&["check", "huge.csv", "--rules", "rules", "--history", "past"]).exits(1);
    assert!(ran.out.contains("after 6 earlier values"), "{}", ran.out);
    assert!(ran.out.contains("PASS   RowCount >= last()"), "{}", ran.out);
}

#[test]
fn a_page_shows_the_runs_of_its_history() {
    let desk = Desk::new();
    desk.put("rules", "Rules = [ RowCount >= 2 ]");
    desk.put("good.csv", "id\n1\n2\n");
    desk.put("bad.csv", "id\n1\n");
    let check = ["--rules", "rules", "--history", "past", "--html", "page.html"];
    desk.run(&[&["check", "good.csv"], &check[..]].concat()).exits(0);
    let alone = desk.text("page.html");
    desk.run(&[&["check", "bad.csv"], &check[..]].concat()).exits(1);
    let page = desk.text("page.html");
    assert!(page.contains("this run") && !alone.contains("this run"), "{page}");
    let days = std::process::Command::new("date").args(["-u", "+%Y-%m-%d"]).output().unwrap();
    let today = String::from_utf8(days.stdout).unwrap();
    assert!(page.contains(today.trim()), "{page}");
}

/// Rules that tolerate, filter, join and count: a row is written when it fails any of them, whatever the rule's outcome.
#[test]
fn as_many_rows_are_written_as_fail_some_rule() {
    let desk = Desk::new();
    desk.put("t.csv", "id,country,amount\n1,DE,5\n2,FR,-1\n3,US,7\n3,US,9\n,DE,3\n5,XX,-2\n");
    for (rules, failing) in [
        (r#"ColumnValues "amount" > 0"#, "1 5"),
        (r#"ColumnValues "amount" > 0 with threshold > 0.5"#, "1 5"),
        (r#"ColumnValues "amount" > 0 where "country = 'XX'""#, "5"),
        (r#"Completeness "id" > 0.5"#, "4"),
        (r#"IsPrimaryKey "id""#, "2 3 4"),
        (r#"(ColumnValues "amount" > 0) or (ColumnValues "country" = "XX")"#, "1"),
        (r#"(IsComplete "id") and (ColumnValues "country" in ["DE", "FR", "US"])"#, "4 5"),
        (r#"(IsComplete "id") and (RowCount > 100)"#, ""),
        (r#"RowCount > 100, ColumnLength "country" = 2"#, ""),
        (r#"IsUnique "id", ColumnValues "amount" between 0 and 8"#, "1 2 3 5"),
    ] {
        desk.put("rules", format!("Rules = [ {rules} ]"));
        desk.run(&["check", "t.csv", "--rules", "rules", "--rows", "bad.csv"]);
        let text = desk.text("bad.csv");
        let numbers: Vec<&str> = text.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
        assert_eq!(numbers.join(" "), failing, "{rules}\n{text}");
    }
}

#[test]
fn files_are_looked_up_on_this_machine() {
    let desk = Desk::new();
    desk.put("t.csv", "id\n1\n");
    desk.put("copy.csv", "id\n1\n");
    let rules = |rules: &str| desk.put("rules", format!("Rules = [ {rules} ]"));
    rules(r#"FileFreshness > (now() - 1 hours), FileSize = 5 B, FileMatch "t.csv" "copy.csv""#);
    desk.run(&["check", "t.csv", "--rules", "rules"]).exits(0);
    rules(r#"FileUniqueness "." = 1.0 with uriRegex = "csv$""#);
    desk.run(&["check", "t.csv", "--rules", "rules"]).exits(1);
    // md5sum
    rules(r#"FileMatch in ["bc9280dfc1d4e67233f138f5bbbf0951"] with hashAlgorithm = "MD5""#);
    desk.run(&["check", "t.csv", "--rules", "rules"]).exits(0);
    rules(r#"FileSize "s3://bucket/" > 1 B"#);
    desk.run(&["check", "t.csv", "--rules", "rules"]).exits(3);
}
