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
    assert!(ran.err.contains("SLQS"), "{}", ran.err);
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
