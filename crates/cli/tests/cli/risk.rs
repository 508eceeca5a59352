use super::Desk;

#[test]
fn a_table_in_which_everybody_is_one_of_many_passes() {
    let desk = Desk::new();
    desk.put("t.csv", format!("zip,age,illness\n{}", "130,2*,flu\n148,4*,none\n130,2*,none\n".repeat(5)));
    let ran = desk.run(&["risk", "t.csv", "-q", "zip,age", "-s", "illness"]).exits(0);
    assert!(ran.out.contains("15 rows in 2 classes") && ran.out.contains("k-anonymity      5"), "{}", ran.out);
    assert!(ran.out.contains("illness: l-diversity distinct 1, entropy 1.00"), "{}", ran.out);
}

#[test]
fn one_person_alone_fails_it() {
    let desk = Desk::new();
    desk.put("t.csv", format!("zip,age\n148,99\n{}", "130,20\n".repeat(5)));
    let ran = desk.run(&["risk", "t.csv", "-q", "zip,age", "--json"]).exits(1);
    assert!(ran.out.contains("\"uniqueRows\": 1") && ran.out.contains("\"rowsBelowMinK\": 1"), "{}", ran.out);
    assert!(!ran.out.contains("148"), "figures, not values");
    desk.run(&["risk", "t.csv", "-q", "zip,age", "--min-k", "1"]).exits(0);
    assert!(desk.run(&["risk", "t.csv", "-q", "nobody"]).exits(3).err.contains("nobody"));
}

#[test]
fn a_page_has_the_figures_and_no_value() {
    let desk = Desk::new();
    desk.put("t.csv", format!("zip,age,illness\n{}", "13042,2*,canary\n".repeat(7)));
    desk.run(&["risk", "t.csv", "-q", "zip,age", "-s", "illness", "--html", "risk.html"]).exits(0);
    let page = desk.text("risk.html");
    assert!(page.contains("t.csv · risk</title>") && page.contains("7 (asked for: 5)"), "{page}");
    assert!(page.contains("illness: l distinct 1, entropy 1.00; t 0.000"), "{page}");
    assert!(!page.contains("13042") && !page.contains("canary"));
}
