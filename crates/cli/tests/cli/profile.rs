use super::Desk;

const TABLE: &str = "id,price,country\n1,1.50,DE\n2,2.50,DE\n3,,US\n4,0.50,US\n";

#[test]
fn a_profile_is_a_table_for_people() {
    let desk = Desk::new();
    desk.put("t.csv", TABLE);
    let ran = desk.run(&["profile", "t.csv"]).exits(0);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert!(lines[0].starts_with("column   type"), "{}", ran.out);
    assert!(
        ran.out.contains("fractional") && ran.out.contains("75 %") && ran.out.contains("median 1.5"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("DE 50 %, US 50 %"), "{}", ran.out);
    assert!(ran.out.contains("4 rows, 3 columns in t.csv"), "{}", ran.out);
}

#[test]
fn the_json_is_a_stable_format_and_can_hide_cells() {
    let desk = Desk::new();
    desk.put("t.csv", TABLE);
    let json = desk.run(&["profile", "t.csv", "--json"]).exits(0).json();
    assert_eq!(json["format"], "sluice.profile/1");
    assert_eq!((&json["rows"], &json["columns"][1]["nulls"]["first_rows"][0]), (&4.into(), &2.into()));
    assert_eq!(json["columns"][2]["top_values"]["values"][0]["value"], "DE");
    let hidden = desk.run(&["profile", "t.csv", "--json", "--hide-values"]).exits(0);
    assert!(!hidden.out.contains("DE") && !hidden.out.contains("2.5"), "{}", hidden.out);
}

#[test]
fn sagemakers_files_and_a_page_are_written() {
    let desk = Desk::new();
    desk.put("t.csv", TABLE);
    desk.run(&["profile", "t.csv", "--sagemaker", ".", "--html", "t.html"]).exits(0);
    let statistics: serde_json::Value = serde_json::from_str(&desk.text("statistics.json")).unwrap();
    assert_eq!(statistics["dataset"]["item_count"], 4);
    let constraints: serde_json::Value = serde_json::from_str(&desk.text("constraints.json")).unwrap();
    assert_eq!(constraints["features"][1]["completeness"], 0.75);
    assert!(desk.text("t.html").contains("<title>t.csv"));
}

#[test]
fn names_cannot_steer_the_terminal() {
    let desk = Desk::new();
    desk.put("t.csv", "a\u{1b}[2J\nx\u{1b}[2J\nx\u{1b}[2J\n");
    let ran = desk.run(&["profile", "t.csv"]).exits(0);
    assert!(!ran.out.contains('\u{1b}'), "{}", ran.out);
}

#[test]
fn a_malformed_table_is_3() {
    let desk = Desk::new();
    desk.put("t.csv", "a\n\"never closed\n");
    desk.run(&["profile", "t.csv"]).exits(3);
}
