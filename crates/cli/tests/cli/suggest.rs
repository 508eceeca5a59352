use super::Desk;

#[test]
fn what_is_suggested_passes_the_check_of_the_same_file() {
    let desk = Desk::new();
    let mut table = String::from("id,country,code,\"odd \"\"name\"\"\"\n");
    for row in 0..50 {
        let line = format!("{row},{},AB-{row:04},{}\n", ["DE", "US"][row % 2], if row % 5 == 0 { "" } else { "x" });
        table.push_str(&line);
    }
    desk.put("t.csv", &table);
    let ran = desk.run(&["suggest", "t.csv"]).exits(0);
    assert!(ran.out.contains("    // all 50 rows have a value\n    IsComplete \"id\","), "{}", ran.out);
    assert!(ran.out.contains("IsUnique \"id\"") && ran.out.contains("in [\"DE\", \"US\"]"), "{}", ran.out);
    desk.put("rules", &ran.out);
    desk.run(&["check", "t.csv", "--rules", "rules"]).exits(0);
    desk.run(&["suggest", "t.csv", "--output", "written"]).exits(0);
    assert_eq!(desk.text("written"), ran.out);
}

#[test]
fn a_page_of_a_check_shows_the_verdict_and_earlier_ones() {
    let desk = Desk::new();
    desk.put("t.csv", "id,name\n1,Secretname\n2,\n3,Secretname\n");
    desk.put("rules", r#"Rules = [ IsComplete "name", RowCount = 3 ]"#);
    let earlier = desk.run(&["check", "t.csv", "-r", "rules", "--json"]).exits(1);
    desk.put("monday.json", &earlier.out);
    desk.run(&["check", "t.csv", "-r", "rules", "--html", "p.html", "--earlier", "monday.json"]).exits(1);
    let page = desk.text("p.html");
    assert!(page.contains("IsComplete &quot;name&quot;") && page.contains("monday") && page.contains("Secretname"));
    desk.run(&["check", "t.csv", "-r", "rules", "--html", "p.html", "--hide-values"]).exits(1);
    assert!(!desk.text("p.html").contains("Secretname"));
    desk.put("other.json", "{}");
    desk.run(&["check", "t.csv", "-r", "rules", "--html", "p.html", "--earlier", "other.json"]).exits(3);
    desk.run(&["check", "t.csv", "-r", "rules", "--hide-values"]).exits(2);
}
