use super::Desk;

const POLICY: &str = r#"
version: 1
datasets:
  - name: orders
    match: "orders/**"
    format: { type: csv }
    quality: { ruleset: "Rules = [ RULES ]" }
    privacy: { columns: { id: { transform: keep } } }
"#;

#[test]
fn a_policy_is_checked_down_to_its_rulesets() {
    let desk = Desk::new();
    desk.put("good.yaml", POLICY.replace("RULES", "RowCount > 0"));
    assert_eq!(desk.run(&["policy", "check", "good.yaml"]).exits(0).out, "good.yaml: valid\n");
    desk.put("rules.yaml", POLICY.replace("RULES", "RowCuont > 0"));
    let ran = desk.run(&["policy", "check", "rules.yaml"]).exits(1);
    assert!(ran.out.contains("dataset orders: quality.ruleset") && ran.out.contains("RowCount"), "{}", ran.out);
    let entities = "columns: { id: { transform: redact_text, entities: [E_MAIL] } }";
    desk.put(
        "entities.yaml",
        POLICY.replace("RULES", "RowCount > 0").replace("columns: { id: { transform: keep } }", entities),
    );
    let ran = desk.run(&["policy", "check", "entities.yaml"]).exits(1);
    assert!(ran.out.contains("privacy.columns.id.entities: there is no entity E_MAIL"), "{}", ran.out);
    let both = "columns: { items: { transform: keep }, \"items[*].email\": { transform: redact } }";
    let lists = POLICY.replace("RULES", "RowCount > 0").replace("columns: { id: { transform: keep } }", both);
    desk.put("lists.yaml", lists.replace("type: csv", "type: jsonl"));
    let ran = desk.run(&["policy", "check", "lists.yaml"]).exits(1);
    let place = "datasets[0].privacy.columns[\"items[*].email\"]: `items` holds it";
    assert!(ran.out.contains(place) && ran.out.contains("(line 8, column 55)"), "{}", ran.out);
    desk.put("bad.yaml", "version: 7\n");
    let json = desk.run(&["policy", "check", "bad.yaml", "--json"]).exits(1).json();
    assert_eq!(json["valid"], false);
    assert!(!json["problems"].as_array().unwrap().is_empty());
    desk.run(&["policy", "check", "nowhere.yaml"]).exits(3);
}
