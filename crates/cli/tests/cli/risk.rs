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
