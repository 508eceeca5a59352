use super::{Desk, Ran};

const POLICY: &str = r#"
version: 1
datasets:
  - name: orders
    match: "orders/**"
    format: { type: csv }
    quality: { ruleset: "Rules = [ RowCount > 0 ]" }
    privacy: { columns: { amount: { transform: keep } } }
    release:
      budget: { epsilon: 1 }
      columns:
        amount: { min: 0, max: 100 }
        country: { values: [US, DE] }
"#;

fn request(id: &str, epsilon: &str) -> String {
    format!(
        r#"{{"id":"{id}","queries":[
            {{"name":"rows","ask":"count","epsilon":"{epsilon}"}},
            {{"name":"countries","ask":{{"histogram":{{"column":"country"}}}},"epsilon":"{epsilon}"}}]}}"#
    )
}

fn desk() -> Desk {
    let desk = Desk::new();
    desk.put("policy.yaml", POLICY);
    desk.put("t.csv", format!("amount,country\n{}", "5,US\n7,DE\n".repeat(5_000)));
    desk
}

fn release(desk: &Desk, id: &str, epsilon: &str, more: &[&str]) -> Ran {
    desk.put("request.json", request(id, epsilon));
    let base = ["release", "t.csv", "-p", "policy.yaml", "-d", "orders", "-r", "request.json", "-b", "account"];
    desk.run(&[&base, more].concat())
}

#[test]
fn answers_come_with_noise_and_the_budget_ends() {
    let desk = desk();
    let first = release(&desk, "first", "0.25", &[]).exits(0);
    assert!(first.out.contains("rows: ") && first.out.contains("Laplace noise, scale 4.0"), "{}", first.out);
    assert!(first.out.contains("cost ε = 0.5; ε = 0.5 is left"), "{}", first.out);
    assert!(first.out.contains("(other)"), "{}", first.out);

    let again = release(&desk, "first", "0.25", &[]).exits(0);
    assert_eq!(first.out.lines().next(), again.out.lines().next(), "asked again, the same noise");
    assert!(again.out.contains("given before") && again.out.contains("ε = 0.5 is left"), "{}", again.out);
    assert!(release(&desk, "first", "0.1", &[]).exits(3).err.contains("answered other questions"));

    release(&desk, "second", "0.25", &["--json"]).exits(0);
    let refused = release(&desk, "third", "0.000001", &[]).exits(1);
    assert!(
        refused.err.contains("refused") && refused.err.contains("ε = 0 of the dataset's budget is left"),
        "{}",
        refused.err
    );
    assert_eq!(refused.out, "");
}

#[test]
fn a_dataset_without_the_section_releases_nothing() {
    let desk = desk();
    desk.put("policy.yaml", POLICY.split("    release:").next().unwrap());
    assert!(release(&desk, "first", "0.1", &[]).exits(3).err.contains("allows no release"));
}
